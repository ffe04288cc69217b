"""The contents of a report, and its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from treeprobe.reporting.html.templates import render
from treeprobe.reporting.html.tree_layout import with_layout

_LONGEST_LABEL = 40
"""Characters of a cell that is not prose."""

_LONGEST_TABLE = 40
"""Rows of a table that is shown as a whole; of a longer one, the first are, in the order that the reader chooses."""


@dataclass(frozen=True)
class Picture:
    """An image: its `data:` URI, a title, and a description for readers who cannot see it.

    In a `shaded` one lightness encodes values, so a dark page must not invert it.
    """

    source: str
    title: str
    description: str
    shaded: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, a smaller note beside it, the number to sort it by, and whether it is the best.

    Text of more than a few words is set as `prose`: in a wide column, broken wherever it must be.
    """

    text: str
    note: str = ""
    number: float | None = None
    best: bool = False

    @property
    def kind(self) -> str:
        """The cell's class in the style sheet; empty for most."""
        prose = self.number is None and len(self.text) > _LONGEST_LABEL
        return "best" if self.best else "prose" if prose else ""


@dataclass(frozen=True)
class Table:
    """A table with its caption; the rows in `quiet`, indices from 0, are baselines and are toned down."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    quiet: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """A section of the page; a `folded` one is collapsed until the reader opens it."""

    identifier: str
    title: str
    text: str = ""
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    folded: bool = False


@dataclass(frozen=True)
class Report:
    """A report: title, summary, facts by name, and sections.

    `explorer` is the data of the tree explorer in JSON types: `treebanks` (gold sentences by treebank) and `views`
    (recovered heads by checkpoint, treebank and layer), of which the one at place `first` is shown first. Empty, it
    leaves the explorer out.
    """

    title: str
    summary: str
    facts: Mapping[str, str]
    sections: Sequence[Section]
    explorer: Mapping[str, Any] = field(default_factory=dict)


def render_report(report: Report) -> str:
    """The text of the HTML file."""
    return render(
        "report.html",
        scripts=["trees.js", "explorer.js"],
        data=with_layout(report.explorer),
        title=report.title,
        report=report,
        longest_table=_LONGEST_TABLE,
    )
