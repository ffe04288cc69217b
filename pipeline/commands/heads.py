"""`treeprobe heads`, as one thin command over `treeprobe.pipeline.attention_heads.analysis.heads`."""

from pathlib import Path
from typing import Annotated

import typer

from treeprobe.pipeline.commands.options import Analysed, Model, Out, Overwrite, Punctuation, Quiet

LEGEND = """From the dependent to its head: the best head of each relation, the relations by their number n.
name: 3-9 is layer 3, head 9. baseline: the best fixed offset, in words from the dependent to its head.
held_out: the accuracy when each half of the sentences chooses the head for the other.
p: of a head so far above its baseline by chance, corrected for the search over all heads and relations."""


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
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Find what each attention head looks at, and which syntax it tracks."""
    from treeprobe.pipeline.attention_heads.analysis import heads

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
    typer.echo(shown.to_string(index=False, float_format=in_print, formatters={"p": p_in_print}))
    typer.echo(f"\n{LEGEND}\nEverything is in {done.out}")


def in_print(value: float) -> str:
    """Three decimals."""
    return f"{value:.3f}"


def p_in_print(value: float) -> str:
    """Three decimals, or that it is below what they can tell: no p of a finite sample is zero."""
    return "<0.001" if value < 0.001 else in_print(value)
