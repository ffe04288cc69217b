"""Scores of many analyses are read together, and are what each would be read as by itself."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.sweep_arrays import record_of
from treeprobe.pipeline.results import finished as reading
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.findings import write_record
from treeprobe.pipeline.results.finished import SCORES, TASK_COLUMNS, Finished, collect_scores
from treeprobe.pipeline.results.score_tables import read_together
from treeprobe.pipeline.results.scores import COLUMNS, SIGNATURE, score_table

PLAIN = {
    "checkpoint": "a",
    "treebank": "bank",
    "split": "dev",
    "probe": "distance",
    "rank": 4,
    "seed": 0,
    "metric": "uuas",
}


def made(
    place: Path, number: int, rows: list[dict[str, object]] | None, *, columns: tuple[str, ...] = (*COLUMNS, SIGNATURE)
) -> Finished:
    """An analysis with a table of scores."""
    folder = place / f"task-{number}"
    folder.mkdir()
    if rows is not None:
        table = score_table([{**PLAIN, "value": 0.5, "n": 9, **row} for row in rows])
        table = table.assign(signature="made") if SIGNATURE in columns else table
        table[list(columns)].to_csv(folder / SCORES, index=False)
    about = {"family": "run", "step": number} if number % 2 else {}
    write_record(folder, {**record_of("structure", {}), "splits": {"dev": {"digest": "0"}}, **about})
    return Finished(ResultFiles.of(folder))


def one_by_one(finished: list[Finished]) -> pd.DataFrame:
    """The slow way."""
    full = [table for one in finished if not (table := one.scores()).empty]
    return pd.concat(full, ignore_index=True).reindex(columns=[*COLUMNS, SIGNATURE, *TASK_COLUMNS])


HOSTILE = [{"checkpoint": 'x","y'}, {"checkpoint": "NA"}, {"treebank": "日本\u2028語"}, {"value": None, "low": 1e-9}]


@pytest.mark.parametrize("together", [1, 3, 500])
def test_they_are_what_each_is_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    monkeypatch.setattr(reading, "_TOGETHER", together)
    rows = [[{"layer": 1}, {"layer": 2, "value": 1}], [], None, HOSTILE, [{"resampled": "documents"}, {"seed": None}]]
    finished = [made(tmp_path, number, own) for number, own in enumerate(rows)]
    # Columns of another version stand between those of this one, and the order stays.
    others = tuple(name for name in (*COLUMNS, SIGNATURE) if name not in ("resampled", "mean_low", "mean_high"))
    finished.insert(1, made(tmp_path, 9, [{"layer": 7}, {"layer": 8}], columns=others))
    assert read_together([one.files for one in finished], SCORES) is not None
    table, damaged = collect_scores(finished)
    assert damaged == {}
    pd.testing.assert_frame_equal(table, one_by_one(finished))
    assert table["layer"].tolist()[:4] == [1, 2, 7, 8]


@pytest.mark.parametrize("kind", ["two lines in a cell", "no signatures", "no end of line"])
def test_what_cannot_be_told_apart_by_lines_is_read_one_by_one(tmp_path: Path, kind: str) -> None:
    rows: list[dict[str, object]] = [{"checkpoint": "two\nlines" if kind == "two lines in a cell" else "a"}, {}]
    columns = COLUMNS if kind == "no signatures" else (*COLUMNS, SIGNATURE)
    finished = [made(tmp_path, 0, [{}]), made(tmp_path, 1, rows, columns=columns), made(tmp_path, 2, [{"layer": 3}])]
    if kind == "no end of line":
        path = tmp_path / "task-1" / SCORES
        path.write_text(path.read_text().rstrip("\n"))
        write_record(path.parent, finished[1].record)
        finished[1] = Finished(ResultFiles.of(path.parent))
    assert read_together([one.files for one in finished], SCORES) is None
    table, damaged = collect_scores(finished)
    assert damaged == {}
    pd.testing.assert_frame_equal(table, one_by_one(finished))


@pytest.mark.parametrize("text", ["", "checkpoint\n", 'a,"b\n', "\x00"])
def test_a_damaged_one_is_named_and_the_rest_read(tmp_path: Path, text: str) -> None:
    finished = [made(tmp_path, number, [{"layer": number}]) for number in range(3)]
    (tmp_path / "task-1" / SCORES).write_text(text)
    table, damaged = collect_scores(finished)
    assert list(damaged) == ["task-1"]
    assert table["layer"].tolist() == [0, 2]
