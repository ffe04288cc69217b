"""The options of the commands that fine-tune, and the tasks that they name."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

if TYPE_CHECKING:
    from treeprobe.parsing.treebanks import Split
    from treeprobe.training.finetuning import AnyTask, FinetuningOptions

TaskName = Literal[
    "upos", "dependencies", "genre", "next_sentence", "subject_span",
    "cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli", "squad",
]  # fmt: skip
"""The tasks: five of a treebank, the nine of GLUE, and SQuAD."""
TASKS = "The first five are a treebank's own; the others are read from their published files."
Data = Annotated[
    str,
    typer.Option(
        help="A treebank with its splits: a UD folder or a name such as en_ewt; or the folder of the task's files."
    ),
]
Epochs = Annotated[float, typer.Option(min=0.0, help="Passes over the training examples.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Training steps, instead of --epochs.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Examples per step.")]
LearningRate = Annotated[float, typer.Option(min=0.0, help="Peak learning rate, reached after a tenth of the steps.")]
MaxSubwords = Annotated[
    int, typer.Option(min=8, help="Longest input; longer texts are truncated, longer contexts divided.")
]
MaxTrain = Annotated[int | None, typer.Option(min=1, help="Train on a random sample of so many examples at most.")]
MaxDev = Annotated[
    int | None, typer.Option(min=1, help="Score on a random sample of so many examples of a split at most.")
]
Test = Annotated[bool, typer.Option("--test", help="Also score the test split of the treebank.")]
RandomWeights = Annotated[
    bool, typer.Option("--random-weights", help="Train the architecture from random weights, as a control.")
]
Seed = Annotated[int, typer.Option(help="Seed of new weights, order and dropout.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Remove what the folder holds, and begin anew.")]


def finetuning_options(**given: Any) -> "FinetuningOptions":
    """The schedule that a command was given. Raises BadParameter where options contradict one another."""
    from treeprobe.training.finetuning import FinetuningError, FinetuningOptions

    try:
        return FinetuningOptions(**given)
    except FinetuningError as error:
        raise typer.BadParameter(str(error)) from error


def read_task_names(text: str) -> list[TaskName]:
    """Tasks that are written with commas between. Raises BadParameter for one that there is not."""
    known: dict[str, TaskName] = {name: name for name in get_args(TaskName)}
    asked = [part.strip() for part in text.split(",")]
    if unknown := [name for name in asked if name not in known]:
        raise typer.BadParameter(f"found {', '.join(unknown)}; expected some of {', '.join(known)}")
    return [known[name] for name in asked]


def read_task(name: TaskName, data: str, *, test: bool) -> "AnyTask":
    """The task from a treebank or from its files."""
    from treeprobe.pipeline.subjects.splits import check_splits
    from treeprobe.pipeline.subjects.treebanks import read_split
    from treeprobe.training.finetuning import GLUE, TREEBANK_TASKS, glue_task, squad_task

    folder = Path(data).expanduser()
    if name in TREEBANK_TASKS:
        wanted: list[Split] = ["train", "dev", "test"] if test else ["train", "dev"]
        banks = {split: read_split(folder, split) for split in wanted}
        check_splits(banks)
        task = TREEBANK_TASKS[name]({str(split): bank for split, bank in banks.items()})
        return replace(task, sources={split: bank.annotation_digest for split, bank in banks.items()})
    if name == "squad":
        return squad_task(folder)
    return glue_task({one.name: one for one in GLUE}[name], folder)
