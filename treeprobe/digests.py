"""SHA-256 digests, by which a record says what it depends on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def file_digest(path: Path) -> str:
    """Return the SHA-256 digest of a file's bytes, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 digest of a mapping's JSON with sorted keys, in hexadecimal: equal content, equal digest.

    Raises:
        TypeError: it holds what JSON does not, other than sequences such as ranges, which count as lists.
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=_as_list).encode()).hexdigest()


def _as_list(value: object) -> list[Any]:
    """What JSON does not know, as a list if it is a sequence. A set is none: its order is another in every process."""
    if not isinstance(value, Sequence):
        raise TypeError(f"{value!r} cannot be digested; expected JSON's types and sequences")
    return list(value)
