"""Progress on standard error: bars where a person looks on, and lines alone in logs, where bars leave trails."""

import sys
from typing import Any

from tqdm import tqdm


def progress_bar(*arguments: Any, shown: bool, **options: Any) -> "tqdm[Any]":
    """A tqdm bar, which is drawn where `shown` and where standard error is a terminal or a notebook.

    Arguments and options are tqdm's own.
    """
    return tqdm(*arguments, **options, disable=not (shown and bars_are_seen()))


def bars_are_seen() -> bool:
    """Whether a bar that is drawn over and over looks like one: on a terminal, and in a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def write_line(line: str) -> None:
    """Write a line to standard error, above the bars that are drawn."""
    tqdm.write(line, file=sys.stderr)
