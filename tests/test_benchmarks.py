"""What benchmarks measure with."""

import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.measuring import (
    Ratio,
    Timings,
    begin_peak_anew,
    interleaved,
    line_of,
    median_of,
    peak_megabytes,
    ratio,
    read_rows,
    resident_megabytes,
    write_rows,
)


def test_sides_take_turns_and_both_clocks_run() -> None:
    turns = []
    times = interleaved(
        {"busy": lambda: turns.append("busy") or sum(range(300_000)), "idle": lambda: turns.append("idle") or rest()},
        rounds=2,
    )
    assert turns == ["busy", "idle", "busy", "idle"]
    assert min(times["busy"].processor) > 2 * max(times["idle"].processor)
    assert min(times["idle"].wall) > 0.02


def rest() -> None:
    time.sleep(0.02)


def test_a_ratio_is_the_median_over_rounds_of_what_stood_side_by_side() -> None:
    slow, fast = Timings((2.0, 9.0, 8.0), (1.0, 1.0, 1.0)), Timings((1.0, 3.0, 2.0), (2.0, 2.0, 2.0))
    found = ratio("name", slow, fast, scale=10)
    assert (found.value, found.spread) == (30, (20, 40))
    assert ratio("name", slow, fast, clock="processor").value == 0.5


@pytest.mark.parametrize(
    ("value", "goal", "better", "met"),
    [
        (1.9, 2.0, "lower", True),
        (2.1, 2.0, "lower", False),
        (2.1, 2.0, "higher", True),
        (1.9, 2.0, "higher", False),
        (None, 2.0, "lower", None),
        (1.9, None, "lower", None),
    ],
)
def test_a_goal_is_met_on_its_better_side(value: float, goal: float, better: str, met: bool) -> None:
    row = Ratio("name", value, goal=goal, better=better)
    assert row.met is met
    verdict = {True: "met", False: "missed", None: "not measured" if value is None else ""}[met]
    assert line_of(row).split("  ")[-1] == verdict


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = [median_of("one", [1.0, 3.0, 2.0], goal=2.5), Ratio("two", None, goal=1.0, note="no bfloat16 here")]
    write_rows(tmp_path / "rows.json", rows)
    machine, found = read_rows(tmp_path / "rows.json")
    assert found == rows
    assert machine["cores"] >= 1
    assert machine["torch"]


def test_the_peak_begins_anew_and_sees_what_is_taken_after() -> None:
    held = np.ones(1 << 25)  # 256 MiB
    del held
    begin_peak_anew()
    before = peak_megabytes()
    assert before < resident_megabytes() + 50
    held = np.ones(1 << 24)
    assert peak_megabytes() > before + 100
    assert len(held)
