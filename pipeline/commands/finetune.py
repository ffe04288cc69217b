"""`treeprobe finetune`: a checkpoint trained for a task, scored on what it has not seen."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from treeprobe.pipeline.commands.options import Device, Model, Quiet, integers
from treeprobe.pipeline.commands.showing import progress_of

if TYPE_CHECKING:
    from treeprobe.parsing.treebanks import Split
    from treeprobe.training.finetuning import AnyTask, Finetuned

TaskName = Literal[
    "upos", "dependencies", "genre", "next_sentence", "subject_span",
    "cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli", "squad",
]  # fmt: skip
"""The tasks: five of a treebank, the nine of GLUE, and SQuAD."""


def finetune_command(
    model: Model,
    task: Annotated[
        TaskName,
        typer.Option(help="The first five are a treebank's own; the others are read from their published files."),
    ],
    data: Annotated[
        str,
        typer.Option(
            help="A treebank with its splits: a UD folder or a name such as en_ewt; or the folder of the task's files."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write; each checkpoint in it appears when it is complete.")],
    epochs: Annotated[float, typer.Option(min=0.0, help="Passes over the training examples.")] = 3.0,
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps, instead of --epochs.")] = None,
    save_steps: Annotated[
        str | None,
        typer.Option(help="Steps to save beside the last, with commas between; 0 is the model before training."),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Examples per step.")] = 32,
    learning_rate: Annotated[
        float, typer.Option(min=0.0, help="Peak learning rate, reached after a tenth of the steps.")
    ] = 2e-4,
    max_subwords: Annotated[
        int, typer.Option(min=8, help="Longest input; longer texts are truncated, longer contexts divided.")
    ] = 128,
    max_train: Annotated[
        int | None, typer.Option(min=1, help="Train on a random sample of so many examples at most.")
    ] = None,
    max_dev: Annotated[
        int | None, typer.Option(min=1, help="Score on a random sample of so many examples of a split at most.")
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Also score the test split of the treebank.")] = False,
    random_weights: Annotated[
        bool, typer.Option("--random-weights", help="Train the architecture from random weights, as a control.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of new weights, order and dropout.")] = 0,
    device: Device = "cpu",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove what the folder holds, and begin anew.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Fine-tune a checkpoint for a task; the result is a checkpoint that every other command takes.

    Where it was cut off, the same command goes on.
    """
    from treeprobe.training.finetuning import FinetuningError, FinetuningOptions, finetune

    try:
        options = FinetuningOptions(
            epochs=epochs,
            steps=steps,
            save_steps=() if save_steps is None else integers(save_steps, least=0),
            batch_size=batch_size,
            learning_rate=learning_rate,
            max_subwords=max_subwords,
            random_weights=random_weights,
            seed=seed,
        )
    except FinetuningError as error:
        raise typer.BadParameter(str(error)) from error
    chosen = _read_task(task, data, test=test).shortened(max_train, max_dev, seed=seed)
    progress = progress_of(quiet=quiet)
    if progress == "stages":
        typer.echo(f"fine-tuning on {chosen} …", err=True)
    found = finetune(chosen, model, out, options=options, device=device, overwrite=overwrite, progress=progress is True)
    typer.echo(_shown(found))
    typer.echo(f"\nProbe it with `treeprobe run --model {found.checkpoint}`; all of this: {out}/finetuning.json")


def _read_task(name: TaskName, data: str, *, test: bool) -> "AnyTask":
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


def _shown(found: "Finetuned") -> str:
    """The scores as a table: a line a system and split, a column a metric."""
    from treeprobe.pipeline.closing_table import aligned

    lines = []
    for (system, split), rows in found.scores.groupby(["system", "split"], sort=False):
        cells = [f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]" for row in rows.itertuples()]
        lines.append([str(system), str(split), str(rows["n"].iloc[0]), *cells])
    table = aligned([["", "split", "n", *found.scores["metric"].drop_duplicates()], *lines])
    unit = " and ".join(found.scores["resampled"].drop_duplicates())
    return "\n".join([*table, f"In brackets: the 95 % interval, resampling {unit}."])
