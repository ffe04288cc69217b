"""The benchmark of growth tells what is linear, flat and shared from what is not, and draws what was measured."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.growth import TIMES, Point, Task, added, by_count, by_words, curves, exponent, read_points, rows, tasks
from benchmarks.growth_figure import growth_figure

LAYERS = 7


def measured(seconds: Callable[[Task], float], megabytes: Callable[[Task], float]) -> list[Point]:
    """The points of a model of 7 layers whose costs are known."""
    return [Point(task, 1000 * task.times, seconds(task), megabytes(task)) for task in tasks(LAYERS)]


def shared(task: Task) -> float:
    """Linear in words; a further layer costs 0.9 of the first, a further rank 0.4, a further seed 0.25."""
    return task.times * (0.1 + 0.9 * task.layers) * (0.6 + 0.4 * task.ranks) * (0.75 + 0.25 * task.seeds)


GOOD = measured(shared, lambda task: 500.0 + task.times)


def test_no_point_is_measured_twice() -> None:
    assert len(set(tasks(LAYERS))) == len(tasks(LAYERS))
    assert len(set(tasks(2))) == len(tasks(2))


def test_the_exponent_is_that_of_the_words() -> None:
    for power in (0.5, 1.0, 2.0):
        points = measured(lambda task, power=power: 3.0 * task.times**power, lambda _: 500.0)  # type: ignore[misc]
        assert [exponent(along) for along in by_words(points).values()] == pytest.approx([power] * 3)


def test_an_added_one_is_a_share_of_the_first() -> None:
    found = {name: added(counted) for name, counted in by_count(GOOD).items()}
    assert found == pytest.approx({"layers": 0.9, "ranks": 0.4, "seeds": 0.25})


def test_goals_are_met_by_what_is_linear_flat_and_shared_alone() -> None:
    assert {row.met for row in rows(GOOD)} == {True, None}
    slow = measured(lambda task: shared(task) * task.times, lambda _: 500.0)
    assert [row.met for row in rows(slow) if "exponent" in row.name] == [False] * 3
    large = measured(shared, lambda task: 500.0 + 20 * task.times)
    assert [row.met for row in rows(large) if "memory" in row.name] == [False] * 3
    apart = measured(lambda task: shared(task) * task.ranks * task.seeds, lambda _: 500.0)
    assert [row.met for row in rows(apart) if "one more" in row.name] == [None, False, False]


def test_the_figure_shows_what_was_measured() -> None:
    time_words, time_counts, memory_words, memory_counts = growth_figure(*curves(GOOD)).axes
    drawn = [line.get_xydata().tolist() for line in time_words.lines if line.get_marker() not in ("None", "")]
    assert drawn == [[[p.words, p.seconds] for p in along] for along in by_words(GOOD).values()]
    layers = next(line for line in time_counts.lines if line.get_marker() not in ("None", ""))
    assert layers.get_xdata().tolist() == [1, 2, 3, 4]
    assert layers.get_ydata().tolist() == pytest.approx([0.1 + 0.9 * count for count in (1, 2, 3, 4)])
    assert memory_words.get_ylim()[0] == memory_counts.get_ylim()[0] == 0
    assert [line.get_ydata().tolist() for line in memory_words.lines] == [[500.0 + times for times in TIMES]] * 3


def test_points_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    path.write_text(json.dumps({"points": [asdict(point) for point in GOOD]}))
    assert read_points(path) == GOOD
