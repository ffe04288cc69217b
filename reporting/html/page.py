"""What a report holds, and its page: what comes from a treebank is escaped, and no script but ours may run."""

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


@dataclass(frozen=True)
class Picture:
    """An image: its address (a `data:` URI), a title, and what it shows in words.

    A `shaded` one tells values by lightness, which a dark page must leave as it is.
    """

    source: str
    title: str
    description: str
    shaded: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table: text, a smaller note beside it, and the number it is sorted by where it is one."""

    text: str
    note: str = ""
    number: float | None = None
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table for people; rows named in `quiet` (by position) are baselines and stand back."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    quiet: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """A part of the page; `folded` ones wait to be opened."""

    identifier: str
    title: str
    text: str = ""
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    folded: bool = False


@dataclass(frozen=True)
class Report:
    """A whole report.

    `explorer` holds `treebanks` (gold sentences by treebank) and `views` (recovered heads by checkpoint, treebank and
    layer), as JSON would; empty where there is nothing to explore.
    """

    title: str
    summary: str
    facts: Mapping[str, str]
    sections: Sequence[Section]
    explorer: Mapping[str, Any] = field(default_factory=dict)


def render_report(report: Report) -> str:
    """The page as text."""
    script = read("explorer.js")
    return (
        environment()
        .from_string(read("report.html"))
        .render(
            report=report,
            style=Markup(read("style.css")),
            script=Markup(script),
            script_digest=content_digest(script),
            data=htmlsafe_json_dumps(report.explorer, dumps=compact),
        )
    )


def compact(value: Any, **options: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), **options)


@cache
def environment() -> Environment:
    """Templates that escape whatever they are given, and fail on what they are not given."""
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def read(name: str) -> str:
    """One of the files beside this one."""
    return files("treeprobe.reporting.html").joinpath(name).read_text(encoding="utf-8")


def content_digest(script: str) -> str:
    """What a content security policy calls a script: the SHA-256 of its text."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
