"""A start reads no record that was read before, and never believes what it knows over what the folders hold."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.sweep_arrays import finish_all, made_plan, made_up
from treeprobe.errors import OutputError
from treeprobe.pipeline import Options, Plan
from treeprobe.pipeline.results import files as result_files
from treeprobe.pipeline.results.finished import table_is_current
from treeprobe.pipeline.sweeps import Share, SweepError, sweep, sweep_share
from treeprobe.pipeline.sweeps.known_records import FILE, KnownRecords
from treeprobe.pipeline.sweeps.standing import standings_of

HOUR = 3600 * 10**9
SECOND = "model-00001--bank--structure"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Three tasks, all done, and known to be."""
    made = made_plan(tmp_path, "out", 3)
    finish_all(made)
    with made_up(0):
        sweep_share(made, Share(1, 1), progress=False)
    return made


def records_read(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks whose records a start reads."""
    read: list[str] = []
    before = result_files.read_record

    def noted(folder: Path, **more: Any) -> dict[str, Any]:
        read.append(folder.name)
        return before(folder, **more)

    with monkeypatch.context() as patch, made_up(0):
        patch.setattr(result_files, "read_record", noted)
        assert len(sweep_share(plan, Share(1, 1), progress=False).skipped) == 3
    return read


def states(plan: Plan, known: KnownRecords | None = None) -> dict[str, str]:
    """How each task stands."""
    found = standings_of(plan.tasks(), plan.folder, known=known or KnownRecords(plan.folder))
    return {name: one.state for name, one in found.items()}


def test_no_record_is_read_twice(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    assert records_read(plan, monkeypatch) == []
    with monkeypatch.context() as patch:
        patch.setattr(KnownRecords, "says_done", lambda *_: False)
        assert len(records_read(plan, monkeypatch)) == 3, "the test sees what is read"


def spoil(text: str, name: str) -> str:
    """A file of known records in which something is wrong."""
    if name == "identity":
        content = json.loads(text)
        for entry in content["tasks"].values():
            entry[0] = "0" * 64
        return json.dumps(content)
    entries = json.dumps({"tasks": {SECOND: 3}})
    return {"absent": "", "half": text[: len(text) // 2], "other": "[1]", "entries": entries}[name]


@pytest.mark.parametrize("damage", ["absent", "half", "other", "entries", "identity"])
def test_a_file_that_is_absent_or_damaged_is_made_anew(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    file = plan.folder.path / FILE
    text = spoil(file.read_text(), damage)
    file.unlink()
    if text:
        file.write_text(text)
    assert len(records_read(plan, monkeypatch)) == 3
    assert records_read(plan, monkeypatch) == []


def test_the_folders_are_what_counts(plan: Plan) -> None:
    """Whatever happens to a finished task is seen, though it is known to have been done."""
    folder, known = plan.folder.task(SECOND), KnownRecords(plan.folder)
    table, record = folder / "table-0.csv", folder / "analysis.json"
    whole, text = table.read_text(), record.read_text()
    table.write_text(whole + "3,4\n")
    assert states(plan, known)[SECOND] == "damaged"
    table.unlink()
    assert states(plan, known)[SECOND] == "damaged"
    table.write_text(whole)
    # Of the same size, and with the time that it had: what cannot be set tells.
    before = record.stat()
    record.write_text(text.replace('"summary": ""', '"summary":"" '))
    record.write_text(record.read_text().replace('"format": 2', '"format": 3'))
    os.utime(record, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert record.stat().st_size == before.st_size
    assert states(plan, known)[SECOND] == "damaged"
    record.unlink()
    assert states(plan, known)[SECOND] == "damaged"
    table.parent.rename(plan.folder.tasks / ".elsewhere")
    assert states(plan, known)[SECOND] == "to do"
    assert set(states(plan, known).values()) == {"to do", "done"}


def test_other_options_and_checkpoints_are_seen_though_records_are_known(plan: Plan, tmp_path: Path) -> None:
    with made_up(0), pytest.raises(SweepError, match="changed since it was done: options"):
        sweep(replace(plan, options=Options(ranks=(2,))), progress=False)
    (tmp_path / "out-models" / "model-00001" / "model.safetensors").write_text("other")
    with made_up(0), pytest.raises(SweepError, match=f"{SECOND}: changed since it was done: checkpoint"):
        sweep(plan, progress=False)


@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_clocks_that_are_an_hour_off_do_no_harm(plan: Plan, monkeypatch: pytest.MonkeyPatch, wrong: int) -> None:
    """Some disks take the times of whoever writes: what another machine wrote may be of tomorrow, or of yesterday."""
    assert table_is_current(plan.folder.path)
    moved, table = plan.folder.tasks, next(plan.folder.path.glob("results.*"))
    for path in (moved, moved / SECOND / "analysis.json"):
        os.utime(path, ns=(table.stat().st_mtime_ns + wrong,) * 2)
    assert not table_is_current(plan.folder.path), "something happened to the tasks since, whenever that was"
    assert SECOND in records_read(plan, monkeypatch)
    assert table_is_current(plan.folder.path)
    assert records_read(plan, monkeypatch) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize(
    "place", ["results.sweep_folder.write_json", "sweeps.plans.write_json", "sweeps.known_digests.write_json",
              "results.finished.written_whole"]
)  # fmt: skip
def test_a_start_on_a_disk_that_takes_nothing_is_one_message(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, place: str, code: int
) -> None:
    """Whatever is written first where it matters: the mark, the plan, digests, or the table of all scores."""
    for name in ("plans", "checkpoints.json", "results.parquet"):
        path = plan.folder.path / name
        for file in path.iterdir() if path.is_dir() else [path]:
            file.unlink()
    before = {path: path.stat().st_mtime_ns for path in plan.folder.tasks.rglob("*")}

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(f"treeprobe.pipeline.{place}", refuse)
    with made_up(0), pytest.raises(OutputError, match=rf"^{plan.folder.path}[^\n]*cannot be written: [^\n]+$"):
        sweep(plan, progress=False)
    assert {path: path.stat().st_mtime_ns for path in plan.folder.tasks.rglob("*")} == before


def test_what_is_known_is_not_needed_where_it_cannot_be_written(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    (plan.folder.path / FILE).unlink()

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("treeprobe.pipeline.sweeps.known_records.write_json", refuse)
    with made_up(0):
        done = sweep(plan, progress=False)
    assert len(done.skipped) == 3
    assert isinstance(done.scores, pd.DataFrame)
    assert not (plan.folder.path / FILE).exists()
