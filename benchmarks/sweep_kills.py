"""Kill a sweep at random moments with kill -9, go on each time, and compare its table with an undisturbed sweep's.

    python benchmarks/sweep_kills.py --family FOLDER --train T.conllu --dev D.conllu --kills 20 --jobs 2

FOLDER holds a training run (see `treeprobe.training`). The sweep runs in so many local processes, which are killed
together; moments are drawn evenly over what an undisturbed sweep takes once its imports are done.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from treeprobe.pipeline.sweeping import load_results

KEYS = ["checkpoint", "treebank", "split", "layer", "probe", "rank", "seed", "metric"]
SCRIPT = """
import sys
import treeprobe.pipeline.sweeping.tasks, pipeline.sweeping.structure_task
from treeprobe.pipeline.sweeping import Backend, SweepOptions, splits_of, sweep
out, train, dev, sentences, jobs, *models = sys.argv[1:]
print("ready", flush=True)
options = SweepOptions(ranks=(8,), training={"epochs": 2}, max_sentences=int(sentences), random_baseline=False)
done = sweep(models, splits_of(train, dev), out, options=options, backend=Backend(jobs=int(jobs)), progress=False)
raise SystemExit(len(done.failed))
"""


def main() -> None:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    numbers = [str(arguments.sentences), str(arguments.jobs)]
    words = [str(arguments.train), str(arguments.dev), *numbers, str(arguments.family)]
    with tempfile.TemporaryDirectory() as place:
        undisturbed = begin([str(Path(place) / "whole"), *words])
        start = time.perf_counter()
        finish(undisturbed)
        whole = time.perf_counter() - start
        table = ordered(load_results(Path(place) / "whole"))
        print(f"undisturbed: {len(table)} rows in {whole:.1f} s")
        kills = rounds = 0
        while kills < arguments.kills:
            rounds += 1
            out = str(Path(place) / f"killed-{rounds}")
            while kills < arguments.kills:
                process = begin([out, *words])
                try:
                    process.wait(timeout=moments.uniform(0, whole))
                    break
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    kills += 1
            finish(begin([out, *words]))
            found = ordered(load_results(out))
            pd.testing.assert_frame_equal(found, table, atol=1e-4)
            print(f"sweep {rounds}: the same table after {kills} kills so far")
    print(f"{kills} kills in {rounds} sweeps: no task lost, none counted twice")


def begin(words: list[str]) -> subprocess.Popen[str]:
    """Start a sweep in a process group of its own; returns when its imports are done."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    if process.stdout is None or process.stdout.readline() != "ready\n":
        raise SystemExit("the sweep did not start")
    return process


def finish(process: subprocess.Popen[str]) -> None:
    """Let a sweep end."""
    if process.wait() != 0:
        raise SystemExit("an undisturbed sweep failed")


def ordered(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows in one order, whoever finished first."""
    if scores.duplicated(KEYS).any():
        raise SystemExit("a task was counted twice")
    return scores.sort_values(KEYS, ignore_index=True)


if __name__ == "__main__":
    main()
