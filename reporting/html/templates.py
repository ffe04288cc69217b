"""Pages made of the templates of this package: all text is escaped, and no script but the page's own may run."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup


def render(template: str, *, scripts: Sequence[str], data: Mapping[str, Any], title: str, **values: Any) -> str:
    """A page as one HTML file.

    Args:
        template: File of this package that extends `page.html`.
        scripts: Files of this package in their order, the only ones that the page may run; `elements.js` comes first.
        data: What the script reads, in JSON types.
        title: Of the page.
        **values: What else the template shows.
    """
    source = "".join(map(_read, ("elements.js", *scripts)))
    return (
        _environment()
        .get_template(template)
        .render(
            title=title,
            style=Markup(_read("style.css")),
            script=Markup(source),
            script_digest=_script_digest(source),
            data=htmlsafe_json_dumps(data, dumps=_compact),
            **values,
        )
    )


def _compact(value: Any, **options: Any) -> str:
    """JSON without whitespace."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), **options)


@cache
def _environment() -> Environment:
    """Templates that escape all values and fail on missing ones."""
    loader = FunctionLoader(_read)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _read(name: str) -> str:
    """The text of a file in this package."""
    return files("treeprobe.reporting.html").joinpath(name).read_text(encoding="utf-8")


def _script_digest(script: str) -> str:
    """The SHA-256 of a script in Base64, by which the content security policy allows it."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
