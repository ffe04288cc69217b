"""Kill processes of a sweep at random moments with kill -9, start others, and compare with an undisturbed table.

    python -m benchmarks.sweep_kills --family FOLDER --treebank FOLDER [--kills 20] [--jobs 2] [--processes 3]

The family is a folder with a training run (see `treeprobe.training`). So many processes run `treeprobe sweep` in one
folder at once, each with so many jobs. Again and again one of them, drawn at random, is killed with its jobs and
another is started; moments are drawn evenly over what an undisturbed sweep takes once its imports are done.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.inputs import parser
from treeprobe.pipeline import load_results

KEYS = ["checkpoint", "treebank", "split", "layer", "probe", "rank", "seed", "metric"]
OPTIONS = "--ranks 8 --epochs 2 --no-random-baseline --no-control --threads 1 --quiet".split()
SCRIPT = """
import treeprobe.pipeline.sweeps.tasks, treeprobe.pipeline.analyses.structure
from treeprobe.pipeline.commands.main import main
print("ready", flush=True)
main()
"""


def main() -> None:
    """Kill, go on, compare."""
    options = parser(__doc__, sentences=200)
    options.add_argument("--family", type=Path, required=True)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--processes", type=int, default=3)
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args()
    moments = random.Random(arguments.seed)
    command = ["sweep", "--models", str(arguments.family), "--train", arguments.treebank, "--dev", arguments.treebank]
    command += ["--max-sentences", str(arguments.sentences), "--jobs", str(arguments.jobs), *OPTIONS]
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "whole"
        (undisturbed,) = begin([*command, "--out", str(out)])
        start = time.perf_counter()
        finish(undisturbed)
        whole = time.perf_counter() - start
        table = ordered(load_results(out))
        print(f"undisturbed: {len(table)} rows in {whole:.1f} s")
        kills = rounds = 0
        while kills < arguments.kills:
            rounds += 1
            out = Path(place) / f"killed-{rounds}"
            running = begin([*command, "--out", str(out)], processes=arguments.processes)
            kills += kill_and_replace(running, most=arguments.kills - kills, moments=moments, longest=whole)
            pd.testing.assert_frame_equal(ordered(load_results(out)), table, atol=1e-4)
            if left := list(out.glob("tasks/.*")):
                raise SystemExit(f"left behind: {left}")
            print(f"sweep {rounds}: the same table after {kills} kills so far")
    print(f"{kills} kills in {rounds} sweeps: no task lost, none counted twice")


def begin(words: Sequence[str], *, processes: int = 1) -> list[subprocess.Popen[str]]:
    """Start `treeprobe` in processes, each the head of a group of its own; returns when their imports are done."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        for _ in range(processes)
    ]
    for process in started:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise SystemExit("the sweep did not start")
    return started


def kill_and_replace(running: list[subprocess.Popen[str]], *, most: int, moments: random.Random, longest: float) -> int:
    """Kill one process after another until all have ended by themselves, or so many were killed; returns how many."""
    kills = 0
    try:
        while running and kills < most:
            victim = moments.choice(running)
            try:
                victim.wait(timeout=moments.uniform(0, longest))
            except subprocess.TimeoutExpired:
                kill(victim)
                kills += 1
                running += begin(victim.args[3:])
            else:
                finish(victim)
            running.remove(victim)
        for process in running:
            finish(process)
    finally:
        for process in running:
            if process.poll() is None:
                kill(process)
    return kills


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process with all that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def finish(process: subprocess.Popen[str]) -> None:
    """Let a sweep end."""
    if process.wait() != 0:
        raise SystemExit("a sweep failed that was not killed")


def ordered(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows in one order, whoever finished first."""
    if scores.duplicated(KEYS).any():
        raise SystemExit("a task was counted twice")
    return scores.sort_values(KEYS, ignore_index=True)


if __name__ == "__main__":
    main()
