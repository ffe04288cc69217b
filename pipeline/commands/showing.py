"""What commands show: progress, then tables for a person or data for a program on standard output.

Heavy modules are imported when something is printed, so that help answers at once.
"""

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from treeprobe.pipeline.commands.logs import LOG

if TYPE_CHECKING:
    from treeprobe.pipeline.results.findings import Findings
    from treeprobe.pipeline.stopwatch import Progress

FULL_HINT = "Every layer: {out}/{table}.csv, or --verbose"


def progress_of(*, quiet: bool) -> "Progress":
    """What a command shows of its progress: no bars where standard error is a file or a pipe, which they would fill."""
    if quiet:
        return False
    return True if sys.stderr.isatty() else "stages"


def show(findings: "Findings", out: Path, *, verbose: bool, as_json: bool, notes: Sequence[str] = ()) -> None:
    """Print how an analysis ended, and log it: its tables, its result in a sentence, and `notes`.

    Args:
        verbose: the full tables, and the seconds of every stage.
        as_json: one JSON object instead, of `rows` (the full tables), summary, details and the folder.
    """
    times = _times(out)
    LOG.info("%s\n%s", findings.summary, times)
    if as_json:
        typer.echo(_json(findings, out))
        return
    closing = findings.closing
    if closing is not None:
        typer.echo(f"{closing.full if verbose and closing.full else closing.text}\n")
    typer.echo(_filled(findings.summary))
    if closing is not None and closing.full and not verbose:
        typer.echo(FULL_HINT.format(out=out, table=next(iter(findings.tables))))
    for note in notes:
        typer.echo(note)
    if verbose:
        typer.echo(times, err=True)


def in_words(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _json(findings: "Findings", out: Path) -> str:
    """An analysis as one JSON object."""
    rows = None if findings.closing is None else json.loads(findings.closing.rows.to_json(orient="records"))
    content = {"out": str(out), "summary": findings.summary, "details": dict(findings.details), "rows": rows}
    return json.dumps(content, indent=1, ensure_ascii=False, default=str)


def _times(out: Path) -> str:
    """The seconds of every stage, as the record of an analysis has them."""
    from treeprobe.pipeline.results.findings import read_record

    return "\n".join(f"{seconds:9.1f} s  {stage}" for stage, seconds in read_record(out)["seconds"].items())


def _filled(text: str) -> str:
    """A sentence in lines as wide as the terminal; words, such as paths, stay whole."""
    width = shutil.get_terminal_size().columns
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
