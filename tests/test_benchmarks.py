"""What benchmarks measure with."""

import ast
import importlib
import importlib.util
import time
from pathlib import Path
from types import ModuleType

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
from benchmarks.table import PAGE, RESULTS, ROOT, markdown, table_of, with_table


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


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_every_benchmark_finds_what_it_imports(path: Path) -> None:
    """Its names too: a benchmark is seldom run, and what it measures moves."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in ("treeprobe", "benchmarks"):
            module = importlib.import_module(str(node.module))
            assert [alias.name for alias in node.names if not names_something(module, alias.name)] == []


def names_something(module: ModuleType, name: str) -> bool:
    """Whether a module has the name, or is a package with such a module."""
    return hasattr(module, name) or importlib.util.find_spec(f"{module.__name__}.{name}") is not None


def test_the_page_shows_the_table_that_was_measured() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert table_of(page) == markdown(*read_rows(RESULTS))
    changed = with_table(page, "another")
    assert table_of(changed) == "another"
    assert changed != page
    with pytest.raises(ValueError, match="no table to replace"):
        with_table("a page without marks", "table")


def test_the_table_has_a_row_for_every_benchmark_of_the_set() -> None:
    """A part of the set cannot pass for all of it."""
    _, rows = read_rows(RESULTS)
    names = " ".join(row.name for row in rows)
    for quantity in ("fit_all", "extraction with its cache", "treeprobe run", "growth of its peak memory", "sweep"):
        assert quantity in names
    assert all(row.value is not None or row.note for row in rows), "a row that was not measured says why"
