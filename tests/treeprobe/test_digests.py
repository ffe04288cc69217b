"""Digests are SHA-256 as any other tool computes it, and know nothing of a mapping's order."""

import hashlib
from pathlib import Path

import pytest

from treeprobe.digests import file_digest, json_digest


def test_a_files_digest_is_that_of_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert file_digest(tmp_path / "file") == hashlib.sha256(content).hexdigest()
    with pytest.raises(FileNotFoundError):
        file_digest(tmp_path / "absent")


def test_equal_content_equal_digest() -> None:
    one = json_digest({"layers": (0, 1), "rank": 4, "inner": {"b": 1, "a": None}})
    assert one == json_digest({"inner": {"a": None, "b": 1}, "rank": 4, "layers": [0, 1]})
    assert one == json_digest({"inner": {"a": None, "b": 1}, "rank": 4, "layers": range(2)})
    assert one != json_digest({"layers": (0, 1), "rank": 5, "inner": {"b": 1, "a": None}})
    assert one != json_digest({"layers": (1, 0), "rank": 4, "inner": {"b": 1, "a": None}})


@pytest.mark.parametrize("value", [{1, 2}, Path("x"), object()])
def test_what_has_no_one_text_is_refused(value: object) -> None:
    """A set has no order and an object no text of its own: their digest would change from process to process."""
    with pytest.raises(TypeError, match="cannot be digested"):
        json_digest({"value": value})
