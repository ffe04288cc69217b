"""What a sweep costs beyond its tasks, and what a second worker brings: one Dask worker against two, one thread each.

    python benchmarks/sweep_workers.py --family FOLDER --train T.conllu --dev D.conllu

FOLDER holds a training run (see `treeprobe.training`); six of its checkpoints are swept. Overhead is the wall time of
the sweep in one process over the sum of its tasks' times, as each recorded it. Workers are real processes behind a real
scheduler on the loopback interface; the two clusters take turns, and each is warmed by a sweep before it is timed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Client

from treeprobe.pipeline import Options, Plan, Workers, read_finished, splits_of, sweep
from treeprobe.pipeline.sweeps import find_checkpoints

CHECKPOINTS = 6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=2, help="Turns of the two clusters; 0 leaves them out.")
    arguments = parser.parse_args()
    models = [one.source for one in find_checkpoints([arguments.family])][:CHECKPOINTS]
    names = [f"{Path(model).name}-of-run={model}" for model in models]
    splits = splits_of(arguments.train, arguments.dev)
    options = Options(ranks=(32,), random_baseline=False, control=False)

    def timed(workers: Workers) -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as place:
            out = Path(place) / "out"
            plan = Plan(models=names, treebanks=[splits], out=out, options=options, max_sentences=arguments.sentences)
            start = time.perf_counter()
            done = sweep(plan, workers=workers, progress=False)
            wall = time.perf_counter() - start
            if done.failed or len(done.done) != len(names):
                raise SystemExit(f"failed: {done.failed}")
            return wall, sum(one.record["seconds"]["total"] for one in read_finished(out))

    timed(Workers(jobs=1, threads=1))
    wall, tasks = timed(Workers(jobs=1, threads=1))
    print(f"one process: {wall:.2f} s for {tasks:.2f} s of tasks: {wall / tasks - 1:+.1%} (goal: at most +5 %)")
    if not arguments.rounds:
        return
    with cluster(1) as one, cluster(2) as two:
        times: dict[int, list[float]] = {1: [], 2: []}
        for turn in range(arguments.rounds + 1):
            for workers, address in ((1, one), (2, two)):
                seconds, _ = timed(Workers(jobs=workers, scheduler=address, threads=1))
                if turn:
                    times[workers].append(seconds)
    best = {workers: min(found) for workers, found in times.items()}
    ratio = best[1] / best[2]
    print(f"Dask: 1 worker {best[1]:.2f} s, 2 workers {best[2]:.2f} s: {ratio:.2f}× (goal: at least 1.7×)")


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """The address of a scheduler with so many workers of one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "scheduler.json"
        common = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
        module = [sys.executable, "-m"]
        scheduler = [*module, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        worker = [*module, "distributed.cli.dask_worker", "--nthreads", "1", "--no-dashboard", "--no-nanny"]
        started = [subprocess.Popen([*scheduler, "--scheduler-file", str(file)], **common)]
        try:
            started += [subprocess.Popen([*worker, "--scheduler-file", str(file)], **common) for _ in range(workers)]
            with Client(scheduler_file=str(file), set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=120)
                address = client.scheduler.address
            yield address
        finally:
            for process in reversed(started):
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
