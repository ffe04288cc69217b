"""The command line: every command is one thin function over a function of `pipeline`."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer

from treeprobe.errors import TreeprobeError
from treeprobe.pipeline.commands.cache import app as cache_app
from treeprobe.pipeline.commands.checkpoints import checkpoints_command
from treeprobe.pipeline.commands.convolution import convolution_command
from treeprobe.pipeline.commands.heads import heads_command
from treeprobe.pipeline.commands.options import (
    DEFAULT_CACHE,
    DEV,
    TEST,
    TRAIN,
    Cache,
    Model,
    Out,
    Overwrite,
    Punctuation,
    Quiet,
)
from treeprobe.pipeline.commands.report import report_command
from treeprobe.pipeline.commands.sweep import sweep_command

app = typer.Typer(
    name="treeprobe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,  # plain help names every option in full at 80 columns; panels cut long names off
)

DRAWINGS = (".svg", ".png", ".pdf")


def show_version(asked: bool) -> None:
    """Print which treeprobe this is, and leave."""
    if asked:
        typer.echo(f"treeprobe {version('treeprobe')}")
        raise typer.Exit


@app.callback()
def common(
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Find syntax in the hidden states and attention of BERT-like models."""


@app.command("run")
def run_command(
    model: Model,
    train: Annotated[str, TRAIN],
    dev: Annotated[str, DEV],
    out: Out,
    test: Annotated[str | None, TEST] = None,
    rank: Annotated[
        int,
        typer.Option(
            min=1, help="Rank of the probes; at most the width of the states, to which a higher one is brought down."
        ),
    ] = 128,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to train each probe with.")] = 1,
    punctuation: Punctuation = "xpos",
    text: Annotated[
        Literal["words", "natural"],
        typer.Option(help="What the model reads: words joined by spaces, or the natural sentence (SpaceAfter=No)."),
    ] = "words",
    pooling: Annotated[
        Literal["mean", "first", "last"], typer.Option(help="How a word's vector is made of its subwords'.")
    ] = "mean",
    random_baseline: Annotated[bool, typer.Option(help="Also probe the architecture with random weights.")] = True,
    control: Annotated[bool, typer.Option(help="Also train on control trees, for the selectivity of scores.")] = True,
    description_length: Annotated[
        bool, typer.Option(help="Also measure how short a code the training trees have, given the states.")
    ] = False,
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda, cuda:1, mps.")] = "cpu",
    cache: Cache = DEFAULT_CACHE,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Extract, train the probes of every layer, recover trees, score, and draw."""
    from treeprobe.pipeline.structural.analysis import ProbeOptions
    from treeprobe.pipeline.structural.closing import closing_table
    from treeprobe.pipeline.structural.run import run

    done = run(
        model,
        train,
        dev,
        out,
        test=test,
        options=ProbeOptions(rank=rank, seeds=tuple(range(seeds)), punctuation=punctuation, text=text, pooling=pooling),
        random_baseline=random_baseline,
        control=control,
        description_length=description_length,
        device=device,
        cache=cache.expanduser(),
        overwrite=overwrite,
        progress=not quiet,
    )
    typer.echo(closing_table(done.scores))
    typer.echo(
        f"\nBest layer on dev: {done.best_layer}. Everything is in {done.out}: start with figures/layers-uuas.png\n"
        f'To parse a sentence with its probe:  treeprobe parse --probe {done.out} "A sentence."'
    )


@app.command("parse")
def parse_command(
    sentence: Annotated[str, typer.Argument(help="The sentence to parse.")],
    probe: Annotated[Path, typer.Option(help="A run's folder, or a saved distance probe's.")],
    model: Annotated[str | None, typer.Option(help="The checkpoint, when it has moved.")] = None,
    out: Annotated[
        list[Path] | None, typer.Option(help="A .svg, .png or .pdf file to draw in; may be repeated.")
    ] = None,
    words: Annotated[bool, typer.Option("--words", help="The sentence is split already: words at spaces.")] = False,
) -> None:
    """Print the tree that a probe recovers for one sentence, and draw it."""
    from treeprobe.pipeline.structural.parse import parse, save_drawing

    for path in out or []:
        if path.suffix not in DRAWINGS or not path.absolute().parent.is_dir():
            raise typer.BadParameter(f"{path}; expected a name ending in {', '.join(DRAWINGS)} in a folder that exists")
    tree = parse(sentence.split() if words else sentence, probe=probe, model=model)
    typer.echo(tree.to_text())
    for path in out or []:
        typer.echo(f"Drawn in {save_drawing(tree, path)}")


@app.command("demo")
def demo_command(
    out: Out = Path("demo-output"),
    sentences: Annotated[int, typer.Option(min=100, help="How many grammar sentences to train on.")] = 3000,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run the main job on the embedded checkpoint and treebank; no network, no files of your own."""
    from treeprobe.pipeline.structural.demo import demo, demo_report

    typer.echo(demo_report(demo(out, sentences=sentences, overwrite=overwrite, progress=not quiet)))


app.command("heads")(heads_command)
app.command("convolution")(convolution_command)
app.command("sweep")(sweep_command)
app.command("report")(report_command)
app.command("checkpoints")(checkpoints_command)
app.add_typer(cache_app, name="cache")


def main() -> None:
    """Run a command; bad input ends in one message on standard error and exit code 2."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        app()
    except TreeprobeError as error:
        typer.secho(f"treeprobe: {error}", err=True, fg=typer.colors.RED)
        sys.exit(2)
