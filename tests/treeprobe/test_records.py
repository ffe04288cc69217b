"""Records are read as what they are expected to be, or refused: the file, the field, what was found and expected."""

import json
from pathlib import Path

import pytest

from treeprobe.errors import TreeprobeError
from treeprobe.records import SEAL, Fields, sealed

CONTENT = {
    "name": "bert",
    "whole": True,
    "size": 3,
    "layers": [0, 1],
    "files": {"a.npy": {"bytes": 8}},
    "shards": [{"key": "x"}],
}


class RecordError(TreeprobeError, ValueError):
    pass


def read(path: Path, content: object) -> Fields:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return Fields.read(path, error=RecordError, remedy="write it again")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    for content in (CONTENT, sealed(CONTENT)):
        fields = read(tmp_path / "record.json", content)
        assert fields.sealed == (SEAL in content)
        assert (fields.text("name"), fields.flag("whole"), fields.integer("size")) == ("bert", True, 3)
        assert fields.integers("layers") == (0, 1)
        assert fields.table("files")["a.npy"].integer("bytes") == 8
        assert [part.text("key") for part in fields.parts("shards")] == ["x"]


def test_a_seal_does_not_depend_on_order_or_spaces_and_covers_every_value(tmp_path: Path) -> None:
    record = sealed(CONTENT | {"path": tmp_path})
    assert record["path"] == str(tmp_path)
    shuffled = dict(reversed(record.items()))
    assert read(tmp_path / "record.json", json.dumps(shuffled, indent=3)).sealed
    for changed in ({"size": 4}, {"more": 1}, {"files": {"a.npy": {"bytes": 9}}}, {SEAL: None}):
        with pytest.raises(
            RecordError, match=r"record\.json: its digest .* changed since it was written; write it again"
        ):
            read(tmp_path / "record.json", record | changed)


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", "[" * 100_000, "\udcff"])
def test_what_is_no_record_is_refused_by_name(content: str, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(RecordError, match=r"record\.json .*; write it again"):
        Fields.read(path, error=RecordError, remedy="write it again")


def test_a_record_that_is_not_there_is_left_to_the_caller(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Fields.read(tmp_path / "record.json", error=RecordError, remedy="write it again")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda fields: fields.text("size"), "field size is 3, expected text"),
        (lambda fields: fields.flag("size"), "field size is 3, expected true or false"),
        (lambda fields: fields.integer("whole"), "field whole is true, expected an integer of at least 0"),
        (lambda fields: fields.integer("size", least=4), "field size is 3, expected an integer of at least 4"),
        (lambda fields: fields.integer("none"), "field none is missing, expected an integer"),
        (lambda fields: fields.integers("shards"), "field shards is .*, expected a list of integers of at least 0"),
        (lambda fields: fields.parts("layers"), r"field layers\[0\] is 0, expected an object"),
        (lambda fields: fields.table("files")["a.npy"].text("bytes"), r"field files\.a\.npy\.bytes is 8, expected"),
    ],
)
def test_a_field_of_another_kind_is_named(ask, message: str, tmp_path: Path) -> None:
    fields = read(tmp_path / "record.json", CONTENT)
    with pytest.raises(RecordError, match=f"record.json: {message}"):
        ask(fields)
