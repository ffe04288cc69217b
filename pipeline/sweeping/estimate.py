"""How much disk and time a sweep will take, before it takes them.

Disk is arithmetic: words × dim × layers × 2 bytes for the hidden states that stay in the cache. Time is floating-point
operations over the speed of this machine, and a little for every tree, corrected by the finished tasks of the same
analysis where there are some; it says hours from minutes, no more.
"""

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from transformers import AutoConfig

from treeprobe.pipeline.sweeping.backends import Backend
from treeprobe.pipeline.sweeping.plan import SweepOptions, Task
from treeprobe.pipeline.sweeping.store import Store
from treeprobe.pipeline.sweeping.treebank_sources import Splits
from treeprobe.probes.training import epochs_for

STORED_BYTES = 2
SUBWORDS_A_WORD = 1.3
# Sentences a step of the probes.
BATCH_SIZE = 32
# A block multiplies by 12 dim² weights (Kaplan et al. 2020, table 1); a multiplication and an addition each.
FLOPS_A_BLOCK = 24
# Forward and backward of a probe's projection.
PROBE_PASSES = 3
# Predicting and scoring the tree of one sentence with one probe.
SECONDS_A_TREE = 1.5e-3
# Passes over the text that each analysis makes with the whole model, besides probes.
MODEL_PASSES = {"structure": 1, "transfer": 1, "heads": 2, "convolution": 12}


@dataclass(frozen=True)
class Size:
    """The size of a checkpoint: blocks, and dim, the width of its states."""

    blocks: int
    dim: int


@dataclass(frozen=True)
class Amount:
    """How much text a split is."""

    sentences: int
    words: int


@dataclass(frozen=True)
class Estimate:
    """What a task will take: seconds of one process, and bytes that its hidden states occupy in the cache.

    None where the checkpoint's size is not known without fetching it.
    """

    task: str
    state: str
    seconds: float | None
    cache_bytes: int | None


def estimate(
    tasks: Sequence[Task], store: Store, *, states: dict[str, str], backend: Backend, keep_cache: bool
) -> tuple[pd.DataFrame, str]:
    """One row a task, and a line for people that sums up those that are still to do.

    `states` says of each task, by name, whether it is to do.
    """
    speed = matrix_speed(backend.task_threads)
    texts = {splits: amounts(splits, tasks[0].options) for splits in {task.treebank for task in tasks}}
    sizes = {task.checkpoint: size_of(task) for task in tasks}
    rows = []
    for task in tasks:
        size, read = sizes[task.checkpoint], texts[task.scored or task.treebank]
        if task.scored is not None:
            read = {split: amount for split, amount in read.items() if split != "train"}
        seconds = None if size is None else task_seconds(task, size, read, speed)
        rows.append(Estimate(task.name, states[task.name], seconds, cache_bytes(task, size, read)))
    table = pd.DataFrame([vars(row) for row in corrected(rows, tasks, store)])
    return table, summary(table, tasks, backend, keep_cache=keep_cache)


def amounts(splits: Splits, options: SweepOptions) -> dict[str, Amount]:
    """How much of each split is read."""
    banks = splits.read(max_sentences=options.max_sentences)
    return {split: Amount(len(bank), sum(map(len, bank))) for split, bank in banks.items()}


def cache_bytes(task: Task, size: Size | None, read: Mapping[str, Amount]) -> int | None:
    """Bytes of the hidden states that a task keeps; None when the checkpoint's size is unknown."""
    if task.analysis not in ("structure", "transfer"):
        return 0
    if size is None:
        return None
    words = sum(amount.words for amount in read.values())
    return models_of(task) * words * size.dim * (size.blocks + 1) * STORED_BYTES


def task_seconds(task: Task, size: Size, read: Mapping[str, Amount], speed: float) -> float:
    """Seconds of a task: operations of the model and of its probes over `speed`, and the trees one by one."""
    words = sum(amount.words for amount in read.values())
    model = MODEL_PASSES[task.analysis] * words * SUBWORDS_A_WORD * size.blocks * FLOPS_A_BLOCK * size.dim**2
    seconds = models_of(task) * model / speed
    if task.analysis == "heads":
        return seconds
    layers = size.blocks + 1 if task.options.layers is None else len(task.options.layers)
    ranks = [*task.options.ranks] * (2 if task.options.control else 1)
    ranks += [max(task.options.ranks)] if models_of(task) > 1 else []
    probes = 2 * layers * len(task.options.seeds)
    if task.scored is None:
        given = task.options.training.get("epochs")
        epochs = epochs_for(given, sentences=read["train"].sentences, batch_size=BATCH_SIZE)
        training = epochs * words * probes * sum(ranks) * size.dim * 2 * PROBE_PASSES
        seconds += training / speed
    trees = sum(amount.sentences for split, amount in read.items() if split != "train") * probes * len(ranks)
    return seconds + trees * SECONDS_A_TREE


def models_of(task: Task) -> int:
    """How many models a task reads: the checkpoint, and its random twin where that is probed too."""
    return 2 if task.analysis == "structure" and task.options.random_baseline else 1


def corrected(rows: Sequence[Estimate], tasks: Sequence[Task], store: Store) -> list[Estimate]:
    """The estimates times what the finished tasks of the same analysis took for each second estimated."""
    ratios: dict[str, list[float]] = {}
    for row, task in zip(rows, tasks):
        record = store.record(task)
        if record is not None and row.seconds:
            ratios.setdefault(task.analysis, []).append(record["seconds"]["total"] / row.seconds)
    return [
        Estimate(row.task, row.state, row.seconds and row.seconds * factor, row.cache_bytes)
        for row, task in zip(rows, tasks)
        for factor in [statistics.median(ratios.get(task.analysis, [1.0]))]
    ]


def summary(table: pd.DataFrame, tasks: Sequence[Task], backend: Backend, *, keep_cache: bool) -> str:
    """The sum in words."""
    todo = table[table["state"] == "to do"]
    workers = backend.jobs if backend.jobs and backend.jobs > 0 else None
    seconds = float(todo["seconds"].sum()) / (workers or 1)
    sizes = sorted(cache_sizes(table, tasks), reverse=True)
    disk = sum(sizes) if keep_cache else sum(sizes[: workers or 1])
    if todo.empty:
        return f"nothing to do: {len(table)} tasks are done, or failed and wait for --retry"
    text = (
        f"{len(todo)} of {len(table)} tasks to do: about {duration(seconds)} with {workers or 'unknown'} at once, "
        f"and at most {disk / 1e9:.2f} GB of hidden states, {'kept' if keep_cache else 'dropped as checkpoints finish'}"
    )
    return text + unknown_sizes(table, tasks)


def unknown_sizes(table: pd.DataFrame, tasks: Sequence[Task]) -> str:
    """What the sum leaves out: a mistyped folder is taken for a hub name, and shows here first."""
    sized = zip(tasks, table["state"], table["seconds"])
    names = dict.fromkeys(task.checkpoint.name for task, state, time in sized if state == "to do" and pd.isna(time))
    if not names:
        return ""
    return f"; not counted: {', '.join(names)}, of which no configuration lies here (a hub name is fetched in its turn)"


def cache_sizes(table: pd.DataFrame, tasks: Sequence[Task]) -> list[float]:
    """Bytes of the hidden states of each checkpoint's tasks to do; those of one treebank share theirs."""
    sizes: dict[str, dict[str, float]] = {}
    for task, state, size in zip(tasks, table["state"], table["cache_bytes"]):
        if state == "to do" and not pd.isna(size):
            banks = sizes.setdefault(task.checkpoint.name, {})
            read = (task.scored or task.treebank).name
            banks[read] = max(banks.get(read, 0.0), float(size))
    return [sum(banks.values()) for banks in sizes.values()]


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size_of(task: Task) -> Size | None:
    """The size of a checkpoint by its configuration; None when it cannot be read without the network."""
    try:
        config = AutoConfig.from_pretrained(
            task.checkpoint.source, revision=task.checkpoint.revision, local_files_only=True
        )
        return Size(int(config.num_hidden_layers), int(config.hidden_size))
    except (OSError, ValueError, AttributeError, json.JSONDecodeError):
        return None


def matrix_speed(threads: int) -> float:
    """Floating-point operations a second of a matrix product of a model's size, on so many threads."""
    before, size = torch.get_num_threads(), 768
    torch.set_num_threads(threads)
    try:
        left, right = torch.rand(size, size), torch.rand(size, size)
        left @ right
        start, rounds = time.perf_counter(), 8
        for _ in range(rounds):
            left @ right
        return rounds * 2 * size**3 / (time.perf_counter() - start)
    finally:
        torch.set_num_threads(before)
