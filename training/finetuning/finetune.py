"""Fine-tuning: a checkpoint and a task become a checkpoint, scores on what it has not seen, and a record."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm
from transformers import get_linear_schedule_with_warmup

from treeprobe.devices import check_device, memory_named, seeded
from treeprobe.extraction import Encoder
from treeprobe.training.finetuning.baselines import predict_baselines
from treeprobe.training.finetuning.batches import batches_of, task_loss
from treeprobe.training.finetuning.evaluation import measure, predict_held_out, score_table
from treeprobe.training.finetuning.folder import RunFolder
from treeprobe.training.finetuning.models import with_head
from treeprobe.training.finetuning.options import FinetuningError, FinetuningOptions
from treeprobe.training.finetuning.prediction import predict
from treeprobe.training.finetuning.task import AnyTask
from treeprobe.training.optimizing import TrainingLoop

MODEL = "model"
"""What tables call the fine-tuned model."""


@dataclass(frozen=True)
class Finetuned:
    """What came of fine-tuning.

    Attributes:
        folder: what was written.
        checkpoints: the saved checkpoints by step, the last of which is the result; each loads as any other.
        scores: a row a system (the model, baselines), split and metric: value, low, high (95 % interval), n, resampled.
        by_step: the metrics on the way: step, split, metric, value.
        losses: the training loss of every step.
        predictions: what the model predicts for each held-out example in the end, by split.
    """

    folder: Path
    checkpoints: dict[int, Path]
    scores: pd.DataFrame
    by_step: pd.DataFrame
    losses: list[float]
    predictions: Mapping[str, Sequence[Any]]

    @property
    def checkpoint(self) -> Path:
        """The fine-tuned checkpoint."""
        return self.checkpoints[max(self.checkpoints)]


def finetune(
    task: AnyTask,
    model: str | Path,
    out: str | Path,
    *,
    options: FinetuningOptions | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: bool = True,
) -> Finetuned:
    """Train a checkpoint with a new head for a task, and score it on what it has not seen.

    All weights are trained (Devlin et al. 2019, section 3.2). What is reported is the last step: nothing is chosen on
    held-out examples. The seed determines new weights, order and dropout: on one machine, with one number of threads,
    the same call gives the same checkpoint.

    Args:
        task: what to learn, such as `upos_task({"train": train, "dev": dev})`.
        model: a checkpoint's folder or hub name.
        out: the folder to write: `step-N/`, whole checkpoints each with its head and tokenizer, the last N the end of
            training; `finetuning.json`, the record; `scores.csv`, with baselines beside the model; and
            `predictions-SPLIT.tsv` for splits whose labels are not published, as GLUE's server takes it.
        options: schedule and seed.
        device: where to train, by torch's name.
        overwrite: remove what `out` holds, and begin anew.
        progress: show a progress bar.

    Raises:
        CheckpointError: there is no such checkpoint, or it is not whole.
        FinetuningError: transformers has no such head for its architecture, or a step to save is behind the last.
        OutputError: `out` holds files, or cannot be written to; checkpoints that were saved before are kept.
        DeviceError: this machine has no such device.
        DeviceMemoryError: training does not fit into its memory.
    """
    check_device(torch, device)
    options = options or FinetuningOptions()
    encoder = Encoder.from_pretrained(model)
    tokenizer = encoder.tokenizer
    length = min(options.max_subwords, encoder.max_subwords or options.max_subwords)
    inputs = [one.inputs for one in task.shape.encode(task.train, tokenizer, max_subwords=length)]
    steps = _count_steps(options, len(inputs))
    saved = {*options.save_steps, steps}
    folder = RunFolder.opened(out, overwrite=overwrite)
    record = {
        "task": {"name": task.name, "shape": task.shape.name, "examples": len(task.train), "sources": task.sources},
        "model": {"name": encoder.name, "source": str(model), "digest": encoder.digest},
        "options": {**asdict(options), "save_steps": sorted(saved), "max_subwords": length},
        "steps": steps,
    }
    by_step: list[dict[str, Any]] = []
    predictions: dict[str, list[Any]] = {}
    remedy = "smaller batches (batch_size), shorter inputs (max_subwords)"
    with (
        seeded(torch, options.seed, device),
        memory_named(torch, work="fine-tuning", remedy=remedy),
    ):
        tuned = with_head(model, encoder, task.shape, random_weights=options.random_weights).to(device)

        def look(step: int) -> None:
            if step in saved:
                folder.save(tuned, tokenizer, step=step)
            predictions.update(predict_held_out(task, tuned, tokenizer, max_subwords=length))
            by_step.extend({"step": step, **row} for row in measure(task, predictions))
            folder.write_record({**record, "finished": False, "by_step": by_step})

        if 0 in saved:
            look(0)
        looks = {*saved, *_evenly(steps, options.evaluations)}
        loop = TrainingLoop(
            tuned,
            steps=steps,
            learning_rate=options.learning_rate,
            schedule=get_linear_schedule_with_warmup,
            losses=task_loss,
        )
        batches = batches_of(inputs, task.shape.collator(tokenizer), size=options.batch_size, seed=options.seed)
        for step in tqdm(loop.run(batches), "fine-tuning", steps, unit="step", disable=not progress):
            if step in looks:
                look(step)
        losses = loop.losses["task"]
        for split, examples in task.unlabelled.items():
            found = predict(tuned, tokenizer, task.shape, examples, max_subwords=length)
            folder.write_predictions(split, found)
    systems = {MODEL: predictions, **predict_baselines(task)}
    scores = pd.concat([score_table(task, found, system=name) for name, found in systems.items()], ignore_index=True)
    folder.write_scores(scores)
    folder.write_record(
        {**record, "finished": True, "by_step": by_step, "scores": scores.to_dict("records"), "losses": losses}
    )
    return Finetuned(folder.path, folder.checkpoints, scores, pd.DataFrame(by_step), losses, predictions)


def _count_steps(options: FinetuningOptions, inputs: int) -> int:
    """How many updates there are; FinetuningError when a step to save is behind the last of them."""
    steps = options.steps or math.ceil(inputs // min(inputs, options.batch_size) * options.epochs)
    if max(options.save_steps, default=0) > steps:
        raise FinetuningError(f"save_steps={list(options.save_steps)}; expected steps from 0 to {steps}, the last")
    return steps


def _evenly(steps: int, times: int) -> list[int]:
    """So many steps, evenly spaced, of which the last is the end."""
    return [round(steps * (number + 1) / times) for number in range(min(times, steps))]
