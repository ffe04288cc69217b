"""`treeprobe convolution`, as one thin command over `pipeline.head_kernels.analysis.convolve`."""

from pathlib import Path
from typing import Annotated

import typer

from parsing.punctuation import PunctuationRule


def convolution_command(
    model: Annotated[str, typer.Option(help="A checkpoint folder or a Hugging Face hub name.")],
    treebank: Annotated[str, typer.Option(help="The treebank to analyse: a CoNLL-U file, a UD folder, or a name.")],
    out: Annotated[Path, typer.Option(help="The folder to write; it appears when everything in it is complete.")],
    train: Annotated[
        str | None, typer.Option(help="Treebank to train probes on; three quarters of the other one unless given.")
    ] = None,
    rank: Annotated[int, typer.Option(min=1, help="Rank of the probes.")] = 128,
    retrain: Annotated[bool, typer.Option("--retrain", help="Also train probes on the replaced models.")] = False,
    cache: Annotated[
        Path, typer.Option(help="Where hidden states are kept between runs.", envvar="TREEPROBE_CACHE")
    ] = Path("~/.cache/treeprobe"),
    punctuation: Annotated[PunctuationRule, typer.Option(help="The tags that tell punctuation.")] = "xpos",
    seed: Annotated[int, typer.Option(help="Of random heads, masks and probes.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what the folder holds once done.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Measure how convolutional every head is, and what survives when heads are replaced by their convolution."""
    from pipeline.head_kernels.analysis import convolve

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
