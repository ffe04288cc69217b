"""What commands show: progress, then tables for a person or data for a program on standard output; and the log file.

Heavy modules are imported when something is printed, so that help answers at once.
"""

import json
import logging
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from treeprobe.errors import OutputError

if TYPE_CHECKING:
    from treeprobe.pipeline.results.findings import Findings
    from treeprobe.pipeline.stopwatch import Progress

LOG = logging.getLogger("treeprobe")
"""The parent of every logger of the library; without a log file, what is logged is dropped."""
LOG.addHandler(logging.NullHandler())

FULL_HINT = "Every layer: {out}/scores.csv, or --verbose"


@contextmanager
def logged(path: Path | None) -> Iterator[None]:
    """Append what the block logs, and the error in which it ends, to a file, a line of time and message each.

    Raises OutputError when the file cannot be written.
    """
    if path is None:
        yield
        return
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    LOG.info("treeprobe %s: %s", version("treeprobe"), " ".join(sys.argv[1:]))
    try:
        yield
    except typer.Exit as ending:
        LOG.info("exit code %d", ending.exit_code)
        raise
    except BaseException as error:
        LOG.error("%s: %s", type(error).__name__, error)
        raise
    finally:
        LOG.setLevel(level)
        LOG.removeHandler(handler)
        handler.close()


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
        typer.echo(FULL_HINT.format(out=out))
    for note in notes:
        typer.echo(note)
    if verbose:
        typer.echo(times, err=True)


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
