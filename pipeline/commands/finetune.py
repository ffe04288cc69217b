"""`treeprobe finetune`: a checkpoint trained for a task, scored on what it has not seen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treeprobe.pipeline.commands import finetuning_options as declared
from treeprobe.pipeline.commands.options import Device, Model, Quiet, integers
from treeprobe.pipeline.commands.showing import progress_of

if TYPE_CHECKING:
    from treeprobe.training.finetuning import Finetuned


def finetune_command(
    model: Model,
    task: Annotated[declared.TaskName, typer.Option(help=declared.TASKS)],
    data: declared.Data,
    out: Annotated[Path, typer.Option(help="The folder to write; each checkpoint in it appears when it is complete.")],
    epochs: declared.Epochs = 3.0,
    steps: declared.Steps = None,
    save_steps: Annotated[
        str | None,
        typer.Option(help="Steps to save beside the last, with commas between; 0 is the model before training."),
    ] = None,
    batch_size: declared.BatchSize = 32,
    learning_rate: declared.LearningRate = 2e-4,
    max_subwords: declared.MaxSubwords = 128,
    max_train: declared.MaxTrain = None,
    max_dev: declared.MaxDev = None,
    test: declared.Test = False,
    random_weights: declared.RandomWeights = False,
    seed: declared.Seed = 0,
    device: Device = "cpu",
    overwrite: declared.Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fine-tune a checkpoint for a task; the result is a checkpoint that every other command takes.

    Where it was cut off, the same command goes on.
    """
    from treeprobe.training.finetuning import finetune

    options = declared.finetuning_options(
        epochs=epochs,
        steps=steps,
        save_steps=() if save_steps is None else integers(save_steps, least=0),
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_subwords=max_subwords,
        random_weights=random_weights,
        seed=seed,
    )
    chosen = declared.read_task(task, data, test=test).shortened(max_train, max_dev, seed=seed)
    progress = progress_of(quiet=quiet)
    if progress == "stages":
        typer.echo(f"fine-tuning on {chosen} …", err=True)
    found = finetune(chosen, model, out, options=options, device=device, overwrite=overwrite, progress=progress is True)
    typer.echo(_shown(found))
    typer.echo(f"\nProbe it with `treeprobe run --model {found.checkpoint}`; all of this: {out}/finetuning.json")


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
