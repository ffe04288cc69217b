"""Damaged sweeps: the same table, or the damaged file named and everything else still reported.

`--fuzz 50` makes 500 trials: 10, times 50. Each damages one file of a finished sweep, or removes it, and then reads the
scores, what a report reads, and comparisons, and asks what the next sweep would do.
"""

import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.fuzzing.damage import BYTES, LINES, damage_file, edit_json
from tests.pipeline.conftest import checkpoint, treebank_files
from treeprobe.errors import TreeprobeError
from treeprobe.extraction import Encoder
from treeprobe.pipeline import (
    Options,
    Plan,
    Splits,
    compare_by,
    compare_checkpoints,
    dry_run,
    load_results,
    probe_angles,
    sweep,
    write_report,
)
from treeprobe.pipeline.report.explorer import explorer
from treeprobe.pipeline.report.results import Results, read_results
from treeprobe.pipeline.results.sweep_folder import DamagedResults

__all__ = ["checkpoint", "treebank_files"]

TRIALS = 10
DRAWN = 50
"""One trial in so many draws the whole report, which takes seconds."""
REDONE = 100
"""One trial in so many sweeps again."""
STRUCTURES = ("first--toy--structure", "second--toy--structure")


@dataclass(frozen=True)
class Undamaged:
    """A finished sweep of two checkpoints, and of one that failed, with what is read from it."""

    plan: Plan
    out: Path
    files: tuple[Path, ...]
    scores: pd.DataFrame
    states: dict[str, str]
    compared: dict[str, Any]
    views: list[Any]

    def scores_without(self, tasks: set[str]) -> pd.DataFrame:
        """The table without the rows of some tasks."""
        names = self.scores["checkpoint"] + "--" + self.scores["treebank"] + "--" + self.scores["analysis"]
        return self.scores[~names.isin(tasks)].reset_index(drop=True)


@pytest.fixture(scope="session")
def undamaged(
    checkpoint: Path,
    treebank_files: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Undamaged:
    """Made once; each trial damages it and puts it right again."""
    place = tmp_path_factory.mktemp("fuzzed")
    models = [place / name for name in ("first", "second", "broken")]
    for seed, model in enumerate(models):
        shutil.copytree(checkpoint, model)
        Encoder.from_pretrained(checkpoint).with_random_weights(seed=seed).model.save_pretrained(model)
    (models[-1] / "model.safetensors").write_bytes(b"not weights")
    options = Options(ranks=(2,), layers=(0, 1), epochs=1, samples=2, random_baseline=False, control=False)
    plan = Plan(
        models=models,
        treebanks=[Splits("toy", treebank_files["train"], treebank_files["dev"])],
        out=place / "out",
        analyses=("structure", "heads"),
        options=options,
    )
    done = sweep(plan, progress=False)
    assert (len(done.done), len(done.failed), done.damaged) == (4, 2, {})
    files = tuple(
        path for path in sorted(done.out.rglob("*"))
        if path.is_file() and path.suffix != ".lock" and "cache" not in path.relative_to(done.out).parts
    )  # fmt: skip
    table = dry_run(plan)
    states = dict(zip(table["task"], table["state"]))
    return Undamaged(
        plan,
        done.out,
        files,
        done.scores,
        states,
        {name: ask(done.out) for name, ask in QUESTIONS.items()},
        views_of(done.out),
    )


def views_of(out: Path) -> list[Any]:
    """What the report's explorer shows, an entry a structural analysis."""
    return list(explorer(read_results(out))["views"])


QUESTIONS: dict[str, Callable[[Path], Any]] = {
    "checkpoints": lambda out: compare_checkpoints(out, "first", "second"),
    "relations": lambda out: compare_by(out, "first", "second"),
    "angles": lambda out: probe_angles(out, "first", "second"),
}


def says(path: Path) -> Any:
    """What a file says: of a record, its content, which white space and a repeated line do not change."""
    content = path.read_bytes() if path.exists() else None
    if content is None or path.name != "analysis.json":
        return content
    try:
        return json.loads(content)
    except ValueError:
        return content


@contextmanager
def damaged(path: Path, draw: Random) -> Iterator[str]:
    """Damage a file, or remove it, for as long as the block lasts; gives in which way."""
    content = path.read_bytes()
    try:
        if draw.random() < 0.1:
            path.unlink()
            yield "removed"
        else:
            kinds = {".json": (*LINES, edit_json), ".csv": LINES}.get(path.suffix, BYTES)
            yield damage_file(path, draw, kinds=kinds)
    finally:
        path.write_bytes(content)


def names(message: str, path: Path) -> bool:
    """Whether a message names a file, or says of its folder that it is not there."""
    return str(path) in message or f"{path.parent}: holds no {path.name}" in message


@contextmanager
def naming(path: Path, named: list[str]) -> Iterator[None]:
    """Note warnings about damage; each must name the file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        assert issubclass(warning.category, DamagedResults), warning
        assert names(str(warning.message), path)
        named.append(str(warning.message))


def same(found: Any, expected: Any) -> bool:
    """Whether two answers are equal."""
    return bool(found.equals(expected) if isinstance(expected, pd.DataFrame) else found == expected)


def check_scores(whole: Undamaged, path: Path, task: str | None) -> None:
    """All rows, or all but those of the damaged task, which a warning names."""
    named: list[str] = []
    with naming(path, named):
        scores = load_results(whole.out)
    if named and task is not None:
        assert f"--verify to do the task {task} again" in named[0]
        pd.testing.assert_frame_equal(scores, whole.scores_without({task}))
    else:
        pd.testing.assert_frame_equal(scores, whole.scores)


def check_report(whole: Undamaged, path: Path, task: str | None) -> None:
    """What a report reads is whole, or lacks the damaged task, which is listed with the file's name."""
    with naming(path, []):
        results: Results = read_results(whole.out)
    reasons = [str(one["reason"]) for one in results.failed if names(str(one["reason"]), path)]
    lost = {str(one["task"]) for one in results.failed} & whole.states.keys() - {
        name for name, state in whole.states.items() if state == "failed"
    }
    assert lost <= {task}
    assert bool(reasons) or not lost
    assert [one.folder.name for one in results.finished] == sorted(
        name for name, state in whole.states.items() if state == "done" and name not in lost
    )
    pd.testing.assert_frame_equal(results.scores, whole.scores_without(lost))
    assert explorer(results)["views"] == [
        one for one in whole.views if f"{one['checkpoint']}--toy--structure" not in lost
    ]
    for one in results.of("heads"):
        assert not one.table("best_heads").empty


def check_answers(whole: Undamaged, path: Path, task: str | None) -> None:
    """The same answer, or an error that names the file; of the report's tables, the other task's."""
    for name, ask in QUESTIONS.items():
        refusal = ""
        try:
            with naming(path, []):
                found = ask(whole.out)
        except TreeprobeError as error:
            refusal = str(error)
        if refusal:
            assert task in STRUCTURES
            assert names(refusal, path)
        else:
            assert same(found, whole.compared[name])


def check_next_sweep(whole: Undamaged, path: Path, task: str | None) -> bool:
    """With `verify`, the damaged task is to be done again and the file named, and nothing else; returns whether so."""
    named: list[str] = []
    with naming(path, named):
        quick, found = dry_run(whole.plan), dry_run(whole.plan, verify=True)
    for table in (quick, found):
        for name, state, reason in table[["task", "state", "reason"]].itertuples(index=False):
            if state != whole.states[name]:
                assert name == task or path.name == f"{name}.json"
                assert (state, whole.states[name]) in {("damaged", "done"), ("to do", "failed")}
                assert state == "to do" or names(reason, path)
    return bool((found["state"] == "damaged").any())


@pytest.fixture
def trial(undamaged: Undamaged) -> Callable[[int], None]:
    """One trial by its seed."""

    def run(seed: int) -> None:
        draw = Random(seed)
        path = draw.choice(undamaged.files)
        place = path.relative_to(undamaged.out)
        task = place.parts[1] if place.parts[0] == "tasks" else None
        said = says(path)
        with damaged(path, draw) as way:
            try:
                if place.name == "sweep.json" and way == "removed":
                    with pytest.raises(TreeprobeError, match="expected"):
                        load_results(undamaged.out)
                    return
                if place.name == "sweep.json" and way == "edit_json":
                    return  # another format, which is refused as such: see the tests of sweeps
                check_scores(undamaged, path, task)
                check_report(undamaged, path, task)
                check_answers(undamaged, path, task)
                redo = check_next_sweep(undamaged, path, task)
                if task is not None:
                    assert redo or says(path) == said, "damage to a task goes unseen"
                if seed % DRAWN == DRAWN - 1:
                    with naming(path, []):
                        write_report(undamaged.out, undamaged.out / "again.html")
                if redo and seed % REDONE == REDONE - 1:
                    shutil.copytree(undamaged.out, copy := undamaged.out.with_name(f"copy-{seed}"))
                    again = sweep(replace(undamaged.plan, out=copy), verify=True, progress=False)
                    assert again.done == (task,)
                    shutil.rmtree(copy)
            except Exception as error:
                raise AssertionError(f"seed {seed}, {way} of {place}: {type(error).__name__}: {error}") from error

    return run


def test_damaged_sweeps_give_the_same_table_or_name_the_file(
    trial: Callable[[int], None], undamaged: Undamaged, fuzz: int
) -> None:
    assert np.unique([path.suffix for path in undamaged.files]).size >= 5
    for seed in range(TRIALS * fuzz):
        trial(seed)
