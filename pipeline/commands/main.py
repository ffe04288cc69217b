"""The command line: every command is one thin function over a function of `treeprobe.pipeline`."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from treeprobe.errors import TreeprobeError
from treeprobe.pipeline.analyses import ANALYSES
from treeprobe.pipeline.commands.analyses import command_of
from treeprobe.pipeline.commands.cache import app as cache_app
from treeprobe.pipeline.commands.checkpoints import checkpoints_command
from treeprobe.pipeline.commands.options import Out, Overwrite, Quiet
from treeprobe.pipeline.commands.parse import parse_command
from treeprobe.pipeline.commands.report import report_command
from treeprobe.pipeline.commands.sweep import sweep_command

app = typer.Typer(
    name="treeprobe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,  # plain help names every option in full at 80 columns; panels cut long names off
)


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


for _analysis in ANALYSES:
    app.command(_analysis.command or _analysis.name)(command_of(_analysis))


@app.command("demo")
def demo_command(
    out: Out = Path("demo-output"),
    sentences: Annotated[int, typer.Option(min=100, help="How many grammar sentences to train on.")] = 3000,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Run the main job on the embedded checkpoint and treebank; no network, no files of your own."""
    from treeprobe.pipeline.demonstration import demo, demo_report

    findings = demo(out, sentences=sentences, overwrite=overwrite, progress=not quiet)
    typer.echo(demo_report(findings, out))


app.command("parse")(parse_command)
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
