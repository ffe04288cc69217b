"""`treeprobe reproduce`: a published setting run on your checkpoint and treebank, its numbers beside the published."""

import json
from pathlib import Path
from typing import Annotated

import typer

from treeprobe.exit_codes import ExitCode
from treeprobe.pipeline.commands import options as declared
from treeprobe.pipeline.commands.logs import logged
from treeprobe.pipeline.commands.showing import progress_of

ENDINGS = {
    "reproduced": ExitCode.DONE,
    "not reproduced": ExitCode.FAILED,
    "stand-in": ExitCode.NOT_COMPARED,
    "nothing to compare": ExitCode.NOT_COMPARED,
}
"""Exit codes by verdict."""


def reproduce_command(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The setting, by its name in the list.")] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the published settings, or show the one named, and run nothing.")
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="Checkpoint folder or hub name; the setting's own hub name unless given.")
    ] = None,
    train: Annotated[
        str | None, typer.Option(help="Treebank to train on: a file, folder or UD name; the setting's unless given.")
    ] = None,
    dev: Annotated[str | None, typer.Option(help="Treebank that chooses epochs and layers, likewise.")] = None,
    test: Annotated[str | None, typer.Option(help="Treebank that is scored, likewise.")] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to write, of the analysis and reproduction.csv.")] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Run with a checkpoint or treebank of another digest, as a stand-in.")
    ] = False,
    max_sentences: declared.MaxSentences = None,
    device: declared.Device = "cpu",
    cache: declared.Cache = declared.DEFAULT_CACHE,
    figures: declared.Figures = False,
    overwrite: declared.Overwrite = False,
    quiet: declared.Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers and the verdict as JSON.")] = False,
    log_file: declared.LogFile = None,
    log_json: declared.LogJson = None,
) -> None:
    """Run a published setting, compare the numbers. Exit code 0: reproduced; 1: not; 3: not the published setting."""
    from treeprobe.pipeline.reproduction.published import find_setting, published_settings
    from treeprobe.pipeline.reproduction.telling import reproduction_text, setting_text, settings_text

    setting = None if name is None else find_setting(name)
    if listed:
        typer.echo(settings_text(published_settings().values()) if setting is None else setting_text(setting))
        return
    if name is None or out is None:
        missing = "NAME" if name is None else "--out"
        raise typer.BadParameter(f"{missing} is missing; expected a setting and a folder, or --list")
    from treeprobe.pipeline.reproduction.reproducing import reproduce

    given = {"model": model, "train": train, "dev": dev, "test": test, "max_sentences": max_sentences}
    with logged(log_file, log_json):
        found = reproduce(
            name,
            out,
            given={**given, "device": device, "cache": cache},
            anyway=anyway,
            figures=figures,
            overwrite=overwrite,
            progress=progress_of(quiet=quiet),
        )
        if as_json:
            told = {"setting": name, "verdict": found.verdict, "lacks": found.lacks, "unchecked": found.unchecked}
            rows = json.loads(found.table.to_json(orient="records"))
            typer.echo(json.dumps({**told, "out": str(out), "rows": rows}, indent=1, ensure_ascii=False))
        else:
            typer.echo(reproduction_text(found))
        raise typer.Exit(ENDINGS[found.verdict])
