"""Fine-tuning: a checkpoint and a task become a checkpoint, scores on what it has not seen, and a record."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from treeprobe.devices import check_device, memory_named, seeded
from treeprobe.digests import json_digest
from treeprobe.extraction import Encoder
from treeprobe.training.finetuning.baselines import predict_baselines
from treeprobe.training.finetuning.batches import batches_of, task_loss
from treeprobe.training.finetuning.evaluation import Predictions, measure, predict_held_out, score_table
from treeprobe.training.finetuning.folder import RECORD, RunFolder
from treeprobe.training.finetuning.models import with_head
from treeprobe.training.finetuning.options import FinetuningError, FinetuningOptions
from treeprobe.training.finetuning.prediction import predict
from treeprobe.training.finetuning.task import AnyTask
from treeprobe.training.optimizing import TrainingLoop
from treeprobe.training.run_folder import run_folder

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
    the same call gives the same checkpoint, also where it was cut off and called again: it goes on from where it last
    saved or evaluated the model. A finished run is left as it is.

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
        FinetuningError: transformers has no such head for its architecture, a step to save is behind the last, or `out`
            holds a run of another task, checkpoint or schedule, or other files.
        OutputError: `out` cannot be written to; checkpoints that were saved before are kept.
        DeviceError: this machine has no such device.
        DeviceMemoryError: training does not fit into its memory.
    """
    check_device(torch, device)
    run = _Finetuning(task, model, options or FinetuningOptions())
    remedy = "smaller batches (batch_size), shorter inputs (max_subwords)"
    with (
        run_folder(
            out, record=RECORD, options=run.made_with, made="fine-tuning", overwrite=overwrite, error=FinetuningError
        ) as (_, started),
        seeded(torch, run.options.seed, device),
        memory_named(torch, work="fine-tuning", remedy=remedy),
    ):
        folder = RunFolder(Path(out))
        if started and folder.read_record().content.get("finished"):
            return run.read(folder, device)
        return run.train(folder, device, started=started, progress=progress)


class _Finetuning:
    """A checkpoint and a task in one call: what does not change from step to step."""

    def __init__(self, task: AnyTask, model: str | Path, options: FinetuningOptions) -> None:
        self.task, self.model, self.options = task, model, options
        self.encoder = Encoder.from_pretrained(model)
        self.tokenizer = self.encoder.tokenizer
        self.length = min(options.max_subwords, self.encoder.max_subwords or options.max_subwords)
        encoded = task.shape.encode(task.train, self.tokenizer, max_subwords=self.length)
        self.inputs = [one.inputs for one in encoded]
        self.steps = _count_steps(options, len(self.inputs))
        self.saved = {*options.save_steps, self.steps}

    @property
    def made_with(self) -> dict[str, Any]:
        """All that the result depends on."""
        task, encoder = self.task, self.encoder
        return {
            **asdict(self.options),
            "save_steps": sorted(self.saved),
            "max_subwords": self.length,
            "steps": self.steps,
            "task": {"name": task.name, "shape": task.shape.name, "examples": len(task.train), "sources": task.sources},
            "examples_sha256": json_digest({"train": [_told(one) for one in task.train]}),
            "model": {"name": encoder.name, "digest": encoder.digest},
        }

    def train(self, folder: RunFolder, device: str, *, started: bool, progress: bool) -> Finetuned:
        """Train from the last state that was saved to the end, and write what comes of it."""
        tuned = with_head(self.model, self.encoder, self.task.shape, random_weights=self.options.random_weights)
        loop = TrainingLoop(
            tuned.to(device),
            steps=self.steps,
            learning_rate=self.options.learning_rate,
            schedule=get_linear_schedule_with_warmup,
            losses=task_loss,
        )
        by_step: list[dict[str, Any]] = loop.load(folder.state) if started and folder.state.exists() else []
        predictions: dict[str, list[Any]] = {}

        def look(step: int) -> None:
            if step in self.saved:
                folder.save(tuned, self.tokenizer, step=step)
            predictions.update(self._predict(tuned))
            by_step.extend({"step": step, **row} for row in measure(self.task, predictions))
            folder.save_state(loop, by_step)
            self._note(folder, finished=False, by_step=by_step)

        self._note(folder, finished=False, by_step=by_step)
        if 0 in self.saved and loop.step == 0 and not by_step:
            look(0)
        looks = {*self.saved, *_evenly(self.steps, self.options.evaluations)}
        collator = self.task.shape.collator(self.tokenizer)
        batches = batches_of(self.inputs, collator, size=self.options.batch_size, seed=self.options.seed)
        steps, done = loop.run(batches), loop.step
        for step in tqdm(steps, "fine-tuning", self.steps, initial=done, unit="step", disable=not progress):
            if step in looks:
                look(step)
        found = predictions or self._predict(tuned)
        self._write(folder, tuned, found, by_step, loop.losses["task"])
        return self._found(folder, found)

    def read(self, folder: RunFolder, device: str) -> Finetuned:
        """What a finished run left; its last checkpoint predicts again what no file holds."""
        last = folder.checkpoints[self.steps]
        encoder = Encoder.from_pretrained(last)
        return self._found(
            folder, self._predict(with_head(last, encoder, self.task.shape, random_weights=False).to(device))
        )

    def _predict(self, tuned: PreTrainedModel) -> dict[str, list[Any]]:
        """What the model predicts for held-out examples, by split."""
        return predict_held_out(self.task, tuned, self.tokenizer, max_subwords=self.length)

    def _write(
        self,
        folder: RunFolder,
        tuned: PreTrainedModel,
        predictions: Predictions,
        by_step: Sequence[dict[str, Any]],
        losses: Sequence[float],
    ) -> None:
        """Write predictions of splits without labels, the scores beside those of baselines, and that all is done."""
        for split, examples in self.task.unlabelled.items():
            found = predict(tuned, self.tokenizer, self.task.shape, examples, max_subwords=self.length)
            folder.write_predictions(split, found)
        systems = {MODEL: predictions, **predict_baselines(self.task)}
        tables = [score_table(self.task, found, system=name) for name, found in systems.items()]
        scores = pd.concat(tables, ignore_index=True)
        folder.write_scores(scores)
        self._note(folder, finished=True, by_step=by_step, scores=scores.to_dict("records"), losses=losses)
        folder.state.unlink(missing_ok=True)

    def _note(self, folder: RunFolder, **content: Any) -> None:
        """Write the record of what is done."""
        folder.write_record({"options": self.made_with, **content})

    def _found(self, folder: RunFolder, predictions: Predictions) -> Finetuned:
        """What the files of a finished run hold, with its predictions."""
        record, scores = folder.read_record(), folder.read_scores()
        by_step = pd.DataFrame([part.content for part in record.parts("by_step")])
        return Finetuned(folder.path, folder.checkpoints, scores, by_step, record.items("losses"), predictions)


def _told(example: Any) -> str:
    """All of an example, which may show itself shortened: a sentence does not show its tree."""
    return repr([getattr(example, field.name) for field in fields(example)])


def _count_steps(options: FinetuningOptions, inputs: int) -> int:
    """How many updates there are; FinetuningError when a step to save is behind the last of them."""
    steps = options.steps or math.ceil(inputs // min(inputs, options.batch_size) * options.epochs)
    if max(options.save_steps, default=0) > steps:
        raise FinetuningError(f"save_steps={list(options.save_steps)}; expected steps from 0 to {steps}, the last")
    return steps


def _evenly(steps: int, times: int) -> list[int]:
    """So many steps, evenly spaced, of which the last is the end."""
    return [round(steps * (number + 1) / times) for number in range(min(times, steps))]
