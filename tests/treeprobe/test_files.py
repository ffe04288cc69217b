"""Nothing half-written: an output file or folder appears whole or not at all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from treeprobe.errors import OutputError
from treeprobe.files import remove_drafts, staged_folder, write_json, written_whole


def test_the_folder_appears_when_the_work_is_done(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with staged_folder(out) as staging:
        (staging / "scores.csv").write_text("a\n")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["scores.csv"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), staged_folder(tmp_path / "out") as staging:
        (staging / "half").write_text("x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_older_result_survives_a_failure(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "scores.csv").write_text("old")
    with pytest.raises(OutputError, match="already holds files"), staged_folder(out):
        pass
    with pytest.raises(ZeroDivisionError), staged_folder(out, overwrite=True):
        raise ZeroDivisionError
    assert (out / "scores.csv").read_text() == "old"
    with staged_folder(out, overwrite=True) as staging:
        (staging / "scores.csv").write_text("new")
    assert (out / "scores.csv").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    with pytest.raises(OutputError, match="is a file"), staged_folder(tmp_path / "out", overwrite=True):
        pass
    assert (tmp_path / "out").read_text() == "precious"


def test_two_cannot_write_one_folder_at_a_time(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with staged_folder(out) as staging:
        (staging / "scores.csv").write_text("first")
        for overwrite in (False, True):
            with (
                pytest.raises(OutputError, match="another process is writing it"),
                staged_folder(out, overwrite=overwrite),
            ):
                pass
        assert (staging / "scores.csv").read_text() == "first"
    assert (out / "scores.csv").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    script = """
import os, sys
from treeprobe.files import staged_folder
with staged_folder(sys.argv[1]) as staging:
    (staging / "half").write_text("x")
    os._exit(9)
"""
    killed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "out")],
        check=False,
    )
    assert killed.returncode == 9
    assert {path.name for path in tmp_path.iterdir()} == {".out.partial", ".out.partial.lock"}
    with staged_folder(tmp_path / "out") as staging:
        (staging / "whole").write_text("y")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["whole"]


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(OutputError, match="cannot write in"), staged_folder(tmp_path / "file" / "out"):
        pass


def test_a_file_appears_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole(target) as draft:
        draft.write_text("half")
        assert target.read_text() == "old"
        raise ZeroDivisionError
    assert target.read_text() == "old"
    with written_whole(target) as draft:
        draft.write_text("new")
        assert draft.suffix == target.suffix
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_may_be_read_by_whoever_the_umask_allows(tmp_path: Path) -> None:
    with written_whole(tmp_path / "ours") as draft:
        draft.touch()
    (tmp_path / "plain").touch()
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_drafts_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".hidden").touch()
    (tmp_path / ".folder.partial").mkdir()
    with written_whole(tmp_path / "table.csv") as draft:
        draft.touch()
    draft.touch()  # as a process that was killed within the block leaves it
    remove_drafts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", ".hidden"}


def test_json_is_readable_and_whole(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"model": tmp_path, "name": "größe", "ranks": (1, 2)})
    text = (tmp_path / "run.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"model": str(tmp_path), "name": "größe", "ranks": [1, 2]}
    assert "größe" in text
    assert text.endswith("}\n")
    circular: dict[str, object] = {}
    circular["itself"] = circular
    with pytest.raises(ValueError, match="Circular"):
        write_json(tmp_path / "run.json", circular)
    assert (tmp_path / "run.json").read_text(encoding="utf-8") == text
