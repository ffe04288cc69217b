"""Ways in which a file can be damaged, drawn from a seeded generator: the same seed damages in the same way."""

import json
import string
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

Damage = Callable[[bytes, Random], bytes]

STRANGE: tuple[Any, ...] = (None, True, -1, 0, 10**30, 0.5, float("nan"), "", "x", "../x", [], [None], {}, {"x": 1})
"""Values that a hand or a broken writer may leave in a JSON file."""


def flip_bit(content: bytes, draw: Random) -> bytes:
    """One bit is another."""
    if not content:
        return content
    place = draw.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << draw.randrange(8))]) + content[place + 1 :]


def cut_short(content: bytes, draw: Random) -> bytes:
    """The end is missing, as after a full disk."""
    return content[: draw.randrange(len(content) + 1)]


def blank_out(content: bytes, draw: Random) -> bytes:
    """A stretch reads as zeros, as a block does that was never written."""
    start = draw.randrange(len(content) + 1)
    stop = min(len(content), start + draw.randrange(1, 64))
    return content[:start] + bytes(stop - start) + content[stop:]


def insert_text(content: bytes, draw: Random) -> bytes:
    """A few printable characters stand where none stood."""
    place = draw.randrange(len(content) + 1)
    text = "".join(draw.choice(string.printable) for _ in range(draw.randrange(1, 5)))
    return content[:place] + text.encode() + content[place:]


def drop_line(content: bytes, draw: Random) -> bytes:
    """A line is missing."""
    lines = content.splitlines(keepends=True)
    if lines:
        del lines[draw.randrange(len(lines))]
    return b"".join(lines)


def repeat_line(content: bytes, draw: Random) -> bytes:
    """A line stands there twice."""
    lines = content.splitlines(keepends=True)
    if lines:
        place = draw.randrange(len(lines))
        lines.insert(place, lines[place])
    return b"".join(lines)


def swap_lines(content: bytes, draw: Random) -> bytes:
    """Two lines have changed places."""
    lines = content.splitlines(keepends=True)
    if len(lines) > 1:
        first, second = draw.sample(range(len(lines)), 2)
        lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


BYTES: tuple[Damage, ...] = (flip_bit, cut_short, blank_out, insert_text)
LINES: tuple[Damage, ...] = (*BYTES, drop_line, repeat_line, swap_lines)


def edit_json(content: bytes, draw: Random) -> bytes:
    """One value of a JSON file, at any depth, is another, or its key is gone, or a key is new."""
    document = json.loads(content)
    holder, key = draw.choice(_places(document))
    kind = draw.randrange(4)
    if kind == 0 and isinstance(holder, dict):
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[f"{key}2"] = holder.pop(key)
    elif kind == 2 and isinstance(holder[key], int | float):
        holder[key] += draw.choice((-1, 1))
    else:
        holder[key] = draw.choice(STRANGE)
    return json.dumps(document).encode()


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key or index) of a JSON document."""
    keys: list[Any] = list(document) if isinstance(document, dict) else list(range(len(document)))
    places = [(document, key) for key in keys]
    for key in keys:
        if isinstance(document[key], dict | list):
            places += _places(document[key])
    return places


def damage_file(path: Path, draw: Random, *, kinds: tuple[Damage, ...]) -> str:
    """Damage a file by one of some kinds, such that its bytes change; returns which kind it was."""
    content = path.read_bytes()
    while True:
        damage = draw.choice(kinds)
        if (damaged := damage(content, draw)) != content:
            path.write_bytes(damaged)
            return damage.__name__


CELLS: tuple[str, ...] = (
    "", "_", "-", "0", "00", "-1", "1", "+1", "1.0", "1-2", "2-1", "2-2", "3-4", "1-99", "0.1", "1.1", "2.1", "99",
    "9" * 30, "1e3", "\u0661", "\uff11", " 1", "1 ", "\u00a01", "1\u200b", "x  y", "x y", "\u3000", "x\u2028y", "\x85",
    "#", "a|b", "|", "=", "A=1|A=2", "A=2|A=1|A=1", "SpaceAfter=No", "SpaceAfter=No|SpaceAfter=No",
    "SpaceAfter=No|SpaceAfter=Yes", "None", "nan",
)  # fmt: skip
"""Values that a hand or a broken script may leave in a table of text."""

UNSEEN = "\t\r\x00\x0b\x0c\x1c\x1f\x7f\x85\u00a0\u00ad\u200b\u200e\u2028\u2029\u3000\ufeff\U000e0001"
"""Characters that are not seen, or look like a space or a line's end."""


def insert_unseen(content: bytes, draw: Random) -> bytes:
    """An invisible character stands where none stood."""
    text = content.decode()
    place = draw.randrange(len(text) + 1)
    return (text[:place] + draw.choice(UNSEEN) + text[place:]).encode()


def insert_blank(content: bytes, draw: Random) -> bytes:
    """A line without a visible character stands between two lines."""
    lines = content.splitlines(keepends=True)
    lines.insert(draw.randrange(len(lines) + 1), draw.choice((b"\n", b"\n\n", b" \n", b"\t\n", b"\r\n", b"\xc2\xa0\n")))
    return b"".join(lines)


def move_line(content: bytes, draw: Random) -> bytes:
    """A line stands elsewhere."""
    lines = content.splitlines(keepends=True)
    if lines:
        line = lines.pop(draw.randrange(len(lines)))
        lines.insert(draw.randrange(len(lines) + 1), line)
    return b"".join(lines)


def edit_cell(content: bytes, draw: Random) -> bytes:
    """A cell of a table with tabs holds another value."""
    return _with_cell(content, draw, lambda rows, column: draw.choice(CELLS))


def copy_cell(content: bytes, draw: Random) -> bytes:
    """A cell of a table with tabs holds what another row has there."""
    return _with_cell(
        content, draw, lambda rows, column: draw.choice([row[column] for row in rows if column < len(row)])
    )


def _with_cell(content: bytes, draw: Random, value: Callable[[list[list[str]], int], str]) -> bytes:
    """The table with another value in one cell."""
    lines = content.decode().split("\n")
    places = [place for place, line in enumerate(lines) if "\t" in line]
    if not places:
        return content
    rows = [lines[place].split("\t") for place in places]
    chosen = draw.randrange(len(rows))
    column = draw.randrange(len(rows[chosen]))
    cells = list(rows[chosen])
    cells[column] = value(rows, column)
    lines[places[chosen]] = "\t".join(cells)
    return "\n".join(lines).encode()


TABLE: tuple[Damage, ...] = (*LINES, insert_unseen, insert_blank, move_line, edit_cell, copy_cell)
