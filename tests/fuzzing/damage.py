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
