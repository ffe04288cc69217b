"""`treeprobe heads`, as one thin command over `pipeline.attention_heads.analysis.heads`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import Analysed, Model, Out, Punctuation, Quiet


def heads_command(
    model: Model,
    treebank: Analysed,
    out: Out,
    train: Annotated[
        str | None, typer.Option(help="Treebank that chooses fixed offsets and trains attention-only probes.")
    ] = None,
    ablate: Annotated[bool, typer.Option("--ablate", help="Also cut every head and measure what is lost.")] = False,
    probes: Annotated[Path | None, typer.Option(help="A run's folder, whose probes --ablate scores.")] = None,
    punctuation: Punctuation = "xpos",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what the folder holds.")] = False,
    quiet: Quiet = False,
) -> None:
    """Find what each attention head looks at, and which syntax it tracks."""
    from pipeline.attention_heads.analysis import heads

    done = heads(
        model,
        treebank,
        out,
        train=train,
        ablate=ablate,
        probes=probes,
        punctuation=punctuation,
        overwrite=overwrite,
        progress=not quiet,
    )
    columns = ["relation", "n", "name", "accuracy", "baseline", "offset", "held_out", "p"]
    shown = done.best[done.best["direction"] == "to head"][columns].head(20)
    typer.echo(shown.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    typer.echo(f"\nEverything is in {done.out}")
