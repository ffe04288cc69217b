"""Minimal pairs in files of BLiMP's format: one JSON object a line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from treeprobe.behaviour.pairs import MinimalPair, PairError

_MARKS = ".,;:?!\"'"


def read_pairs(path: str | Path) -> list[MinimalPair]:
    """The pairs of a JSONL file in the format of BLiMP (Warstadt et al. 2020).

    Each line has `sentence_good` and `sentence_bad`, whose words are what stands between spaces. `UID` is the
    construction, the file's name where it is missing. Where the sentences have equally many words and differ in one,
    it is the target. A line that names its target by `one_prefix_word_good` and `one_prefix_word_bad` is refused where
    the sentences differ in anything else. Other fields are not read; empty lines are skipped.

    Raises:
        PairError: the file cannot be read, holds no pairs, or a line is not as described; file and line are named.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PairError(f"{path}: cannot be read: {reason}; expected a JSONL file of minimal pairs") from error
    pairs = [_pair(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not pairs:
        raise PairError(f"{path}: holds no pairs; expected a JSON object a line, with sentence_good and sentence_bad")
    return pairs


def _pair(path: Path, number: int, line: str) -> MinimalPair:
    """The pair of one line."""
    where = f"{path}: line {number}"
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise PairError(f"{where}: is no JSON ({error.msg} at character {error.pos + 1})") from error
    if not isinstance(fields, dict):
        raise PairError(
            f"{where}: is a JSON {type(fields).__name__}; expected an object with sentence_good, sentence_bad"
        )
    good, bad = (tuple(_text(fields, name, where).split()) for name in ("sentence_good", "sentence_bad"))
    construction = _text(fields, "UID", where) if "UID" in fields else path.stem
    differ = tuple(place for place, pair in enumerate(zip(good, bad)) if pair[0] != pair[1])
    targets: tuple[int, ...] = differ if len(good) == len(bad) and len(differ) == 1 else ()
    if fields.get("one_prefix_method", True) and "one_prefix_word_good" in fields:
        targets = _named_target(fields, good, bad, where)
    return MinimalPair(good, bad, construction, path.name, f"line {number}", targets)


def _named_target(
    fields: Mapping[str, Any], good: tuple[str, ...], bad: tuple[str, ...], where: str
) -> tuple[int, ...]:
    """The place where the sentences have the words that a line names as its target."""
    named = [_text(fields, f"one_prefix_word_{name}", where) for name in ("good", "bad")]
    for place, pair in enumerate(zip(good, bad)):
        if [word.strip(_MARKS) for word in pair] == [word.strip(_MARKS) for word in named]:
            return (place,)
    raise PairError(
        f"{where}: names the target {named[0]!r} and {named[1]!r}, but the sentences have them in no place: "
        f"{' '.join(good)!r}, {' '.join(bad)!r}"
    )


def _text(fields: Mapping[str, Any], name: str, where: str) -> str:
    """A field that must be text."""
    if not isinstance(fields.get(name), str) or not fields[name].strip():
        found = f"is {fields[name]!r:.60}" if name in fields else "is missing"
        raise PairError(f"{where}: {name} {found}; expected text")
    return str(fields[name])
