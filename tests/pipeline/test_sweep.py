"""A sweep does each task once, whatever happens in between, and names what is wrong."""

import errno
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from treeprobe.extraction import Encoder
from treeprobe.parsing import TreebankError
from treeprobe.pipeline.structural.analysis import ProbeOptions
from treeprobe.pipeline.structural.run import run
from treeprobe.pipeline.sweeping import (
    Backend,
    Splits,
    Sweep,
    SweepError,
    SweepOptions,
    find_checkpoints,
    load_results,
    plan,
    sweep,
)
from treeprobe.pipeline.sweeping import tasks as task_module
from treeprobe.pipeline.sweeping.estimate import cache_sizes
from treeprobe.pipeline.sweeping.plan import Analysis, plan_tasks
from treeprobe.pipeline.sweeping.report import write_report

OPTIONS = SweepOptions(ranks=(4,), training={"epochs": 2}, samples=5)
KEYS = ["checkpoint", "treebank", "split", "layer", "probe", "rank", "seed", "metric", "analysis", "trained_on"]


@pytest.fixture(scope="session")
def splits(treebank_files: dict[str, Path]) -> Splits:
    """The toy treebank by name."""
    return Splits("toy", treebank_files["train"], treebank_files["dev"], treebank_files["test"])


@pytest.fixture(scope="session")
def models(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two good checkpoints and one that cannot be read."""
    folder = tmp_path_factory.mktemp("models")
    found = {name: folder / name for name in ("first", "second", "broken")}
    for seed, name in enumerate(("first", "second"), start=1):
        shutil.copytree(checkpoint, found[name])
        Encoder.from_pretrained(checkpoint).with_random_weights(seed=seed).model.save_pretrained(found[name])
    shutil.copytree(checkpoint, found["broken"])
    (found["broken"] / "model.safetensors").write_bytes(b"not weights")
    return found


@pytest.fixture(scope="session")
def done(models: dict[str, Path], splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A sweep of the three in this process."""
    out = tmp_path_factory.mktemp("sweep") / "out"
    return sweep(models.values(), splits, out, options=OPTIONS, progress=False)


def ordered(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values(KEYS, ignore_index=True)


def test_an_unreadable_checkpoint_is_named_and_the_rest_goes_on(done: Sweep) -> None:
    assert set(done.done) == {"first--toy--structure", "second--toy--structure"}
    (reason,) = done.failed.values()
    assert "broken" in reason
    assert reason.startswith("CheckpointError")
    record = json.loads((done.out / "failures" / "broken--toy--structure.json").read_text())
    assert record["reason"] == reason
    assert "Traceback" in record["detail"]
    assert set(done.scores["checkpoint"]) == {"first", "second"}


def test_controls_come_with_selectivity_and_ranks_end_at_the_width(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    width = Encoder.from_pretrained(models["first"]).dim
    options = SweepOptions(
        ranks=(4, 4096), layers=(1,), training={"epochs": 1}, samples=0, random_baseline=False, control=True
    )
    scores = sweep([models["first"]], splits, tmp_path / "out", options=options, progress=False).scores
    assert set(scores["rank"].dropna()) == {4, width}
    keys = ["split", "layer", "rank", "seed", "metric"]
    control = scores[scores["probe"] == "control"].set_index(keys)["value"]
    probes = scores[scores["probe"].isin(["distance", "depth"])].set_index(keys)["value"]
    assert control.groupby("metric").size().unique().tolist() == [2 * 2]
    for (*where, metric), value in control.items():
        selectivity = probes[(*where, f"selectivity_{metric}")]
        assert selectivity == pytest.approx(probes[(*where, metric)] - value, nan_ok=True)


@pytest.mark.slow
def test_scores_are_those_of_a_run(done: Sweep, models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    alone = run(
        models["first"],
        splits.train,
        splits.dev,
        tmp_path / "run",
        test=splits.test,
        options=ProbeOptions(rank=4, training={"epochs": 2}),
        control=False,
        progress=False,
    ).scores
    keys = ["split", "layer", "probe", "metric"]
    swept = done.scores[done.scores["checkpoint"] == "first"]
    both = alone.merge(swept, on=keys, how="outer", suffixes=("", "_swept"), indicator=True)
    assert (both["_merge"] == "both").all()
    pd.testing.assert_series_equal(both["value"], both["value_swept"], check_names=False, atol=1e-5)
    pd.testing.assert_series_equal(both["low"], both["low_swept"], check_names=False, atol=1e-5)


def test_finished_tasks_are_not_done_again(
    done: Sweep, models: dict[str, Path], splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("a finished task was done again")

    monkeypatch.setattr(task_module, "analyse", never)
    again = sweep(models.values(), splits, done.out, options=OPTIONS, progress=False)
    assert again.done == ()
    assert set(again.skipped) == set(done.done)
    assert again.failed_before == done.failed
    pd.testing.assert_frame_equal(again.scores, done.scores)


def test_retry_takes_failures_up_again(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    mended = tmp_path / "broken"
    shutil.copytree(models["broken"], mended)
    names = [models["first"], mended]
    first = sweep(names, splits, tmp_path / "out", options=OPTIONS, progress=False)
    assert len(first.failed) == 1
    assert sweep(names, splits, tmp_path / "out", options=OPTIONS, progress=False).failed == {}
    assert len(sweep(names, splits, tmp_path / "out", options=OPTIONS, retry=True, progress=False).failed) == 1
    shutil.copy(models["second"] / "model.safetensors", mended)
    # Other weights than those that failed: there is something to do without being asked.
    last = sweep(names, splits, tmp_path / "out", options=OPTIONS, progress=False)
    assert last.done == ("broken--toy--structure",)
    assert list((tmp_path / "out" / "failures").iterdir()) == []


@pytest.mark.slow
def test_local_processes_give_the_same_table(
    done: Sweep, models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    spread = sweep(models.values(), splits, tmp_path / "out", options=OPTIONS, backend=Backend(jobs=2), progress=False)
    assert set(spread.done) == set(done.done)
    pd.testing.assert_frame_equal(ordered(spread.scores), ordered(done.scores), atol=1e-4)


def test_the_table_on_disk_is_what_is_loaded(done: Sweep) -> None:
    table = pd.read_parquet(done.out / "results.parquet")
    pd.testing.assert_frame_equal(table, load_results(done.out), check_dtype=False)
    assert not table.duplicated(KEYS).any()


def test_a_task_cut_short_counts_for_nothing(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    out = tmp_path / "out"
    half = out / "tasks" / ".first--toy--structure.partial"
    sweep([models["second"]], splits, out, options=OPTIONS, progress=False)
    shutil.copytree(out / "tasks" / "second--toy--structure", half)
    (half / "task.json").unlink()
    assert set(load_results(out)["checkpoint"]) == {"second"}
    resumed = sweep([models["first"], models["second"]], splits, out, options=OPTIONS, progress=False)
    assert resumed.done == ("first--toy--structure",)
    assert not half.exists()


def test_changes_are_named_and_nothing_is_lost(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    train = tmp_path / "train.conllu"
    shutil.copy(splits.train, train)
    mine = Splits("toy", train, splits.dev)
    before = sweep([models["first"]], mine, tmp_path / "out", options=OPTIONS, progress=False)
    text = train.read_text().split("\n\n")
    train.write_text("\n\n".join(text[:-6]) + "\n\n")
    with pytest.raises(SweepError, match=r"first--toy--structure: changed since it was done: train\n.*--replace"):
        sweep([models["first"]], mine, tmp_path / "out", options=OPTIONS, progress=False)
    pd.testing.assert_frame_equal(load_results(tmp_path / "out"), before.scores)
    again = sweep([models["first"]], mine, tmp_path / "out", options=OPTIONS, replace=True, progress=False)
    assert again.done == ("first--toy--structure",)
    assert len(again.scores) == len(before.scores)
    assert not again.scores["value"].equals(before.scores["value"])


def test_caches_are_dropped_when_asked(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    kept = sweep([models["first"]], splits, tmp_path / "kept", options=OPTIONS, progress=False)
    assert any((kept.out / "cache").rglob("*.safetensors"))
    dropped = sweep([models["first"]], splits, tmp_path / "dropped", options=OPTIONS, keep_cache=False, progress=False)
    assert not any((dropped.out / "cache").rglob("*.safetensors"))
    pd.testing.assert_frame_equal(dropped.scores, kept.scores)


def test_a_full_disk_stops_the_sweep_and_keeps_what_is_finished(
    models: dict[str, Path], splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyse = task_module.analyse

    def full_at_second(task: Any, *rest: Any) -> None:
        analyse(task, *rest)
        if task.checkpoint.name == "second":
            raise OSError(errno.ENOSPC, "No space left on device")

    names = [models["first"], models["second"]]
    with monkeypatch.context() as patch:
        patch.setattr(task_module, "analyse", full_at_second)
        with pytest.raises(SweepError, match=r"the disk is full.*second--toy--structure was left undone"):
            sweep(names, splits, tmp_path / "out", options=OPTIONS, progress=False)
    assert set(load_results(tmp_path / "out")["checkpoint"]) == {"first"}
    assert list((tmp_path / "out" / "failures").iterdir()) == []
    assert sweep(names, splits, tmp_path / "out", options=OPTIONS, progress=False).done == ("second--toy--structure",)


def test_a_dry_run_writes_nothing_and_says_how_things_stand(
    done: Sweep, models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    table, line = plan(models.values(), splits, tmp_path / "out", options=OPTIONS)
    assert not (tmp_path / "out").exists()
    assert (table["state"] == "to do").all()
    assert "3 of 3 tasks to do" in line
    table, line = plan(models.values(), splits, done.out, options=OPTIONS)
    assert dict(zip(table["task"], table["state"])) == {
        "first--toy--structure": "done",
        "second--toy--structure": "done",
        "broken--toy--structure": "failed",
    }


def test_the_estimated_disk_is_the_disk_used(done: Sweep, models: dict[str, Path], splits: Splits) -> None:
    table, _ = plan([models["first"]], splits, done.out, options=OPTIONS)
    files = (done.out / "cache" / "first").rglob("*.safetensors")
    used = sum(path.stat().st_size for path in files)
    # Headers of the files come on top of the states themselves.
    assert table["cache_bytes"].item() == pytest.approx(used, rel=0.15)


def test_the_estimate_counts_what_is_read(done: Sweep, models: dict[str, Path], splits: Splits) -> None:
    few = replace(OPTIONS, max_sentences=6)
    whole, part = (plan([models["first"]], splits, done.out / "new", options=one)[0] for one in (OPTIONS, few))
    words = sum(len(sentence) for bank in splits.read().values() for sentence in bank[:6])
    # Two blocks and the embeddings, 16 wide, at two bytes, of the checkpoint and of its random twin.
    assert part["cache_bytes"].item() == words * 3 * 16 * 2 * 2
    assert part["seconds"].item() < whole["seconds"].item()


def test_a_plan_says_what_it_takes_for_a_hub_name(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    table, line = plan([models["first"], "owner/mistyped"], splits, tmp_path / "out", options=OPTIONS)
    assert table["seconds"].isna().tolist() == [False, True]
    assert "not counted: owner/mistyped, of which no configuration lies here" in line
    assert "hub" not in plan([models["first"]], splits, tmp_path / "out", options=OPTIONS)[1]


def test_states_that_tasks_share_are_counted_once(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    banks = [splits, replace(splits, name="other")]
    asked: list[tuple[Analysis, ...]] = [("structure",), ("structure", "transfer", "heads")]
    for analyses in asked:
        table, _ = plan([models["first"]], banks, tmp_path / "out", options=OPTIONS, analyses=analyses)
        tasks = plan_tasks(find_checkpoints([models["first"]]), banks, analyses, OPTIONS)
        alone = table["cache_bytes"][table["task"].str.endswith("structure")].sum()
        assert cache_sizes(table, tasks) == [alone]
    assert table["cache_bytes"].sum() > alone


def test_more_metrics_than_a_report_knows_do_no_harm(done: Sweep, tmp_path: Path) -> None:
    shutil.copytree(done.out, tmp_path / "out")
    for path in (tmp_path / "out" / "tasks").glob("*/scores.csv"):
        scores = pd.read_csv(path)
        extra = scores[scores["metric"] == "uuas"].assign(metric="selectivity", value=0.9, low=None, high=None)
        pd.concat([scores, extra]).to_csv(path, index=False)
    loaded = load_results(tmp_path / "out")
    assert (loaded["metric"] == "selectivity").any()
    page = write_report(tmp_path / "out").read_text()
    assert "0.900" not in page


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_named(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    backend = Backend(scheduler="tcp://127.0.0.1:9")
    with pytest.raises(SweepError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        sweep([models["first"]], splits, tmp_path / "out", options=OPTIONS, backend=backend, progress=False)


def test_two_sweeps_do_not_share_a_folder(done: Sweep, models: dict[str, Path], splits: Splits) -> None:
    from filelock import FileLock

    with FileLock(done.out / ".sweep.lock"), pytest.raises(SweepError, match="another sweep is at work"):
        sweep([models["first"]], splits, done.out, options=OPTIONS, progress=False)


def test_a_folder_of_other_things_is_left_alone(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(SweepError, match="holds files that are not a sweep's"):
        sweep([models["first"]], splits, tmp_path, options=OPTIONS, progress=False)
    with pytest.raises(SweepError, match=r"holds no sweep\.json"):
        load_results(tmp_path)


@pytest.mark.parametrize(
    ("analyses", "message"),
    [(["structures"], "unknown analysis structures"), (["structure", "transfer"], "at least two treebanks")],
)
def test_analyses_are_checked(
    models: dict[str, Path], splits: Splits, tmp_path: Path, analyses: Any, message: str
) -> None:
    with pytest.raises(SweepError, match=message):
        sweep([models["first"]], splits, tmp_path / "out", analyses=analyses, progress=False)
    assert not (tmp_path / "out").exists()


def test_an_unreadable_treebank_is_named_before_anything_is_done(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    with pytest.raises(TreebankError, match=r"missing\.conllu"):
        sweep([models["first"]], Splits("toy", tmp_path / "missing.conllu", splits.dev), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_transfer_scores_probes_of_one_treebank_on_another(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    other = Splits("other", splits.dev, splits.test)
    found = sweep(
        [models["first"]], [splits, other], tmp_path / "out", analyses=["structure", "transfer"],
        options=OPTIONS, progress=False,
    )  # fmt: skip
    assert len(found.done) == 4
    carried = found.scores[found.scores["analysis"] == "transfer"]
    assert set(zip(carried["trained_on"], carried["treebank"])) == {("toy", "other"), ("other", "toy")}
    # The dev split of `other` is the test split of `toy`: the same probes on the same sentences.
    keys = ["layer", "probe", "metric"]
    at_home = found.scores.query("analysis == 'structure' and trained_on == 'toy' and split == 'test' and rank == 4")
    at_home = at_home[at_home["probe"].isin(["distance", "depth"])].set_index(keys)["value"].sort_index()
    away = carried.query("trained_on == 'toy' and split == 'dev'").set_index(keys)["value"].sort_index()
    pd.testing.assert_series_equal(away, at_home, atol=1e-6)


@pytest.mark.slow
def test_a_task_that_kills_its_worker_costs_only_itself(tmp_path: Path) -> None:
    from treeprobe.pipeline.sweeping.backends import run_jobs

    results = list(run_jobs(Backend(jobs=2), doomed, list(range(8)), lost=lambda job, reason: (job, reason)))
    assert sorted(job for job, _ in results) == list(range(8))
    lost = {job: reason for job, reason in results if reason != "fine"}
    assert lost.keys() == {3}
    assert "its worker died" in lost[3]


def doomed(job: int) -> tuple[int, str]:
    """Works, but for job 3, which kills the process it runs in."""
    import os
    import signal

    time.sleep(0.05)
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job, "fine"


def test_jobs_come_back_as_they_are_done() -> None:
    from treeprobe.pipeline.sweeping.backends import run_jobs

    work: Callable[[int], int] = abs
    assert sorted(run_jobs(Backend(jobs=1), work, [-1, 2, -3], lost=lambda job, _: job)) == [1, 2, 3]
