"""A sweep on a real Dask scheduler with two worker processes, and sweeps that are killed."""

import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd
import pytest

from treeprobe.extraction import Encoder
from treeprobe.pipeline import Options, Plan, Splits, Workers, load_results, sweep

pytestmark = pytest.mark.slow

OPTIONS = Options(ranks=(4,), seeds=(0,), epochs=1, samples=2, random_baseline=False, control=False)
KEYS = ["checkpoint", "treebank", "split", "layer", "probe", "metric"]
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def models(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four checkpoints of one architecture."""
    folder = tmp_path_factory.mktemp("cluster-models")
    encoder = Encoder.from_pretrained(checkpoint)
    for seed in range(4):
        encoder.with_random_weights(seed=seed).model.save_pretrained(folder / f"seed-{seed}-of-4")
        encoder.tokenizer.save_pretrained(folder / f"seed-{seed}-of-4")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def splits(treebank_files: dict[str, Path]) -> Splits:
    return Splits("toy", treebank_files["train"], treebank_files["dev"])


@pytest.fixture(scope="module")
def undisturbed(models: list[Path], splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The table of a sweep in this process."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    return ordered(sweep(plan(models, splits, out), progress=False).scores)


def plan(models: list[Path], splits: Splits, out: Path) -> Plan:
    return Plan(models=models, treebanks=[splits], out=out, options=OPTIONS)


def ordered(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values(KEYS, ignore_index=True)


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """The address of a scheduler on the loopback interface, and its two workers of one thread each."""
    pytest.importorskip("distributed", reason="Dask is not installed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]]
        return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment)

    started = [start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")]
    try:
        address = next(
            found[0]
            for line in started[0].stderr or []
            if (found := re.search(r"tcp://127\.0\.0\.1:\d+", line)) is not None
        )
        for _ in range(2):
            started.append(
                start("dask_worker", address, "--nthreads", "1", "--nworkers", "1", "--no-dashboard", "--no-nanny")
            )
        from distributed import Client

        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_cluster_gives_the_same_table(
    cluster: tuple[str, list[subprocess.Popen[str]]],
    undisturbed: pd.DataFrame,
    models: list[Path],
    splits: Splits,
    tmp_path: Path,
) -> None:
    address, workers = cluster
    done = sweep(plan(models, splits, tmp_path / "out"), workers=Workers(None, address), progress=False)
    assert not done.failed
    pd.testing.assert_frame_equal(ordered(done.scores), undisturbed, atol=1e-4)
    records = [(path / "analysis.json").read_text() for path in (tmp_path / "out" / "tasks").glob("*structure")]
    processes = {found[1] for record in records if (found := re.search(r"process (\d+)", record))}
    assert processes == {str(worker.pid) for worker in workers}


def test_a_worker_killed_half_way_costs_only_its_task(
    cluster: tuple[str, list[subprocess.Popen[str]]],
    undisturbed: pd.DataFrame,
    models: list[Path],
    splits: Splits,
    tmp_path: Path,
) -> None:
    import threading

    address, workers = cluster
    out = tmp_path / "out"

    def kill_when_at_work() -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not list(out.glob("tasks/.*.partial")):
            time.sleep(0.02)
        workers[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_when_at_work)
    killer.start()
    done = sweep(plan(models, splits, out), workers=Workers(2, address), progress=False)
    killer.join()
    assert workers[0].wait() == -signal.SIGKILL
    assert not done.failed
    pd.testing.assert_frame_equal(ordered(done.scores), undisturbed, atol=1e-4)


SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    ["treeprobe.pipeline.sweeps.engine", "treeprobe.pipeline.sweeps.tasks", "treeprobe.pipeline.analyses.structure"]
)
"""Forks processes that have loaded everything: loading torch takes longer than the sweep, and a kill before it would
test nothing."""


def start(asked: Plan) -> BaseProcess:
    """A process of its own that sweeps."""
    process = SERVER.Process(target=sweep, args=(asked,), kwargs={"progress": False})
    process.start()
    return process


def killed_after(process: BaseProcess, seconds: float) -> bool:
    """Kill a process after some seconds; whether it was still at work then."""
    process.join(timeout=seconds)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_sweep_goes_on_where_it_was(
    undisturbed: pd.DataFrame, models: list[Path], splits: Splits, tmp_path: Path, seed: int
) -> None:
    moments = random.Random(seed)
    asked = plan(models, splits, tmp_path / "out")
    # An undisturbed sweep takes above a second.
    kills = sum(killed_after(start(asked), moments.uniform(0.05, 0.7)) for _ in range(3))
    last = sweep(asked, progress=False)
    assert kills > 0
    assert not last.failed
    assert len(last.done) + len(last.skipped) == len(models)
    pd.testing.assert_frame_equal(ordered(load_results(tmp_path / "out")), undisturbed, atol=1e-4)
    assert not list((tmp_path / "out" / "tasks").glob(".*.partial"))


def test_three_processes_share_a_sweep_and_one_of_them_is_killed(
    undisturbed: pd.DataFrame, models: list[Path], splits: Splits, tmp_path: Path
) -> None:
    """No scheduler: whoever holds a task's lock does it, and what a killed process held is done by another."""
    processes = [start(plan(models, splits, tmp_path / "out")) for _ in range(3)]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list((tmp_path / "out").glob("tasks/.*.partial")):
        time.sleep(0.01)
    assert killed_after(processes[0], 0)
    for process in processes[1:]:
        process.join(timeout=300)
        assert process.exitcode == 0
    assert list((tmp_path / "out" / "failures").iterdir()) == []
    pd.testing.assert_frame_equal(ordered(load_results(tmp_path / "out")), undisturbed, atol=1e-4)
    at_work = {
        found[1]
        for path in (tmp_path / "out" / "tasks").glob("*/analysis.json")
        if (found := re.search(r"process (\d+)", path.read_text())) is not None
    }
    assert at_work <= {str(process.pid) for process in processes}
    assert len(at_work) > 1
    assert not list((tmp_path / "out" / "tasks").glob(".*.partial*"))
