"""The command line: every command is one thin function over a function of `treeprobe.pipeline`."""

import os
import sys
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any

import typer

from treeprobe.errors import TreeprobeError
from treeprobe.pipeline.analyses import ANALYSES
from treeprobe.pipeline.commands.ablations import ablations_command
from treeprobe.pipeline.commands.analyses import command_of
from treeprobe.pipeline.commands.atlas import atlas_command
from treeprobe.pipeline.commands.bilingual import bilingual_command
from treeprobe.pipeline.commands.cache import app as cache_app
from treeprobe.pipeline.commands.checkpoints import checkpoints_command
from treeprobe.pipeline.commands.collect import collect_command
from treeprobe.pipeline.commands.compare import compare_command
from treeprobe.pipeline.commands.demo import demo_command
from treeprobe.pipeline.commands.doctor import doctor_command
from treeprobe.pipeline.commands.examples import examples_of
from treeprobe.pipeline.commands.fill_mask import fill_mask_command
from treeprobe.pipeline.commands.finetune import finetune_command
from treeprobe.pipeline.commands.finetune_together import finetune_together_command
from treeprobe.pipeline.commands.logs import LOG
from treeprobe.pipeline.commands.parse import parse_command
from treeprobe.pipeline.commands.planted import planted_command
from treeprobe.pipeline.commands.pretrain import pretrain_command
from treeprobe.pipeline.commands.publish import publish_command
from treeprobe.pipeline.commands.rank import rank_command
from treeprobe.pipeline.commands.report import report_command
from treeprobe.pipeline.commands.reproduce import reproduce_command
from treeprobe.pipeline.commands.show import show_command
from treeprobe.pipeline.commands.status import status_command
from treeprobe.pipeline.commands.sweep import sweep_command
from treeprobe.pipeline.commands.verify import verify_command

app = typer.Typer(
    name="treeprobe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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


COMMANDS: Mapping[str, Callable[..., None]] = {
    **{analysis.command or analysis.name: command_of(analysis) for analysis in ANALYSES},
    "demo": demo_command,
    "parse": parse_command,
    "show": show_command,
    "sweep": sweep_command,
    "status": status_command,
    "report": report_command,
    "publish": publish_command,
    "compare": compare_command,
    "collect": collect_command,
    "reproduce": reproduce_command,
    "rank": rank_command,
    "pretrain": pretrain_command,
    "fill-mask": fill_mask_command,
    "checkpoints": checkpoints_command,
    "ablations": ablations_command,
    "finetune": finetune_command,
    "finetune-together": finetune_together_command,
    "planted": planted_command,
    "bilingual": bilingual_command,
    "atlas": atlas_command,
    "verify": verify_command,
    "doctor": doctor_command,
}
"""Every command by its name, in the order of the help."""

for _name, _command in COMMANDS.items():
    app.command(_name, epilog=examples_of(_name))(_command)
app.add_typer(cache_app, name="cache", epilog=examples_of("cache"))


def main() -> None:
    """Run a command; bad input ends in one message on standard error and the exit code of its error."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    with warnings.catch_warnings():
        warnings.showwarning = partial(_show_warning, other=warnings.showwarning)
        try:
            app()
        except TreeprobeError as error:
            typer.secho(f"treeprobe: {error}", err=True, fg=typer.colors.RED)
            sys.exit(error.exit_code)


def _show_warning(
    message: Warning | str, category: type[Warning], *place: Any, other: Callable[..., None], **more: Any
) -> None:
    """Print a warning of this library as one line, and log it; what others warn of is shown as Python does."""
    if not category.__module__.startswith("treeprobe."):
        other(message, category, *place, **more)
        return
    LOG.warning("%s", message)
    typer.secho(f"treeprobe: {message}", err=True, fg=typer.colors.YELLOW)
