"""The jobs of an array: each begins with its own share, and all of them together do everything."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treeprobe.pipeline.sweeps import Share, SweepError


def tasks(count: int) -> list[Any]:
    return [SimpleNamespace(name=f"task-{number}") for number in range(count)]


@given(st.integers(1, 40), st.integers(1, 70))
def test_shares_are_a_partition_into_nearly_equal_runs(count: int, jobs: int) -> None:
    all_tasks = tasks(count)
    shares = [Share(number, jobs).own(all_tasks) for number in range(1, jobs + 1)]
    assert [task for share in shares for task in share] == all_tasks
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(st.integers(1, 40), st.integers(1, 12), st.data())
def test_each_job_begins_with_its_own_and_helps_with_all(count: int, jobs: int, data: st.DataObject) -> None:
    all_tasks = tasks(count)
    share = Share(data.draw(st.integers(1, jobs)), jobs)
    ordered = share.ordered(all_tasks, among=all_tasks)
    own = share.own(all_tasks)
    assert ordered[: len(own)] == own
    assert sorted(task.name for task in ordered) == sorted(task.name for task in all_tasks)
    # What is left keeps its place in the shares, whatever has ended.
    left = data.draw(st.lists(st.sampled_from(all_tasks), unique_by=lambda task: task.name))
    assert share.ordered(left, among=all_tasks) == [task for task in ordered if task in left]


def test_helpers_begin_where_the_owner_will_be_last() -> None:
    all_tasks = tasks(6)
    names = [task.name[5:] for task in Share(2, 3).ordered(all_tasks, among=all_tasks)]
    assert "".join(names) == "235410"


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "a/b", "1/0", "-1/4", "1/4/2"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(SweepError, match="expected I/N with I from 1 to N, such as 3/8"):
        Share.parse(text)


def test_a_share_is_read_and_said_the_same_way() -> None:
    assert Share.parse(" 3/8 ") == Share(3, 8)
    assert str(Share(3, 8)) == "3/8"


@pytest.mark.parametrize(
    ("place", "first", "step", "count", "expected"),
    [
        ("1", "1", "1", "8", "1/8"),
        ("8", "1", "1", "8", "8/8"),
        ("0", "0", "1", "4", "1/4"),
        ("50", "10", "20", "4", "3/4"),
    ],
)
def test_jobs_of_a_slurm_array_know_their_share(place: str, first: str, step: str, count: str, expected: str) -> None:
    names = ("ID", "MIN", "STEP", "COUNT")
    environment = {f"SLURM_ARRAY_TASK_{name}": value for name, value in zip(names, (place, first, step, count))}
    assert str(Share.of_array(environment)) == expected


def test_arrays_with_gaps_and_no_arrays() -> None:
    found = {
        str(Share.of_array({"SLURM_ARRAY_TASK_ID": place, "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "3"}))
        for place in ("1", "5", "7")
    }
    assert found <= {"1/3", "2/3", "3/3"}
    assert Share.of_array({}) is None
    assert str(Share.of_array({"SLURM_ARRAY_TASK_ID": "4"})) == "1/1"
    with pytest.raises(SweepError, match="found SLURM_ARRAY_TASK_ID=four"):
        Share.of_array({"SLURM_ARRAY_TASK_ID": "four"})
