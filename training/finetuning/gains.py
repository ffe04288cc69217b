"""What tasks gain by being learned together: fine-tuning on all, beside fine-tuning on each by as many steps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.files import staged_folder, written_whole
from treeprobe.parsing.scores.intervals import Difference, paired_difference
from treeprobe.training.finetuning.metrics import MeanMetric
from treeprobe.training.finetuning.options import FinetuningError, FinetuningOptions
from treeprobe.training.finetuning.task import AnyTask
from treeprobe.training.finetuning.task_models import SharingOptions
from treeprobe.training.finetuning.together import FinetunedTogether, finetune_together


def compare_with_apart(
    tasks: Sequence[AnyTask],
    model: str | Path,
    out: str | Path,
    *,
    options: FinetuningOptions | None = None,
    sharing: SharingOptions | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """Fine-tune on all tasks together, on each apart by as many batches as it had there, and compare.

    Args:
        out: the folder to write, which appears when all is done: `together/` and `apart/TASK/`, as `finetune_together`
            writes them, and `gains.csv`.

    The others, and what is raised, are those of `finetune_together`.

    Returns:
        The table of `paired_gains`, as in `gains.csv`.

    Raises:
        FinetuningError: besides, a single task, one that had no batch in so few steps, or one whose headline metric is
            no mean, so that it cannot be compared.
    """
    if len(tasks) < 2:
        raise FinetuningError(f"task {', '.join(task.name for task in tasks) or 'none'}; expected two or more")
    for task in tasks:
        _mean_metric(task)
    options = options or FinetuningOptions()
    with staged_folder(Path(out), overwrite=overwrite) as folder:
        shared = finetune_together(
            tasks, model, folder / "together", options=options, sharing=sharing, device=device, progress=progress
        )
        if unseen := [name for name, losses in shared.losses.items() if not losses]:
            raise FinetuningError(f"no batch of {', '.join(unseen)} within so few steps; expected more")
        apart = {
            task.name: finetune_together(
                [task],
                model,
                folder / "apart" / task.name,
                options=replace(options, steps=len(shared.losses[task.name])),
                device=device,
                progress=progress,
            )
            for task in tasks
        }
        gains = paired_gains(tasks, shared, apart)
        with written_whole(folder / "gains.csv") as draft:
            gains.to_csv(draft, index=False)
    return gains


def paired_gains(
    tasks: Sequence[AnyTask], shared: FinetunedTogether, apart: Mapping[str, FinetunedTogether]
) -> pd.DataFrame:
    """What tasks gain by being learned together: the headline metric of each, less that of fine-tuning apart.

    Args:
        tasks: the tasks, all scored by means over examples or words.
        shared: fine-tuned on all of them.
        apart: fine-tuned on one each, by the task's name.

    Returns:
        A row a task and split: task, split, metric, apart, together, and the difference on the same examples with its
        95 % interval, p and the smallest p that could be found: difference, low, high, p, least_p.

    Raises:
        FinetuningError: a metric is no mean, so that it cannot be compared example by example.
    """
    rows = []
    for task in tasks:
        metric = _mean_metric(task)
        for split, examples in task.held_out.items():
            one, other = (
                metric.tally(examples, found.predictions[task.name][split]) for found in (shared, apart[task.name])
            )
            gap: Difference = paired_difference(one, other)
            rows.append(
                {
                    "task": task.name,
                    "split": split,
                    "metric": metric.name,
                    "apart": other.value,
                    "together": one.value,
                    "difference": gap.value,
                    "low": gap.low,
                    "high": gap.high,
                    "p": gap.p,
                    "least_p": gap.least_p,
                }
            )
    return pd.DataFrame(rows)


def _mean_metric(task: AnyTask) -> MeanMetric[Any, Any]:
    """The headline metric. Raises FinetuningError where it is no mean, so that it cannot be compared by example."""
    metric = task.metrics[0]
    if not isinstance(metric, MeanMetric):
        raise FinetuningError(f"task {task.name}: {metric.name} is no mean over examples; expected one to compare")
    return metric
