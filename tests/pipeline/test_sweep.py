"""A sweep does each task once, whatever happens in between, and names what is wrong."""

import errno
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from tests.pipeline.conftest import random_bank
from treeprobe.claims import claimed
from treeprobe.errors import OutputError
from treeprobe.extraction import Encoder
from treeprobe.files import write_json
from treeprobe.parsing import TreebankError, read_conllu, write_conllu
from treeprobe.pipeline import (
    Options,
    Plan,
    Sources,
    Splits,
    Workers,
    analyse,
    collect_results,
    dry_run,
    load_results,
    sweep,
    write_report,
)
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.results.findings import FindingsError, read_record, write_record
from treeprobe.pipeline.results.sweep_folder import DamagedResults
from treeprobe.pipeline.sweeps import Sweep, SweepError, execution
from treeprobe.records import sealed

OPTIONS = Options(ranks=(4,), seeds=(0,), epochs=2, samples=5, control=False)
QUICK = Options(ranks=(4,), seeds=(0,), layers=(1,), epochs=1, samples=0, random_baseline=False, control=False)
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
    return sweep(plan(models.values(), splits, out), progress=False)


def plan(models: Any, splits: Splits | list[Splits], out: Path, **changes: Any) -> Plan:
    """A small plan."""
    treebanks = splits if isinstance(splits, list) else [splits]
    return Plan(models=list(models), treebanks=treebanks, out=out, **{"options": OPTIONS, **changes})


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


@pytest.mark.parametrize("analysis", ["structure", "heads", "convolution"])
def test_a_task_finds_what_the_command_finds_to_the_last_digit(
    analysis: str, models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    options = replace(OPTIONS, epochs=1, control=True)
    sweep(
        plan([models["first"]], splits, tmp_path / "sweep", options=options, analyses=[analysis]),
        workers=Workers(threads=torch.get_num_threads()),
        progress=False,
    )
    sources = Sources(model=models["first"], train=splits.train, dev=splits.dev, test=splits.test, treebank="toy")
    analyse(analysis, sources, tmp_path / "alone", options=options, figures=False, progress=False)
    task = tmp_path / "sweep" / "tasks" / f"first--toy--{analysis}"
    tables = sorted(path.name for path in task.glob("*.csv"))
    assert tables == sorted(path.name for path in (tmp_path / "alone").glob("*.csv"))
    for name in tables:
        alone, swept = (pd.read_csv(folder / name) for folder in (tmp_path / "alone", task))
        # Whether states are cached, as in a sweep, or not, they are in half precision.
        pd.testing.assert_frame_equal(swept, alone, rtol=0, atol=0)


def test_finished_tasks_are_not_done_again(
    done: Sweep, models: dict[str, Path], splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a finished task was done again")

    monkeypatch.setattr(execution, "perform", never)
    again = sweep(plan(models.values(), splits, done.out), progress=False)
    assert again.done == ()
    assert set(again.skipped) == set(done.done)
    assert again.failed_before == done.failed
    pd.testing.assert_frame_equal(again.scores, done.scores)


def test_retry_takes_failures_up_again(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    mended = tmp_path / "broken"
    shutil.copytree(models["broken"], mended)
    names = [models["first"], mended]
    first = sweep(plan(names, splits, tmp_path / "out", options=QUICK), progress=False)
    assert len(first.failed) == 1
    assert sweep(plan(names, splits, tmp_path / "out", options=QUICK), progress=False).failed == {}
    assert len(sweep(plan(names, splits, tmp_path / "out", options=QUICK), retry=True, progress=False).failed) == 1
    shutil.copy(models["second"] / "model.safetensors", mended)
    # Other weights than those that failed: there is something to do without being asked.
    last = sweep(plan(names, splits, tmp_path / "out", options=QUICK), progress=False)
    assert last.done == ("broken--toy--structure",)
    assert list((tmp_path / "out" / "failures").iterdir()) == []


def two_treebanks(splits: Splits, folder: Path) -> list[Splits]:
    """The toy treebank, and another whose dev split is the toy's test split."""
    write_conllu(random_bank(30, seed=9, name="other"), folder / "other.conllu")
    assert splits.test is not None
    return [splits, Splits("other", folder / "other.conllu", splits.test)]


def test_what_needs_the_probes_of_a_failed_task_fails_with_its_reason(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    asked = plan([models["first"], models["broken"]], two_treebanks(splits, tmp_path), tmp_path / "out",
                 analyses=["structure", "transfer"], options=QUICK)  # fmt: skip
    found = sweep(asked, progress=False)
    assert len(found.done) == len(found.failed) == 4
    for name, reason in found.failed.items():
        own = name.endswith("--structure")
        assert reason.startswith("CheckpointError" if own else "it needs the probes of broken--")
        assert "--structure, which failed: CheckpointError" in reason or own
    # Those of the first checkpoint all come before the second one begins.
    assert all(name.startswith("first--") for name in found.done)
    assert sweep(asked, progress=False).failed_before == found.failed


def test_one_checkpoint_is_finished_before_the_next_begins(
    models: dict[str, Path], splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no more than one checkpoint's states are on the disk when they are dropped."""
    cached: list[set[str]] = []
    perform = execution.perform

    def spied(analysis: Any, subject: Any, *rest: Any, **more: Any) -> Any:
        cached.append({path.name for path in (tmp_path / "out" / "cache").iterdir()} | {subject.encoder.name})
        return perform(analysis, subject, *rest, **more)

    monkeypatch.setattr(execution, "perform", spied)
    asked = plan([models["first"], models["second"]], two_treebanks(splits, tmp_path), tmp_path / "out",
                 analyses=["structure", "transfer"], options=QUICK)  # fmt: skip
    assert len(sweep(asked, keep_cache=False, progress=False).done) == 8
    assert cached == [{"first"}] * 4 + [{"second"}] * 4


def test_a_failure_elsewhere_is_not_repeated_here(
    models: dict[str, Path], splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = plan([models["first"]], splits, tmp_path / "out")
    (task,), folder = asked.tasks(), asked.folder
    folder.begin()
    monkeypatch.setattr(execution, "perform", lambda *_, **__: 1 / 0)
    others = {**task.identity, "options": "others"}
    folder.write_failure(task.name, others, about=task.about, reason="of before", detail="")
    assert execution.execute(task, folder, threads=1, figures=False).reason.startswith("ZeroDivisionError")
    folder.write_failure(task.name, task.identity, about=task.about, reason="elsewhere", detail="")
    assert execution.execute(task, folder, threads=1, figures=False).reason == "elsewhere"


def test_what_another_process_finished_with_other_options_is_kept(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    """Neither sweep knew of the other's tasks when it began."""
    asked = plan([models["first"]], splits, tmp_path / "out", options=QUICK)
    before = sweep(asked, progress=False)
    (task,) = plan([models["first"]], splits, tmp_path / "out", options=replace(QUICK, ranks=(2,))).tasks()
    found = execution.execute(task, asked.folder, threads=1, figures=False)
    assert found.state == "failed"
    assert "another sweep into this folder has done it otherwise (changed since it was done: options)" in found.reason
    pd.testing.assert_frame_equal(load_results(tmp_path / "out"), before.scores)
    assert execution.execute(task, asked.folder, threads=1, figures=False, replace=True).state == "done"
    assert set(load_results(tmp_path / "out")["rank"].dropna()) == {2}


def test_a_task_whose_record_is_damaged_is_done_again(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    asked = plan([models["first"]], splits, tmp_path / "out", options=QUICK)
    before = sweep(asked, progress=False)
    (tmp_path / "out" / "tasks" / "first--toy--structure" / "analysis.json").write_text("{")
    assert dry_run(asked)["state"].tolist() == ["damaged"]
    with pytest.warns(DamagedResults, match=r"analysis\.json cannot be read.*--verify to do the task first--toy"):
        assert load_results(tmp_path / "out").empty
    again = sweep(asked, progress=False)
    assert again.done == ("first--toy--structure",)
    pd.testing.assert_frame_equal(again.scores, before.scores)


def test_two_tasks_of_one_name_are_refused(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    same = replace(splits, name="TOY")
    with pytest.raises(SweepError, match="first--toy--structure: two tasks each"):
        plan([models["first"]], [splits, same], tmp_path).tasks()
    assert len(plan([models["first"]], splits, tmp_path, analyses=["heads", "heads"]).tasks()) == 1


def test_several_processes_may_begin_a_sweep_at_the_same_moment(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    folder = plan([models["first"]], splits, tmp_path / "out").folder
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".sweep-1a2b.partial.json").write_text("{")
    folder.begin()
    folder.begin()
    assert (tmp_path / "out" / "sweep.json").exists()


@pytest.mark.slow
def test_local_processes_give_the_same_table(
    done: Sweep, models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    spread = sweep(plan(models.values(), splits, tmp_path / "out"), workers=Workers(jobs=2), progress=False)
    assert set(spread.done) == set(done.done)
    pd.testing.assert_frame_equal(ordered(spread.scores), ordered(done.scores), atol=1e-4)


def test_the_table_on_disk_is_what_is_loaded(done: Sweep) -> None:
    table = pd.read_parquet(done.out / "results.parquet")
    pd.testing.assert_frame_equal(table, load_results(done.out), check_dtype=False)
    assert not table.duplicated(KEYS).any()


def test_sweeps_are_collected_into_a_data_set_that_only_grows(done: Sweep, tmp_path: Path) -> None:
    out, copy = tmp_path / "data set", tmp_path / "later"
    first = collect_results([done.out], out)
    assert len(first.added) + first.without_scores == len(done.done)
    table = pd.read_parquet(out).astype({"checkpoint": str, "treebank": str})
    loaded = load_results(done.out)
    pd.testing.assert_frame_equal(ordered(table[loaded.columns]), ordered(loaded), check_dtype=False)
    assert {path.parent.relative_to(out).as_posix() for path in first.added} == {
        f"checkpoint={checkpoint}/treebank={treebank}"
        for checkpoint, treebank in loaded[["checkpoint", "treebank"]].drop_duplicates().itertuples(index=False)
    }
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    again = collect_results([done.out, done.out], out)
    assert (len(again.added), again.known) == (0, 2 * len(first.added))
    shutil.copytree(done.out, copy)
    changed, damaged = sorted((copy / "tasks").glob("*--structure"))[:2]
    record = json.loads((changed / "analysis.json").read_text())
    write_json(changed / "analysis.json", sealed({**record, "options": {**record["options"], "seeds": [9]}}))
    (damaged / "scores.csv").write_text("checkpoint")
    with pytest.warns(DamagedResults, match=damaged.name):
        found = collect_results([copy], out)
    assert len(found.added) == 1
    assert list(found.damaged) == [damaged.name]
    assert {path: path.stat().st_mtime_ns for path in before} == before, "nothing is written again"
    assert set(pd.read_parquet(out)["sweep"]) == {done.out.name, "later"}


def test_a_task_cut_short_counts_for_nothing(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    out = tmp_path / "out"
    half = out / "tasks" / ".first--toy--structure.partial"
    sweep(plan([models["second"]], splits, out, options=QUICK), progress=False)
    shutil.copytree(out / "tasks" / "second--toy--structure", half)
    (half / "analysis.json").unlink()
    assert set(load_results(out)["checkpoint"]) == {"second"}
    resumed = sweep(plan([models["first"], models["second"]], splits, out, options=QUICK), progress=False)
    assert resumed.done == ("first--toy--structure",)
    assert not half.exists()


def test_changes_are_named_and_nothing_is_lost(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    train = tmp_path / "train.conllu"
    shutil.copy(splits.train, train)
    mine = Splits("toy", train, splits.dev)
    before = sweep(plan([models["first"]], mine, tmp_path / "out", options=QUICK), progress=False)
    text = train.read_text().split("\n\n")
    train.write_text("\n\n".join(text[:-6]) + "\n\n")
    with pytest.raises(SweepError, match=r"first--toy--structure: changed since it was done: train\n.*--replace"):
        sweep(plan([models["first"]], mine, tmp_path / "out", options=QUICK), progress=False)
    pd.testing.assert_frame_equal(load_results(tmp_path / "out"), before.scores)
    again = sweep(plan([models["first"]], mine, tmp_path / "out", options=QUICK), replace=True, progress=False)
    assert again.done == ("first--toy--structure",)
    assert len(again.scores) == len(before.scores)
    assert not again.scores["value"].equals(before.scores["value"])


def test_caches_are_dropped_when_asked(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    kept = sweep(plan([models["first"]], splits, tmp_path / "kept", options=QUICK), progress=False)
    assert any((kept.out / "cache").rglob("*.safetensors"))
    dropped = sweep(
        plan([models["first"]], splits, tmp_path / "dropped", options=QUICK), keep_cache=False, progress=False
    )
    assert not any((dropped.out / "cache").rglob("*.safetensors"))
    pd.testing.assert_frame_equal(dropped.scores, kept.scores)


def test_a_full_disk_stops_the_sweep_and_keeps_what_is_finished(
    models: dict[str, Path], splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    perform = execution.perform

    def full_at_second(analysis: Any, subject: Any, *rest: Any, **more: Any) -> Any:
        findings = perform(analysis, subject, *rest, **more)
        if subject.encoder.name == "second":
            raise OSError(errno.ENOSPC, "No space left on device")
        return findings

    names = [models["first"], models["second"]]
    with monkeypatch.context() as patch:
        patch.setattr(execution, "perform", full_at_second)
        with pytest.raises(SweepError, match=r"the disk is full.*second--toy--structure was left undone"):
            sweep(plan(names, splits, tmp_path / "out", options=QUICK), progress=False)
    assert set(load_results(tmp_path / "out")["checkpoint"]) == {"first"}
    assert list((tmp_path / "out" / "failures").iterdir()) == []
    assert sweep(plan(names, splits, tmp_path / "out", options=QUICK), progress=False).done == (
        "second--toy--structure",
    )


def test_a_dry_run_writes_nothing_and_says_how_things_stand(
    done: Sweep, models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    table = dry_run(plan([*models.values(), "owner/mistyped"], splits, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert (table["state"] == "to do").all()
    assert table["seconds"].isna().all()
    assert table["cache_bytes"].isna().tolist() == [False, False, False, True]
    table = dry_run(plan(models.values(), splits, done.out))
    assert dict(zip(table["task"], table["state"])) == {
        "first--toy--structure": "done",
        "second--toy--structure": "done",
        "broken--toy--structure": "failed",
    }
    times = [json.loads(path.read_text())["seconds"]["total"] for path in done.out.glob("tasks/*/analysis.json")]
    assert table["seconds"].tolist() == pytest.approx([sum(times) / 2] * 3)
    assert dry_run(plan(models.values(), splits, done.out), retry=True)["state"].tolist()[-1] == "to do"
    changed = replace(OPTIONS, ranks=(2,))
    assert set(dry_run(plan(models.values(), splits, done.out, options=changed))["state"]) == {"changed", "to do"}


def test_the_disk_of_a_dry_run_is_the_disk_used(done: Sweep, models: dict[str, Path], splits: Splits) -> None:
    table = dry_run(plan([models["first"]], splits, done.out))
    used = sum(path.stat().st_size for path in (done.out / "cache" / "first").rglob("*.safetensors"))
    # Headers of the files come on top of the states themselves.
    assert table["cache_bytes"].item() == pytest.approx(used, rel=0.15)
    few = dry_run(plan([models["first"]], splits, done.out / "new", max_sentences=6))
    words = sum(len(sentence) for path in (splits.train, splits.dev, splits.test) if path is not None
                for sentence in read_conllu(path)[:6])  # fmt: skip
    # Two blocks and the embeddings, 16 wide, at two bytes, of the checkpoint and of its random twin.
    assert few["cache_bytes"].item() == words * 3 * 16 * 2 * 2


def test_a_task_depends_on_the_options_that_its_analysis_reads_alone(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    before, ranks, precision = (
        {task.name: task.identity for task in plan([models["first"]], splits, tmp_path, options=options,
                                                   analyses=["structure", "heads", "convolution"]).tasks()}
        for options in (OPTIONS, replace(OPTIONS, ranks=(2,)), replace(OPTIONS, precision="bfloat16"))
    )  # fmt: skip
    for after in (ranks, precision):
        changed = {name for name in before if before[name] != after[name]}
        # Convolution scores the probes of the structural task beside it.
        assert changed == {"first--toy--structure", "first--toy--convolution"}
    assert "probes" in before["first--toy--convolution"]


def test_more_metrics_than_a_report_knows_do_no_harm(done: Sweep, tmp_path: Path) -> None:
    shutil.copytree(done.out, tmp_path / "out")
    for path in (tmp_path / "out" / "tasks").glob("*/scores.csv"):
        scores = pd.read_csv(path)
        extra = scores[scores["metric"] == "uuas"].assign(metric="selectivity", value=0.9, low=None, high=None)
        pd.concat([scores, extra]).to_csv(path, index=False)
        record = read_record(path.parent)
        write_record(path.parent, {name: value for name, value in record.items() if name not in ("files", "digest")})
    loaded = load_results(tmp_path / "out")
    assert (loaded["metric"] == "selectivity").any()
    page = write_report(tmp_path / "out").read_text()
    assert "0.900" not in page


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_named(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    workers = Workers(scheduler="tcp://127.0.0.1:9")
    with pytest.raises(SweepError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        sweep(plan([models["first"]], splits, tmp_path / "out"), workers=workers, progress=False)


def test_a_task_that_another_process_does_is_waited_for(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    """While another has the claim on a task the rest is done; when it is free again and nothing there, so is it."""
    out = tmp_path / "out"
    (out / "tasks").mkdir(parents=True)
    (out / "sweep.json").write_text(json.dumps({"format": 2}))
    held = claimed(out / "tasks" / "first--toy--structure")
    held.__enter__()
    states: list[bool] = []

    def release() -> None:
        while not (out / "tasks" / "second--toy--structure").exists():
            time.sleep(0.05)
        states.append((out / "tasks" / "first--toy--structure").exists())
        held.__exit__(None, None, None)

    other = threading.Thread(target=release)
    other.start()
    done = sweep(plan([models["first"], models["second"]], splits, out, options=QUICK), progress=False)
    other.join()
    assert states == [False]
    assert done.done == ("second--toy--structure", "first--toy--structure")


def test_a_folder_of_other_things_is_left_alone(models: dict[str, Path], splits: Splits, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    for attempt in (lambda asked: sweep(asked, progress=False), dry_run):
        with pytest.raises(OutputError, match="holds files that are not a sweep's"):
            attempt(plan([models["first"]], splits, tmp_path))
    with pytest.raises(FindingsError, match=r"holds neither analysis\.json nor sweep\.json; expected the folder"):
        load_results(tmp_path)


def test_a_sweep_of_an_earlier_version_is_refused_in_one_sentence(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    (tmp_path / "sweep.json").write_text(json.dumps({"format": 1, "options": {}}))
    for attempt in (lambda: sweep(plan([models["first"]], splits, tmp_path), progress=False),
                    lambda: dry_run(plan([models["first"]], splits, tmp_path)),
                    lambda: load_results(tmp_path)):  # fmt: skip
        with pytest.raises(FindingsError, match=r"sweep of format 1; expected 2\. Sweep again into another folder"):
            attempt()
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.json"]


@pytest.mark.parametrize(
    ("analyses", "error", "message"),
    [
        (["structures"], OptionsError, "unknown analysis structures"),
        (["structure", "transfer"], SweepError, "at least two treebanks"),
    ],
)
def test_analyses_are_checked(
    models: dict[str, Path], splits: Splits, tmp_path: Path, analyses: Any, error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        sweep(plan([models["first"]], splits, tmp_path / "out", analyses=analyses), progress=False)
    assert not (tmp_path / "out").exists()


def test_an_unreadable_treebank_is_named_before_anything_is_done(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    with pytest.raises(TreebankError, match=r"missing\.conllu"):
        sweep(plan([models["first"]], Splits("toy", tmp_path / "missing.conllu", splits.dev), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_transfer_scores_probes_of_one_treebank_on_another(
    models: dict[str, Path], splits: Splits, tmp_path: Path
) -> None:
    banks = two_treebanks(splits, tmp_path)
    asked = plan([models["first"]], banks, tmp_path / "out", analyses=["structure", "transfer"])
    found = sweep(asked, progress=False)
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
    from treeprobe.pipeline.sweeps.workers import run_jobs

    results = list(run_jobs(Workers(jobs=2), doomed, list(range(8)), lost=lambda job, reason: (job, reason)))
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


def test_a_job_is_taken_when_a_worker_is_free_for_it() -> None:
    from treeprobe.pipeline.sweeps.workers import run_jobs

    taken: list[int] = []

    def jobs() -> Iterator[int]:
        for job in (-1, 2, -3):
            taken.append(job)
            yield job

    work: Callable[[int], int] = abs
    results = run_jobs(Workers(jobs=1), work, jobs(), lost=lambda job, _: job)
    assert next(results) == 1
    assert taken == [-1]
    assert list(results) == [2, 3]
