"""`treeprobe planted`: three small models whose relation to syntax is known."""

from pathlib import Path
from typing import Annotated

import typer

from treeprobe.pipeline.commands.options import Device, Quiet
from treeprobe.pipeline.commands.showing import progress_of


def planted_command(
    out: Annotated[Path, typer.Option(help="The folder to write; each model in it appears when it is complete.")],
    steps: Annotated[
        int, typer.Option(min=8, help="Training steps of each of the two models that are trained.")
    ] = 4000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of sentences, weights, order and masks.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove what the folder holds, and begin anew.")
    ] = False,
    device: Device = "cpu",
    quiet: Quiet = False,
) -> None:
    """Make three small models: one that uses syntax, one that holds trees unused, one without; in minutes.

    Where it was cut off, the same command goes on.
    """
    from treeprobe.training.planted import PlantedOptions, make_planted

    progress = progress_of(quiet=quiet)
    if progress == "stages":
        typer.echo(f"training two models, {steps} steps each …", err=True)
    options = PlantedOptions(steps=steps, seed=seed)
    evidence = make_planted(out, options=options, device=device, overwrite=overwrite, progress=progress is True)
    shown = evidence.summary.drop(columns=[f"step {step}" for step in options.save_steps])
    typer.echo("How often the right form of a verb is preferred to the wrong one:\n")
    typer.echo(f"{shown.to_string(float_format='{:.3f}'.format)}\n")
    typer.echo(f"All of it: {out}/evidence.json. To probe them: --train {out}/train.conllu --dev {out}/dev.conllu")
