"""What relations, checkpoints, treebanks and tasks are called in the names of files and folders.

Names that come from data may hold anything: a path, markup, a line break, or nothing at all. What is made of them here
lies in the folder that it is joined to, on every file system, and different names stay different.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

LONGEST = 80
"""Bytes of a name; a task's three, with what is put before and after while it is written, stay below 255."""

_JOINTS = re.compile(r"[/: ]")
_ORDINARY = re.compile(r"[\w.@+-]+(?:[/: ][\w.@+-]+)*")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""What Windows keeps for devices."""


@lru_cache(maxsize=1 << 15)
def file_name(name: str) -> str:
    """A name as a part of a path: `nsubj` as it is, `nmod:poss` as `nmod-poss`, and anything odd with its digest.

    A slash, colon or space between ordinary characters becomes a hyphen. Where more than that has to change, eight
    digits of the name's SHA-256 follow an equals sign, which no other name here has. Names that are to lie in one
    folder and differ in no more than case or such a hyphen need `file_names`.
    """
    plain = _plain(name)
    ordinary = _ORDINARY.fullmatch(name) and _JOINTS.sub("-", name) == plain
    return plain if ordinary else _with_digest(plain, name)


def file_names(names: Iterable[str]) -> dict[str, str]:
    """The file name of each of some names that lie in one folder: no two the same, upper and lower case taken as one.

    They are those of `file_name`; where several names share one, each of them gets its digest.
    """
    found = {name: file_name(name) for name in names}
    claims = Counter(map(same_file, found.values()))
    return {
        name: file if claims[same_file(file)] == 1 else _with_digest(_plain(name), name) for name, file in found.items()
    }


def same_file(name: str) -> str:
    """What two names have in common that are one file where case, or the form of a character, makes no difference."""
    return unicodedata.normalize("NFKC", name).casefold()


def _plain(name: str) -> str:
    """The name without what cannot stand in a file's name, cut to a length that leaves room around it."""
    clean = re.sub(r"[^\w.@+-]+", "-", name).strip("-.") or "unnamed"
    short = clean.encode()[:LONGEST].decode(errors="ignore").strip("-.")
    return f"_{short}" if _RESERVED.fullmatch(short) else short


def _with_digest(plain: str, name: str) -> str:
    """A plain name that is no other name's."""
    return f"{plain}={hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"
