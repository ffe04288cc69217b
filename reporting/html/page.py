"""The contents of a report and its page, on which all text is escaped and no script but its own may run."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

_LONGEST_LABEL = 40
"""Characters of a cell that is not prose."""


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
    (recovered heads by checkpoint, treebank and layer). Empty, it leaves the explorer out.
    """

    title: str
    summary: str
    facts: Mapping[str, str]
    sections: Sequence[Section]
    explorer: Mapping[str, Any] = field(default_factory=dict)


def render_report(report: Report) -> str:
    """The text of the HTML file."""
    script = _read("explorer.js")
    return (
        _environment()
        .from_string(_read("report.html"))
        .render(
            report=report,
            style=Markup(_read("style.css")),
            script=Markup(script),
            script_digest=_script_digest(script),
            data=htmlsafe_json_dumps(report.explorer, dumps=_compact),
        )
    )


def _compact(value: Any, **options: Any) -> str:
    """JSON without whitespace."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), **options)


@cache
def _environment() -> Environment:
    """Templates that escape all values and fail on missing ones."""
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _read(name: str) -> str:
    """The text of a file in this package."""
    return files("treeprobe.reporting.html").joinpath(name).read_text(encoding="utf-8")


def _script_digest(script: str) -> str:
    """The SHA-256 of a script in Base64, by which the content security policy allows it."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
