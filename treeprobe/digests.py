"""SHA-256 digests, by which a record says what it depends on."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a mapping as JSON with sorted keys, in hexadecimal: equal content, equal digest."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=list).encode()).hexdigest()
