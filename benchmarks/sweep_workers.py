"""What a sweep costs beyond its tasks, and what a second worker brings.

    python -m benchmarks.sweep_workers --treebank FOLDER [--sentences 1000] [--rounds 2] [--dask]

Six steps of a tiny BERT, pre-trained on the spot, are swept: structural probes of rank 32 and one seed, one thread a
task. One worker is a sweep in this process, two are processes that an earlier sweep has started; with `--dask`, one
worker against two of a cluster on the loopback interface. Both sweeps must end in the same table. Overhead is the time
of a sweep by one worker over the sum of its tasks' times, as each recorded it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
from distributed import Client

from benchmarks.inputs import parser, read_bank
from benchmarks.measuring import Ratio, interleaved, median_of, ratio, report
from treeprobe.parsing.treebanks import treebank_path
from treeprobe.pipeline import Options, Plan, Workers, load_results, read_finished, splits_of, sweep
from treeprobe.training import PretrainingOptions, pretrain

KEYS = ["checkpoint", "treebank", "split", "layer", "probe", "rank", "seed", "metric"]
STEPS = (0, 10, 20, 30, 40, 50)


def main() -> None:
    options = parser(__doc__, sentences=1000, rounds=2)
    options.add_argument("--dask", action="store_true", help="workers of a Dask cluster")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as place, ExitStack() as clusters:
        teams = {number: Workers(jobs=number, threads=1) for number in (1, 2)}
        if arguments.dask:
            addresses = {number: clusters.enter_context(cluster(number)) for number in teams}
            teams = {number: Workers(jobs=number, scheduler=addresses[number], threads=1) for number in teams}
        rows = list(compare(arguments, Path(place), teams))
    report("sweep_workers", rows, out=arguments.out)


def compare(arguments: argparse.Namespace, place: Path, teams: dict[int, Workers]) -> Iterator[Ratio]:
    """Overhead of one worker, and one worker over two."""
    training = PretrainingOptions(steps=STEPS[-1], save_steps=STEPS)
    pretrain(read_bank(arguments, "train"), place / "run", options=training, progress=False)
    models = [f"step-{step}={place / 'run' / f'step-{step}'}" for step in STEPS]
    train, dev = (treebank_path(arguments.treebank, split=split) for split in ("train", "dev"))

    def swept(workers: Workers, out: Path) -> None:
        options = Options(ranks=(32,), seeds=(0,), random_baseline=False, control=False)
        splits = [splits_of(train, dev)]
        plan = Plan(models=models, treebanks=splits, out=out, options=options, max_sentences=arguments.sentences)
        done = sweep(plan, workers=workers, progress=False)
        if done.failed or len(done.done) != len(models):
            raise SystemExit(f"failed: {done.failed}")

    for number, workers in teams.items():  # workers start, and import
        swept(workers, place / f"warm-{number}")
    one, two = (load_results(place / f"warm-{number}").sort_values(KEYS, ignore_index=True) for number in teams)
    pd.testing.assert_frame_equal(one, two, atol=1e-4)
    folders: dict[int, list[Path]] = {number: [] for number in teams}

    def again(number: int) -> None:
        folders[number].append(place / f"{number}-{len(folders[number])}")
        swept(teams[number], folders[number][-1])

    times = interleaved({str(number): partial(again, number) for number in teams}, rounds=arguments.rounds)
    kind = "Dask workers" if arguments.dask else "workers"
    name = f"sweep: speed of two {kind}, against one"
    note = f"{len(STEPS)} tasks, {arguments.sentences} sentences, {times['1'].wall[0] / len(STEPS):.1f} s a task"
    yield ratio(name, times["1"], times["2"], goal=1.85, better="higher", note=note)
    tasks = [sum(one.record["seconds"]["total"] for one in read_finished(folder)) for folder in folders[1]]
    overheads = [wall / inner for wall, inner in zip(times["1"].wall, tasks, strict=True)]
    yield median_of("sweep: time of one worker, against the sum of its tasks' times", overheads, goal=1.05)


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
