"""Fine-tuning on several tasks at once: one encoder with a head for each, or encoders that are drawn together.

The first is figure 1 of Liu et al. (2019), "Multi-Task Deep Neural Networks for Natural Language Understanding".
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm
from transformers import get_linear_schedule_with_warmup

from treeprobe.devices import check_device, memory_named, seeded
from treeprobe.extraction import Encoder
from treeprobe.training.finetuning.batches import batches_of
from treeprobe.training.finetuning.evaluation import predict_held_out, score_table
from treeprobe.training.finetuning.folder import RunFolder
from treeprobe.training.finetuning.models import with_head
from treeprobe.training.finetuning.options import FinetuningError, FinetuningOptions
from treeprobe.training.finetuning.task import AnyTask
from treeprobe.training.finetuning.task_models import SharingOptions, TaskModels, mixed_batches
from treeprobe.training.optimizing import TrainingLoop

MODEL = "model"
"""What tables call the fine-tuned models."""


@dataclass(frozen=True)
class FinetunedTogether:
    """What came of fine-tuning on several tasks.

    Attributes:
        folder: what was written.
        checkpoints: a whole checkpoint for each task, with its head, by the task's name.
        scores: a row a task, split and metric: system, value, low, high (95 % interval), n, resampled.
        predictions: of held-out examples, by task and split.
        losses: the training losses of each task's batches, in order, by the task's name.
    """

    folder: Path
    checkpoints: dict[str, Path]
    scores: pd.DataFrame
    predictions: dict[str, dict[str, list[Any]]]
    losses: dict[str, list[float]]


def finetune_together(
    tasks: Sequence[AnyTask],
    model: str | Path,
    out: str | Path,
    *,
    options: FinetuningOptions | None = None,
    sharing: SharingOptions | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: bool = True,
) -> FinetunedTogether:
    """Train a checkpoint with a new head for each task on batches of all tasks, and score every task.

    Each batch is of one task; in an epoch each task has as many as its examples make, in random order (Liu et al. 2019,
    algorithm 1). What is reported is the last step: nothing is chosen on held-out examples. With a single task it is
    fine-tuning apart, by the same steps.

    Args:
        tasks: what to learn, each of another name.
        model: a checkpoint's folder or hub name.
        out: the folder to write: `TASK/step-N/`, a whole checkpoint for each task; `finetuning.json`, the record;
            `scores.csv`.
        options: schedule and seed; `epochs` pass over the examples of all tasks, `steps` are those of all together.
        sharing: what the tasks share, and how their losses are weighted.
        device: where to train, by torch's name.
        overwrite: remove what `out` holds, and begin anew.
        progress: show a progress bar.

    Raises:
        CheckpointError: there is no such checkpoint, or it is not whole.
        FinetuningError: two tasks of one name, weights that do not fit them, steps to save, or transformers has no such
            head for the architecture.
        OutputError: `out` holds files, or cannot be written to.
        DeviceError: this machine has no such device.
        DeviceMemoryError: training does not fit into its memory.
    """
    check_device(torch, device)
    run = _Together(tasks, model, options or FinetuningOptions(), sharing or SharingOptions())
    folder = RunFolder.opened(out, overwrite=overwrite)
    remedy = "smaller batches (batch_size), shorter inputs (max_subwords)"
    with seeded(torch, run.options.seed, device), memory_named(torch, work="fine-tuning", remedy=remedy):
        models = run.train(device, progress=progress)
        predictions = run.predict(models)
        checkpoints = run.save(models, folder.path)
    tables = [score_table(task, predictions[task.name], system=MODEL).assign(task=task.name) for task in tasks]
    scores = pd.concat(tables, ignore_index=True)
    folder.write_scores(scores)
    folder.write_record({**run.made_with, "scores": scores.to_dict("records"), "losses": models.losses})
    return FinetunedTogether(folder.path, checkpoints, scores, predictions, models.losses)


class _Together:
    """A checkpoint and several tasks in one call: what does not change from step to step."""

    def __init__(
        self, tasks: Sequence[AnyTask], model: str | Path, options: FinetuningOptions, sharing: SharingOptions
    ) -> None:
        self.tasks, self.model, self.options, self.sharing = tasks, model, options, sharing
        self.names = [task.name for task in tasks]
        if not tasks or len(set(self.names)) < len(tasks) or options.save_steps:
            raise FinetuningError(
                f"tasks {', '.join(self.names) or 'none'}, save_steps={list(options.save_steps)}; expected tasks of "
                "different names, and no steps to save but the last"
            )
        sharing.check(len(tasks))
        self.encoder = Encoder.from_pretrained(model)
        self.tokenizer = self.encoder.tokenizer
        self.length = min(options.max_subwords, self.encoder.max_subwords or options.max_subwords)
        encoded = [task.shape.encode(task.train, self.tokenizer, max_subwords=self.length) for task in tasks]
        self.inputs = [[one.inputs for one in each] for each in encoded]
        self.counts = [max(1, len(each) // options.batch_size) for each in self.inputs]
        self.steps = options.steps or max(1, round(sum(self.counts) * options.epochs))

    @property
    def made_with(self) -> dict[str, Any]:
        """What the record says beside the scores."""
        return {
            "tasks": [
                {"name": task.name, "shape": task.shape.name, "examples": len(task.train), "sources": task.sources}
                for task in self.tasks
            ],
            "model": {"name": self.encoder.name, "source": str(self.model), "digest": self.encoder.digest},
            "options": {**asdict(self.options), "max_subwords": self.length},
            "sharing": asdict(self.sharing),
            "steps": self.steps,
            "finished": True,
        }

    def train(self, device: str, *, progress: bool) -> Any:
        """Models of all tasks, trained to the end on their batches in random order."""
        options = self.options
        heads = [
            with_head(self.model, self.encoder, task.shape, random_weights=options.random_weights)
            for task in self.tasks
        ]
        models: Any = TaskModels(heads, self.names, self.sharing).to(device)
        loop = TrainingLoop(
            models,
            steps=self.steps,
            learning_rate=options.learning_rate,
            schedule=get_linear_schedule_with_warmup,
            losses=TaskModels.weighted_loss,
        )
        streams = [
            batches_of(each, task.shape.collator(self.tokenizer), size=options.batch_size, seed=options.seed)
            for each, task in zip(self.inputs, self.tasks)
        ]
        batches = mixed_batches(streams, self.counts, seed=options.seed)
        for _ in tqdm(loop.run(batches), "fine-tuning", self.steps, unit="step", disable=not progress):
            models.draw_together(options.learning_rate)
        return models

    def predict(self, models: Any) -> dict[str, dict[str, list[Any]]]:
        """What each task's model says of its held-out examples, by task and split."""
        return {
            task.name: predict_held_out(task, one, self.tokenizer, max_subwords=self.length)
            for task, one in zip(self.tasks, models.models)
        }

    def save(self, models: Any, folder: Path) -> dict[str, Path]:
        """Save a whole checkpoint of each task; gives where, by the task's name."""
        for name, one in zip(self.names, models.models):
            RunFolder(folder / name).save(one, self.tokenizer, step=self.steps)
        return {name: folder / name / f"step-{self.steps}" for name in self.names}
