"""A damaged file of results is named, with what does the task again, and everything else is still reported."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from treeprobe.pipeline import (
    Options,
    Plan,
    Sources,
    Splits,
    analyse,
    compare_layers,
    dry_run,
    load_results,
    sweep,
    write_report,
)
from treeprobe.pipeline.report.results import read_results
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.findings import FindingsError, read_record, write_record
from treeprobe.pipeline.results.sweep_folder import DamagedResults

QUICK = Options(ranks=(2,), layers=(1,), epochs=1, samples=2, random_baseline=False, control=False)
FIRST, SECOND = "first--toy--structure", "second--toy--structure"


@pytest.fixture(scope="module")
def done(checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A plan of two checkpoints whose sweep is finished."""
    place = tmp_path_factory.mktemp("whole")
    for name in ("first", "second"):
        shutil.copytree(checkpoint, place / name)
    bank = Splits("toy", treebank_files["train"], treebank_files["dev"])
    plan = Plan(models=[place / "first", place / "second"], treebanks=[bank], out=place / "out", options=QUICK)
    sweep(plan, progress=False)
    return plan


@pytest.fixture
def asked(done: Plan, tmp_path: Path) -> Plan:
    """The same sweep, in a folder of its own."""
    shutil.copytree(done.out, tmp_path / "out")
    return Plan(models=done.models, treebanks=done.treebanks, out=tmp_path / "out", options=QUICK)


def flip_digit(path: Path) -> None:
    """Another number, in a file of the same size."""
    content = path.read_bytes()
    place = next(place for place in range(len(content) - 1, 0, -1) if content[place : place + 1].isdigit())
    other = b"1" if content[place : place + 1] != b"1" else b"2"
    path.write_bytes(content[:place] + other + content[place + 1 :])


def states(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["task"], table["state"]))


def test_a_record_has_the_size_and_digest_of_every_file_but_figures(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    sources = Sources(model=checkpoint, train=treebank_files["train"], dev=treebank_files["dev"])
    analyse("structure", sources, run, options=QUICK, figures=False, progress=False)
    files = ResultFiles.of(run)
    files.check(verify=True)
    found = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert files.known.keys() == found - {"analysis.json"}
    (run / "figures").mkdir()
    (run / "figures" / "mine.png").write_bytes(b"")
    write_record(run, files.record)
    assert ResultFiles.of(run).known == files.known
    flip_digit(run / "scores.csv")
    with pytest.raises(FindingsError, match=r"scores\.csv was changed after it was written.*--overwrite"):
        load_results(run)


def test_another_size_is_seen_by_the_next_sweep_and_another_byte_with_verify(asked: Plan) -> None:
    first, second = (Path(asked.out) / "tasks" / name for name in (FIRST, SECOND))
    before = load_results(asked.out)
    with (first / "trees.json").open("a") as file:
        file.write(" ")
    flip_digit(second / "probes" / "distance-layer-1-rank-2-seed-0" / "probe.json")
    assert states(dry_run(asked)) == {FIRST: "damaged", SECOND: "done"}
    table = dry_run(asked, verify=True)
    assert states(table) == {FIRST: "damaged", SECOND: "damaged"}
    assert f"{first / 'trees.json'} has" in table["reason"][0]
    assert "probe.json was changed after it was written" in table["reason"][1]
    again = sweep(asked, progress=False)
    assert (again.done, again.skipped) == ((FIRST,), (SECOND,))
    assert sweep(asked, verify=True, progress=False).done == (SECOND,)
    pd.testing.assert_frame_equal(load_results(asked.out), before)
    assert states(dry_run(asked, verify=True)) == {FIRST: "done", SECOND: "done"}


def test_a_number_changed_by_hand_is_named_and_the_rest_reported(asked: Plan) -> None:
    path = Path(asked.out) / "tasks" / FIRST / "scores.csv"
    before = load_results(asked.out)
    flip_digit(path)
    with pytest.warns(DamagedResults, match=rf"{path} was changed.*--verify to do the task {FIRST} again"):
        scores = load_results(asked.out)
    pd.testing.assert_frame_equal(scores, before[before["checkpoint"] == "second"].reset_index(drop=True))
    done = sweep(asked, progress=False)
    assert done.damaged.keys() == {FIRST}
    assert [one.checkpoint for one in read_results(asked.out).finished] == ["second"]
    page = write_report(asked.out).read_text(encoding="utf-8")
    assert str(path) in page
    with pytest.raises(FindingsError, match=str(path)):
        compare_layers(asked.out, "first")
    assert len(compare_layers(asked.out, "second")) == 1


@pytest.mark.parametrize("change", [{"summary": "other"}, {"seconds": {"total": "1"}}, {"files": 1}, {"splits": []}])
def test_a_record_changed_by_hand_is_refused_field_by_field(asked: Plan, change: dict[str, object]) -> None:
    folder = Path(asked.out) / "tasks" / FIRST
    record = read_record(folder)
    (folder / "analysis.json").write_text(json.dumps(record | change))
    with pytest.raises(FindingsError, match=r"analysis\.json: its digest is not that of its content"):
        read_record(folder)
    del record["digest"]
    (folder / "analysis.json").write_text(json.dumps(record | change))
    if "summary" in change:
        assert read_record(folder)["summary"] == "other"
    else:
        with pytest.raises(FindingsError, match=f"analysis\\.json: field {next(iter(change))}"):
            read_record(folder)


def test_records_of_before_there_were_digests_are_read(asked: Plan) -> None:
    folder = Path(asked.out) / "tasks" / FIRST
    record = read_record(folder)
    before = load_results(asked.out)
    (folder / "analysis.json").write_text(json.dumps({k: v for k, v in record.items() if k not in ("digest", "files")}))
    pd.testing.assert_frame_equal(load_results(asked.out), before)
    assert states(dry_run(asked, verify=True)) == {FIRST: "done", SECOND: "done"}
    for name in ("scores.csv", "tallies/index.json", "tallies/tallies.npz"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2] + b"\xff")
        with pytest.warns() if name == "scores.csv" else pytest.raises(FindingsError, match=name):
            compare_layers(asked.out, "first") if name != "scores.csv" else load_results(asked.out)
        (folder / name).write_bytes(content)


def test_a_report_counts_a_damaged_task_to_its_checkpoint(asked: Plan) -> None:
    flip_digit(Path(asked.out) / "tasks" / FIRST / "scores.csv")
    results = read_results(asked.out)
    assert [(one["task"], one["checkpoint"], one["analysis"]) for one in results.failed] == [
        (FIRST, "first", "structure")
    ]
    assert results.without_results == ["first"]  # not the task's name beside the checkpoint's


def test_the_mark_of_a_sweep_can_be_lost_to_damage(asked: Plan) -> None:
    before = load_results(asked.out)
    (Path(asked.out) / "sweep.json").write_text("{")
    with pytest.warns(DamagedResults, match=r"sweep\.json cannot be read.*the next sweep into this folder"):
        pd.testing.assert_frame_equal(load_results(asked.out), before)
    with pytest.warns(DamagedResults):
        sweep(asked, progress=False)
    pd.testing.assert_frame_equal(load_results(asked.out), before)


def test_a_damaged_record_of_a_failure_is_named_and_the_task_tried_again(asked: Plan) -> None:
    folder = asked.folder
    shutil.rmtree(folder.task(FIRST))
    task = asked.tasks()[0]
    path = folder.write_failure(FIRST, task.identity, about=task.about, reason="no memory", detail="Traceback")
    assert states(dry_run(asked))[FIRST] == "failed"
    path.write_text(path.read_text().replace("no memory", "no reason"))
    assert states(dry_run(asked))[FIRST] == "to do"
    (failed,) = read_results(asked.out).failed
    assert str(path) in failed["reason"]
    assert sweep(asked, progress=False).done == (FIRST,)
    assert not path.exists()
