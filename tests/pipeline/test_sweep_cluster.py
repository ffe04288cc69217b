"""A sweep on a real Dask scheduler with two worker processes, and sweeps that are killed."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from treeprobe.extraction import Encoder
from treeprobe.pipeline.sweeping import Backend, Splits, SweepOptions, load_results, sweep

pytestmark = pytest.mark.slow

OPTIONS = SweepOptions(ranks=(4,), training={"epochs": 1}, samples=2, random_baseline=False)
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
    return ordered(sweep(models, splits, out, options=OPTIONS, progress=False).scores)


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
    backend = Backend(jobs=None, scheduler=address)
    done = sweep(models, splits, tmp_path / "out", options=OPTIONS, backend=backend, progress=False)
    assert not done.failed
    pd.testing.assert_frame_equal(ordered(done.scores), undisturbed, atol=1e-4)
    records = [(path / "task.json").read_text() for path in (tmp_path / "out" / "tasks").glob("*structure")]
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
    done = sweep(models, splits, out, options=OPTIONS, backend=Backend(jobs=2, scheduler=address), progress=False)
    killer.join()
    assert workers[0].wait() == -signal.SIGKILL
    assert not done.failed
    pd.testing.assert_frame_equal(ordered(done.scores), undisturbed, atol=1e-4)


def run_killed(arguments: list[str], after: float) -> bool:
    """Start the sweep as a process of its own and kill it after some seconds; whether it was still at work then."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    # Loading torch takes longer than the sweep; a kill before it would test nothing.
    assert process.stdout is not None
    process.stdout.readline()
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


SCRIPT = """
import sys
from pathlib import Path
import treeprobe.pipeline.sweeping.tasks, pipeline.sweeping.structure_task
from treeprobe.pipeline.sweeping import Backend, Splits, SweepOptions, sweep
print("ready", flush=True)
out, train, dev, *models = sys.argv[1:]
options = SweepOptions(ranks=(4,), training={"epochs": 1}, samples=2, random_baseline=False)
sweep(models, Splits("toy", Path(train), Path(dev)), out, options=options, backend=Backend(jobs=1), progress=False)
"""


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_sweep_goes_on_where_it_was(
    undisturbed: pd.DataFrame, models: list[Path], splits: Splits, tmp_path: Path, seed: int
) -> None:
    moments = random.Random(seed)
    arguments = [str(tmp_path / "out"), str(splits.train), str(splits.dev), *map(str, models)]
    kills = sum(run_killed(arguments, after=moments.uniform(0.05, 3.0)) for _ in range(3))
    last = sweep(models, splits, tmp_path / "out", options=OPTIONS, progress=False)
    assert kills > 0
    assert not last.failed
    assert len(last.done) + len(last.skipped) == len(models)
    pd.testing.assert_frame_equal(ordered(load_results(tmp_path / "out")), undisturbed, atol=1e-4)
    assert not list((tmp_path / "out" / "tasks").glob(".*.partial"))
