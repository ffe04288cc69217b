"""`treeprobe convolution`, as one thin command over `treeprobe.pipeline.head_kernels.analysis.convolve`."""

from typing import Annotated

import typer

from treeprobe.pipeline.commands.options import (
    DEFAULT_CACHE,
    Analysed,
    Cache,
    Model,
    Out,
    Overwrite,
    Punctuation,
    Quiet,
)


def convolution_command(
    model: Model,
    treebank: Analysed,
    out: Out,
    train: Annotated[
        str | None, typer.Option(help="Treebank to train probes on; three quarters of the other one unless given.")
    ] = None,
    rank: Annotated[int, typer.Option(min=1, help="Rank of the probes.")] = 128,
    retrain: Annotated[bool, typer.Option("--retrain", help="Also train probes on the replaced models.")] = False,
    cache: Cache = DEFAULT_CACHE,
    punctuation: Punctuation = "xpos",
    seed: Annotated[int, typer.Option(help="Of random heads, masks and probes.")] = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Measure how convolutional every head is, and what survives when heads are replaced by their convolution."""
    from treeprobe.pipeline.head_kernels.analysis import convolve

    done = convolve(
        model,
        treebank,
        out,
        train=train,
        rank=rank,
        retrain=retrain,
        cache=cache.expanduser(),
        punctuation=punctuation,
        seed=seed,
        overwrite=overwrite,
        progress=not quiet,
    )
    typer.echo(done.sentence)
    typer.echo(f"Everything is in {done.out}")
