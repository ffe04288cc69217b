"""Jobs that share a sweep: signalled, killed, submitted, at odds over options; and what is seen of them meanwhile."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sweep_arrays import made_plan, made_up
from treeprobe import claims
from treeprobe.claims import claimed, claimed_folder
from treeprobe.digests import file_digest
from treeprobe.errors import OutputError
from treeprobe.exit_codes import ExitCode
from treeprobe.pipeline import Options, Plan
from treeprobe.pipeline.results.findings import FindingsError, read_record
from treeprobe.pipeline.sweeps import Share, SweepError, SweepLeftError, execution, leaving, sweep, sweep_share
from treeprobe.pipeline.sweeps.known_digests import KnownDigests
from treeprobe.pipeline.sweeps.status import sweep_status


def after(seconds: float, action: Callable[[], object]) -> threading.Timer:
    """Do something soon, in a thread."""
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer


def signalled(plan: Plan, number: int, *, work: float) -> None:
    """Sweep in this process, and be sent a signal when the first task is at work."""

    def send() -> None:
        while not list(plan.folder.tasks.glob(".*/draft-*")):
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    sender = after(0, send)
    try:
        with made_up(work):
            sweep(plan, progress=False)
    finally:
        sender.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_task_at_work_is_finished_and_none_is_begun(tmp_path: Path, number: int) -> None:
    plan = made_plan(tmp_path, "out", 3)
    before = signal.getsignal(number)
    with pytest.raises(SweepLeftError, match=f"left as {signal.Signals(number).name} asked; start the same command"):
        signalled(plan, number, work=0.3)
    assert [path.name for path in plan.folder.tasks.iterdir()] == ["model-00000--bank--structure"]
    assert list(plan.folder.failures.iterdir()) == []
    assert signal.getsignal(number) == before
    with made_up(0):
        again = sweep(plan, progress=False)
    assert (len(again.done), len(again.skipped)) == (2, 1)


def test_a_task_that_takes_too_long_is_given_up_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "GRACE_SECONDS", 0.2)
    plan = made_plan(tmp_path, "out", 2)
    monkeypatch.setattr("treeprobe.pipeline.sweeps.workers.GRACE_SECONDS", 0.2)
    begun = time.monotonic()
    with pytest.raises(SweepLeftError):
        signalled(plan, signal.SIGTERM, work=60)
    assert time.monotonic() - begun < 30
    # Neither a folder nor a claim, so that whoever comes next can begin at once.
    assert list(plan.folder.tasks.iterdir()) == []
    assert list(plan.folder.failures.iterdir()) == []


def test_the_error_of_leaving_is_the_exit_code_for_the_queue() -> None:
    assert SweepLeftError.exit_code == ExitCode.LEFT == 75


def test_the_jobs_of_an_array_do_everything_once(tmp_path: Path) -> None:
    """One after the other: the first does its own share and then all the rest; the second finds nothing to do."""
    plan = made_plan(tmp_path, "out", 5)
    with made_up(0, log=tmp_path / "log"):
        second = sweep_share(plan, Share(2, 2), progress=False)
        first = sweep_share(plan, Share(1, 2), progress=False)
    made = (tmp_path / "log").read_text().split()
    assert [int(name[6:11]) for name in made] == [3, 4, 2, 1, 0]
    assert (len(second.done), len(first.done), len(first.skipped)) == (5, 0, 5)
    assert (plan.folder.path / "results.parquet").exists()


def test_each_failed_task_is_tried_again_by_the_job_whose_share_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = made_plan(tmp_path, "out", 4)
    tried: list[str] = []

    def failing(task: Any, *_: Any, **__: Any) -> None:
        tried.append(task.name[6:11])
        raise ZeroDivisionError

    with made_up(0):
        monkeypatch.setattr(execution, "_check_weights", failing)
        assert len(sweep_share(plan, Share(1, 2), progress=False).failed) == 4
        tried.clear()
        first = sweep_share(plan, Share(1, 2), retry=True, progress=False)
        second = sweep_share(plan, Share(2, 2), retry=True, progress=False)
    assert tried == ["00000", "00001", "00002", "00003"]
    assert len(first.failed) == len(second.failed) == 2
    assert len(first.failed_before) == len(second.failed_before) == 2


def test_failed_tasks_alone_can_be_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = made_plan(tmp_path, "out", 3)
    check = execution._check_weights

    def fails_once(task: Any) -> None:
        if "00001" in task.name:
            raise ZeroDivisionError
        check(task)

    with made_up(0):
        with monkeypatch.context() as patch:
            patch.setattr(execution, "_check_weights", fails_once)
            assert len(sweep(replace(plan, models=[*plan.models]), progress=False).failed) == 1
        shutil.rmtree(plan.folder.task("model-00002--bank--structure"))
        only = sweep(plan, retry="only", progress=False)
        assert only.done == ("model-00001--bank--structure",)
        assert not plan.folder.task("model-00002--bank--structure").exists()
        assert sweep(plan, progress=False).done == ("model-00002--bank--structure",)


def test_a_checkpoint_overwritten_in_the_middle_is_named_and_nothing_of_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = made_plan(tmp_path, "out", 2)
    weights = tmp_path / "out-models" / "model-00000" / "model.safetensors"

    with made_up(0):
        perform = execution.perform

        def overwriting(*given: Any, **more: Any) -> Any:
            state = weights.stat()
            if more["about"]["task"].startswith("model-00000"):
                weights.write_text("9")  # as long as before
                os.utime(weights, ns=(state.st_atime_ns, state.st_mtime_ns))
            return perform(*given, **more)

        with monkeypatch.context() as patch:
            patch.setattr(execution, "perform", overwriting)
            found = sweep(plan, progress=False)
        (reason,) = found.failed.values()
        assert "model-00000: overwritten while the sweep was running; what was found of it is dropped" in reason
        assert [path.name for path in plan.folder.tasks.iterdir()] == ["model-00001--bank--structure"]
        # Other weights than those that failed: they are analysed without being asked again.
        assert sweep(plan, progress=False).done == ("model-00000--bank--structure",)


def test_a_checkpoint_that_was_only_touched_is_the_same(tmp_path: Path) -> None:
    plan = made_plan(tmp_path, "out", 1)
    with made_up(0):
        sweep(plan, progress=False)
        (tmp_path / "out-models" / "model-00000" / "model.safetensors").touch()
        assert len(sweep(plan, progress=False).skipped) == 1


def test_weights_are_read_once_as_long_as_their_files_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = made_plan(tmp_path, "out", 3)
    read: list[Path] = []

    def noted(path: Path) -> str:
        read.append(path)
        return file_digest(path)

    monkeypatch.setattr("treeprobe.pipeline.sweeps.checkpoints.file_digest", noted)
    with made_up(0):
        sweep(plan, progress=False)
        assert len(read) == 6
        sweep(plan, progress=False)
        assert len(read) == 6
        (tmp_path / "out-models" / "model-00001" / "model.safetensors").write_text("other")
        with pytest.raises(SweepError, match="model-00001--bank--structure: changed since it was done: checkpoint"):
            sweep(plan, progress=False)
        assert len(read) == 8
        sweep(plan, replace=True, progress=False)
        read.clear()
        sweep(plan, verify=True, progress=False)
        assert len(read) == 6
        (plan.folder.path / "checkpoints.json").write_text("{")
        assert len(sweep(plan, progress=False).skipped) == 3
    assert len(read) == 12
    assert KnownDigests(plan.folder).of(plan.tasks()[0].checkpoint).digest == plan.tasks()[0].checkpoint.digest


def test_two_sweeps_of_different_options_do_not_mix(tmp_path: Path) -> None:
    """Neither knew of the other when it began; the second finds the first one's results, says so, and keeps them."""
    first = made_plan(tmp_path, "out", 2)
    second = replace(first, options=Options(ranks=(2,)))
    with made_up(0):
        sweep(first, progress=False)
        for task in second.tasks():
            outcome = execution.execute(task, second.folder, threads=1, figures=False)
            assert outcome.state == "failed"
            assert outcome.reason.startswith("another sweep into this folder has done it otherwise (changed since")
        with pytest.raises(SweepError, match="changed since it was done: options"):
            sweep(second, progress=False)
        records = [read_record(path)["identity"] for path in first.folder.finished()]
        assert records == [dict(task.identity) for task in first.tasks()]


def test_a_sweep_that_finishes_a_task_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other sweep, of other options, had the claim when this one looked, and finishes before it looks again."""
    first = made_plan(tmp_path, "out", 1)
    second = replace(first, options=Options(ranks=(2,)))
    (task,) = second.tasks()
    with made_up(0):
        first.folder.begin()

        def meanwhile(*_: Any) -> None:
            monkeypatch.undo()
            sweep(first, progress=False)

        monkeypatch.setattr(execution, "_lacking_probes", meanwhile)
        outcome = execution.execute(task, second.folder, threads=1, figures=False)
    assert outcome.reason.startswith("another sweep into this folder has done it otherwise (changed since")


@pytest.mark.parametrize(
    ("code", "message"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the disk is read-only")]
)
def test_a_disk_that_cannot_be_written_stops_the_sweep_with_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, message: str
) -> None:
    plan = made_plan(tmp_path, "out", 2)
    create = claims._create

    def refuse(file: Path, *rest: Any) -> None:
        if "model-00001" in str(file):
            raise OSError(code, os.strerror(code))
        create(file, *rest)

    monkeypatch.setattr(claims, "_create", refuse)
    with made_up(0), pytest.raises(SweepError, match=f"{message}.*model-00001--bank--structure was left undone"):
        sweep(plan, progress=False)
    assert [path.name for path in plan.folder.tasks.iterdir()] == ["model-00000--bank--structure"]
    assert list(plan.folder.failures.iterdir()) == []


def test_a_failure_that_cannot_be_put_on_record_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = made_plan(tmp_path, "out", 1)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with made_up(0):
        monkeypatch.setattr(execution, "_check_weights", lambda _: 1 / 0)
        monkeypatch.setattr("treeprobe.pipeline.results.sweep_folder.write_json", full)
        with pytest.raises(OutputError, match="cannot be written: No space left on device"):
            sweep(plan, progress=False)
        monkeypatch.setattr("treeprobe.pipeline.results.sweep_folder.SweepFolder.begin", lambda _: None)
        (tmp_path / "out" / "plans").mkdir(exist_ok=True)
        for name in ("tasks", "failures"):
            (tmp_path / "out" / name).mkdir(exist_ok=True)
        with pytest.raises(
            SweepError, match=r"failures: cannot be written: No space left.*Why it failed: ZeroDivision"
        ):
            sweep(plan, progress=False)


def test_status_says_who_is_at_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = made_plan(tmp_path, "out", 5)
    tasks = plan.tasks()
    with made_up(0):
        sweep(replace(plan, models=[f"{tmp_path}/out-models/model-0000[01]"]), progress=False)
    with pytest.raises(SweepLeftError):
        # A job that begins, and leaves at once: now the folder knows all tasks.
        signalled(plan, signal.SIGTERM, work=0)
    for path in plan.folder.finished():
        if path.name > "model-00001--z":
            shutil.rmtree(path)
    failed = tasks[2]
    plan.folder.write_failure(failed.name, failed.identity, about=failed.about, reason="no\nweights", detail="")
    with claimed_folder(plan.folder.task(tasks[3].name)):
        found = sweep_status(plan.folder.path)
        states = {task.name[6:11]: task.state for task in found.tasks}
        assert states == {"00000": "done", "00001": "done", "00002": "failed", "00003": "running", "00004": "waiting"}
        running = next(task for task in found.tasks if task.state == "running")
        assert running.machine.endswith(f", process {os.getpid()}")
        assert running.seconds == 0
        # One worker, two tasks of one second each, of which one has just begun.
        assert found.seconds_left == pytest.approx(2)
        # Another one is cut off, by the clock of the disk alone.
        with claimed(plan.folder.task(tasks[4].name)):
            (claim,) = plan.folder.tasks.glob(f".{tasks[4].name}.partial/claim-0")
            os.utime(claim, (0, time.time() - 2 * claims.LEASE_SECONDS))
            assert sweep_status(plan.folder.path).counts["silent"] == 1
    with pytest.raises(FindingsError, match=r"holds no sweep\.json"):
        sweep_status(tmp_path)


def test_status_of_an_older_sweep_knows_what_is_there(tmp_path: Path) -> None:
    plan = made_plan(tmp_path, "out", 2)
    with made_up(0):
        sweep(plan, progress=False)
    shutil.rmtree(plan.folder.plans)
    assert sweep_status(plan.folder.path).counts == {"done": 2}


def test_status_on_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from treeprobe.pipeline.commands.main import main

    plan = made_plan(tmp_path, "out", 2)
    with made_up(0):
        sweep(replace(plan, models=[f"{tmp_path}/out-models/model-00000"]), progress=False)
    (task,) = replace(plan, models=[f"{tmp_path}/out-models/model-00001"]).tasks()
    plan.folder.write_failure(task.name, task.identity, about=task.about, reason="no\nweights", detail="")

    def shown(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["treeprobe", "status", str(plan.folder.path), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return str(capsys.readouterr().out)

    text = shown()
    assert "2 tasks: 1 done, 0 running, 0 silent, 1 failed, 0 waiting" in text
    assert "  failed: model-00001--bank--structure: no weights" in text
    assert "--failed-only" in text
    assert "  done: model-00000--bank--structure" in shown("--all")
    assert json.loads(shown("--json"))["counts"] == {"done": 1, "failed": 1}


@pytest.mark.slow
def test_many_workers_some_of_them_killed_do_everything_once(tmp_path: Path) -> None:
    """The benchmark, small."""
    command = [
        sys.executable, "-m", "benchmarks.sweep_arrays", "--tasks", "60", "--workers", "8", "--kills", "8",
        "--work", "0.1", "--lease", "3", "--finished", "50", "--out", str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "sweep_arrays.json").read_text())["rows"]
    found = {row["name"].rpartition(": ")[2]: row["value"] for row in rows}
    assert (found["tasks lost"], found["tasks made twice"], found["half-made tasks left"]) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_command_that_is_sent_sigterm_leaves_in_time_with_the_exit_code_of_the_queue(
    tmp_path: Path, jobs: int
) -> None:
    """The real command, whose workers are processes of their own where there are two, and may still be starting."""
    plan = made_plan(tmp_path, "out", 2)
    (tmp_path / "banks").write_text("bank train.conllu dev.conllu\n")
    command = [
        sys.executable, "-m", "treeprobe", "sweep", "--models", *map(str, plan.models),
        "--treebanks", str(tmp_path / "banks"), "--out", str(tmp_path / "out"), "--jobs", str(jobs),
    ]  # fmt: skip
    plan.folder.begin()
    # Both tasks are held by another machine, so that the command has to wait.
    with claimed(plan.folder.task(plan.tasks()[0].name)), claimed(plan.folder.task(plan.tasks()[1].name)):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        while "--structure …" not in (line := process.stderr.readline()):
            assert line, "it ended by itself"
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        process.wait(timeout=60)
        taken = time.monotonic() - begun
        _, error = process.communicate(timeout=60)  # workers of its own may hold it open for a moment
    assert taken < 30
    assert process.returncode == ExitCode.LEFT, error
    assert "left as SIGTERM asked; start the same command again to go on" in error


@pytest.mark.slow
def test_submitted_jobs_do_everything(tmp_path: Path) -> None:
    """Through submitit's local executor, with checkpoints that fail: what is tested is the way there and back."""
    pytest.importorskip("submitit", reason="submitit is not installed")
    from treeprobe.pipeline.sweeps.submission import ArrayJob, submit
    from treeprobe.pipeline.sweeps.workers import Workers

    plan = made_plan(tmp_path, "out", 4)
    jobs = [
        ArrayJob(
            plan=plan, share=Share(number, 2), workers=Workers(threads=1), retry=False, replace=False, keep_cache=True
        )
        for number in (1, 2)
    ]
    assert len(submit(jobs, cluster="local")) == 2
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and len(plan.folder.failed()) < 4:
        time.sleep(0.2)
    assert len(plan.folder.failed()) == 4
    while time.monotonic() < deadline and len(list((tmp_path / "out" / "jobs").glob("*_result.pkl"))) < 2:
        time.sleep(0.2)
    assert len(list((tmp_path / "out" / "jobs").glob("*_result.pkl"))) == 2


def test_submission_without_a_cluster_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed")
    from treeprobe.pipeline.sweeps.submission import ArrayJob, submit
    from treeprobe.pipeline.sweeps.workers import Workers

    monkeypatch.setenv("PATH", str(tmp_path))
    plan = made_plan(tmp_path, "out", 1)
    job = ArrayJob(plan=plan, share=Share(1, 1), workers=Workers(), retry=False, replace=False, keep_cache=True)
    with pytest.raises(SweepError, match="no Slurm cluster can be reached from here"):
        submit([job], cluster="slurm")
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(
        SweepError, match=r"submitit is not installed; install it with `pip install 'treeprobe\[slurm\]'`"
    ):
        submit([job], cluster="slurm")
