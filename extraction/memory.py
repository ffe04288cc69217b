"""States read into memory: rows go to their places in threads while the model reads on."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Layout, MemoryShard, Run, States
from treeprobe.extraction.stretches import Stretch, check_finite
from treeprobe.extraction.word_vectors import WordBatch
from treeprobe.overlap import Background

_PASSAGE = 32 << 20
"""Bytes that a thread fetches from a card at once: large enough for full speed, little in pinned memory."""

_THREADS = min(8, os.cpu_count() or 1)
"""Memory that is written for the first time is given out page by page, and one thread cannot keep up with a card."""


def states_in_memory(layout: Layout, stretches: Iterable[Stretch]) -> States:
    """The states of all shards, in the number format in which they are stored.

    Raises:
        StorageError: a value is not finite in the storage format, or a layer is zero throughout.
    """
    shards: list[MemoryShard] = []
    report = AlignmentReport()
    words = np.diff(layout.shard_words)
    number_type = stored_type(layout.identity["settings"]["storage"])
    with ThreadPoolExecutor(_THREADS) as threads, Background() as placing:
        for stretch in stretches:
            into = {
                number: np.zeros((len(layout.layers), words[number], layout.dim), number_type)
                for number in stretch.shards
            }
            for batch in stretch.batches:
                placing.do(partial(_place, batch, layout, into, threads))
            shards += [MemoryShard(layout.layers, states) for states in into.values()]
            report = sum(stretch.reports, report)
    return States(shards, layout, report)


def stored_type(storage: str) -> np.dtype[Any]:
    """numpy's name of a storage format; bfloat16, which numpy lacks, is kept as its bits."""
    return np.dtype({"bfloat16": "uint16"}.get(storage, storage))


def _place(batch: WordBatch, layout: Layout, into: Mapping[int, NDArray[Any]], threads: ThreadPoolExecutor) -> None:
    """Copy the rows of a batch to their places; several threads fetch from a card, each its own layers."""
    check_finite(batch, layout)
    runs = layout.runs(batch.words)
    vectors = batch.vectors
    layers = len(vectors)
    step = layers if vectors.device.type == "cpu" else max(1, _PASSAGE // (vectors[0].nbytes or 1))

    def place(first: int) -> None:
        _copy_rows(batch, slice(first, first + step), runs, into)

    if step >= layers:
        place(0)
    else:
        list(threads.map(place, range(0, layers, step)))


def _copy_rows(
    batch: WordBatch, layers: slice, runs: Mapping[int, list[Run]], into: Mapping[int, NDArray[Any]]
) -> None:
    found = batch.fetched(layers)
    rows = (found.view(torch.uint16) if found.dtype == torch.bfloat16 else found).numpy()
    for number, some in runs.items():
        states = into[number][layers]
        for run in some:
            states[:, run.word : run.word + run.length] = rows[:, run.row : run.row + run.length]
