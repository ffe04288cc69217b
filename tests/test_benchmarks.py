"""What benchmarks measure with, that what they compare gives the same figures, and the table that they make."""

import ast
import importlib
import importlib.util
import mmap
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.bare import ready_batches, sentence_states
from benchmarks.extraction_speed import check_vectors
from benchmarks.head_statistics import check_survey, numpy_loop, survey
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
from benchmarks.probes_speed import LOOPS, Loss, Textbook, Work
from benchmarks.table import PAGE, RESULTS, ROOT, markdown, table_of, with_table
from treeprobe.extraction import Encoder, embedded_checkpoint, extract
from treeprobe.parsing import Treebank
from treeprobe.parsing.stimuli import natural_sentences


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
    with filled_pages(256):
        pass
    begin_peak_anew()
    before = peak_megabytes()
    assert before < resident_megabytes() + 50
    with filled_pages(128):
        assert peak_megabytes() > before + 100


@contextmanager
def filled_pages(megabytes: int) -> Iterator[None]:
    """Memory straight from the system: an allocator may hand out what was freed before."""
    with mmap.mmap(-1, megabytes << 20) as pages:
        for _ in range(megabytes):
            pages.write(bytes([1]) * (1 << 20))
        yield


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_every_benchmark_finds_what_it_imports(path: Path) -> None:
    """Its names too: a benchmark is seldom run, and what it measures moves."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in ("treeprobe", "benchmarks"):
            module = importlib.import_module(str(node.module))
            assert [alias.name for alias in node.names if not names_something(module, alias.name)] == []


def test_benchmarks_that_pages_name_exist() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    named = {name for page in pages for name in re.findall(r"benchmarks\.(\w+)", page.read_text(encoding="utf-8"))}
    assert len(named) > 8
    assert {name for name in named if importlib.util.find_spec(f"benchmarks.{name}") is None} == set()


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


@pytest.mark.parametrize(("name", "page"), [("gpu", "docs/how-to/gpu.md"), ("bfloat16", "docs/speed.md")])
def test_pages_show_what_was_measured_on_other_machines(name: str, page: str) -> None:
    measured = markdown(*read_rows(RESULTS.with_name(f"{name}.json")))
    assert measured in (ROOT / page).read_text(encoding="utf-8")


def test_the_table_has_a_row_for_every_benchmark_of_the_set() -> None:
    """A part of the set cannot pass for all of it."""
    _, rows = read_rows(RESULTS)
    names = " ".join(row.name for row in rows)
    for quantity in ("fit_all", "extraction with its cache", "treeprobe run", "growth of its peak memory", "sweep"):
        assert quantity in names
    assert all(row.value is not None or row.note for row in rows), "a row that was not measured says why"


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.from_pretrained(embedded_checkpoint())


@pytest.fixture(scope="module")
def bank() -> Treebank:
    return natural_sentences("test")[:12]


def test_one_sentence_at_a_time_gives_the_vectors_of_extraction(encoder: Encoder, bank: Treebank) -> None:
    expected = sentence_states(encoder, bank.words)
    check_vectors(encoder, bank.words, expected)
    with pytest.raises(AssertionError):
        check_vectors(encoder, bank.words, [each[:, ::-1] for each in expected])


def test_the_numpy_loop_gives_the_figures_of_the_survey(encoder: Encoder, bank: Treebank) -> None:
    found, (behaviour, correct) = survey(encoder, bank), numpy_loop(encoder, bank)
    check_survey(found, (behaviour, correct))
    with pytest.raises(AssertionError, match="entropy"):
        check_survey(found, (behaviour | {"entropy": behaviour["entropy"] * 1.1}, correct))


@pytest.mark.parametrize("loss", LOOPS.values(), ids=LOOPS.keys())
def test_textbook_loops_give_the_losses_of_probes(encoder: Encoder, bank: Treebank, loss: Loss) -> None:
    states = extract(encoder, bank.words)
    textbook = Textbook.of(Work(bank, bank, states, states))
    textbook.check(loss)
    with pytest.raises(AssertionError):
        textbook.check(lambda matrix, vectors, gold: 1.1 * loss(matrix, vectors, gold))


def test_bare_batches_hold_every_sentence_once_within_their_budget(encoder: Encoder, bank: Treebank) -> None:
    batches = ready_batches(encoder, bank.words, budget=100)
    assert sum(len(batch["input_ids"]) for batch in batches) == len(bank)
    assert all(batch["input_ids"].numel() <= 100 for batch in batches)
    assert len(batches) > 1
