"""`treeprobe doctor`: what to send with a report of a bug."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from treeprobe.exit_codes import ExitCode
from treeprobe.pipeline.commands.options import DEFAULT_CACHE, Cache


def doctor_command(
    cache: Cache = DEFAULT_CACHE,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Look at versions, devices, threads, disk, cache, fonts and browser; paste what it says into a bug report."""
    from treeprobe.pipeline.doctor import examine

    findings = examine(Path(cache).expanduser())
    if as_json:
        typer.echo(json.dumps(list(map(asdict, findings)), indent=1, ensure_ascii=False))
    else:
        width = max(len(finding.topic) for finding in findings)
        for finding in findings:
            typer.echo(f"{finding.topic:{width}}  {finding.found}")
            if finding.problem:
                typer.secho(f"{'':{width}}  problem: {finding.problem}", fg=typer.colors.RED)
    if any(finding.problem for finding in findings):
        raise typer.Exit(ExitCode.FAILED)
