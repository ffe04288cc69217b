"""Arrays without a scheduler: many workers share a sweep while some of them are killed, and what it costs.

    python -m benchmarks.sweep_arrays [--tasks 1000] [--workers 64] [--kills 50] [--finished 10000] [--out FOLDER]

The analysis is made up and takes `--work` seconds; everything around it is what every sweep does: the plan, the
claims, the records, the table. Workers are processes, each of which believes that it is on a machine of its own, so
that nobody can see of a killed one that it is gone: its claim has to run out, here after `--lease` seconds. Killed at
random moments (kill -9, and one in five by SIGTERM), each is replaced by another. In the end every task must be there,
made once.

Then: what one worker takes for a task besides the work, which file operations that is, and how long a sweep takes to
start where `--finished` tasks are done.
"""

import argparse
import multiprocessing
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.inputs import parser
from benchmarks.measuring import Ratio, report
from treeprobe import claims
from treeprobe.pipeline import Options, Plan, Splits
from treeprobe.pipeline.results.findings import write_record
from treeprobe.pipeline.results.scores import COLUMNS
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.sweeps import Share, SweepLeftError, execution, sweep_share
from treeprobe.pipeline.sweeps.leaving import SIGNALS

FILES = 12
"""Files of a finished task, about as many as a structural analysis leaves."""
SENTENCE = "1\ta\t_\tX\tNN\t_\t0\troot\t_\t_\n2\tb\t_\tX\tNN\t_\t1\tdep\t_\t_\n\n"
FORKING = multiprocessing.get_context("fork")
"""Workers begin with everything loaded, which they share."""


def main() -> None:
    options = parser(__doc__, treebank=False)
    for name, default in {"tasks": 1000, "workers": 64, "kills": 50, "finished": 10_000, "seed": 0}.items():
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--work", type=float, default=0.5, help="seconds of the made-up analysis")
    options.add_argument("--lease", type=float, default=5.0, help="seconds after which a silent claim is taken over")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        rows = [*simulated(Path(place), arguments), *per_task(Path(place), arguments), *start(Path(place), arguments)]
    report("sweep_arrays", rows, out=arguments.out)


def simulated(place: Path, arguments: argparse.Namespace) -> Iterator[Ratio]:
    """The array with kills."""
    plan = made_plan(place, "array", arguments.tasks)
    begun = time.perf_counter()
    kills = run_array(plan, arguments, log=place / "log")
    wall = time.perf_counter() - begun
    made = Counter((place / "log").read_text().split())
    there = {path.name for path in plan.folder.finished()}
    lost = {task.name for task in plan.tasks()} - there
    name = f"{arguments.tasks} tasks, {arguments.workers} workers, {kills} of them killed"
    yield Ratio(f"{name}: tasks lost", len(lost), goal=0, unit="")
    yield Ratio(f"{name}: tasks made twice", sum(count > 1 for count in made.values()), goal=0, unit="")
    left = plan.folder.claimed() - there
    yield Ratio(f"{name}: half-made tasks left", len(left), goal=0, unit="")
    yield Ratio(f"{name}: wall clock", wall, unit="s", note=f"{arguments.work} s of idle work a task")


def run_array(plan: Plan, arguments: argparse.Namespace, *, log: Path) -> int:
    """Let workers do a plan, killing some; returns how many were."""
    draw, kills, started = random.Random(arguments.seed), 0, 0
    running: list[BaseProcess] = []

    def begin(number: int) -> None:
        nonlocal started
        started += 1
        share = Share(number % arguments.workers + 1, arguments.workers)
        process = FORKING.Process(
            target=work_in_array, args=(plan, share, f"node-{started}", arguments.work, arguments.lease, log)
        )
        process.start()
        running.append(process)

    for number in range(arguments.workers):
        begin(number)
    while any(process.is_alive() for process in running) and not any(plan.folder.tasks.glob("*")):
        time.sleep(0.05)
    while running:
        time.sleep(draw.uniform(0, 0.3))
        if kills < arguments.kills and len(list(plan.folder.tasks.glob("[!.]*"))) < 0.9 * arguments.tasks:
            victim = draw.choice(running)
            if victim.is_alive():
                os.kill(victim.pid or 0, SIGNALS[0] if kills % 5 == 4 else signal.SIGKILL)
                victim.join()
                kills += 1
                begin(draw.randrange(arguments.workers))
        for process in [one for one in running if not one.is_alive()]:
            process.join()
            running.remove(process)
            if process.exitcode not in (0, -signal.SIGKILL, SweepLeftError.exit_code):
                raise SystemExit(f"a worker ended with {process.exitcode}")
    return kills


def work_in_array(plan: Plan, share: Share, machine: str, work: float, lease: float, log: Path) -> None:
    """What one worker does, on a machine of its own."""
    socket.gethostname = lambda: machine
    claims.LEASE_SECONDS, claims.REFRESH_SECONDS = lease, lease / 6
    with made_up(work, log=log):
        try:
            sweep_share(plan, share, progress=False)
        except SweepLeftError as left:
            sys.exit(left.exit_code)


def per_task(place: Path, arguments: argparse.Namespace) -> Iterator[Ratio]:
    """What one worker takes for a task besides its work."""
    plan = made_plan(place, "alone", arguments.tasks)
    with made_up(0.0), counted() as operations:
        begun, processor = time.perf_counter(), time.process_time()
        sweep_share(plan, Share(1, 1), progress=False)
        wall, processor = time.perf_counter() - begun, time.process_time() - processor
    each = 1000 / arguments.tasks
    yield Ratio("a task besides its work", wall * each, goal=50, unit="ms")
    yield Ratio("a task besides its work: processor", processor * each, unit="ms")
    listed = ", ".join(f"{count / arguments.tasks:.1f} {name}" for name, count in operations.most_common(8))
    yield Ratio("file operations of a task", sum(operations.values()) / arguments.tasks, unit="", note=listed)


def start(place: Path, arguments: argparse.Namespace) -> Iterator[Ratio]:
    """How long a sweep takes to start, and to see that all is done."""
    plan = made_plan(place, "finished", arguments.finished)
    finish_all(plan)
    for name in ("for the first time", "again"):
        with counted() as operations:
            begun, processor = time.perf_counter(), time.process_time()
            ended = sweep_share(plan, Share(1, 1), progress=False)
            seconds, processor = time.perf_counter() - begun, time.process_time() - processor
        if len(ended.skipped) != arguments.finished:
            raise SystemExit("not all tasks were seen to be finished")
        goal = 3.0 if name == "again" else None
        note = f"{processor:.1f} s of the processor"
        note += "; reads all scores for the table too" if name != "again" else ""
        yield Ratio(f"start where {arguments.finished} tasks are done, {name}", seconds, goal=goal, unit="s", note=note)
    listed = ", ".join(f"{count:,} {name}" for name, count in operations.most_common(8))
    yield Ratio("file operations of that start", sum(operations.values()), unit="", note=listed)


def made_plan(place: Path, name: str, tasks: int) -> Plan:
    """A plan of so many checkpoints, of which nothing but their files is real."""
    for split, word in (("train", "a"), ("dev", "c")):
        (place / f"{split}.conllu").write_text(SENTENCE.replace("\ta\t", f"\t{word}\t") * 3)
    for number in range(tasks):
        folder = place / f"{name}-models" / f"model-{number:05}"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_text(f"{number}")
    splits = Splits("bank", place / "train.conllu", place / "dev.conllu")
    options = Options(ranks=(1,), seeds=(0,), samples=0, random_baseline=False, control=False)
    return Plan(models=[f"{place}/{name}-models/*"], treebanks=[splits], out=place / name, options=options)


@contextmanager
def made_up(work: float, *, log: Path | None = None) -> Iterator[None]:
    """Within the block an analysis sleeps and writes a table; what is put in place is noted in `log`."""
    names = ("open_subject", "perform", "claimed_folder", "_check_unchanged")
    before = {name: getattr(execution, name) for name in names}

    def perform(analysis: Any, subject: Any, folder: Path, *, about: Any, **_: Any) -> None:
        time.sleep(work)
        write_findings(folder, analysis.name, about)

    @contextmanager
    def noted(target: Path, **more: Any) -> Iterator[Path]:
        with before["claimed_folder"](target, **more) as draft:
            yield draft
        if log is not None:
            with log.open("a") as file:
                file.write(f"{target.name}\n")

    changes: dict[str, Callable[..., Any]] = {
        "open_subject": lambda *_: SimpleNamespace(), "perform": perform, "claimed_folder": noted,
        "_check_unchanged": lambda *_: None,
    }  # fmt: skip
    try:
        for name, change in changes.items():
            setattr(execution, name, change)
        yield
    finally:
        for name, value in before.items():
            setattr(execution, name, value)


def write_findings(folder: Path, analysis: str, about: Any) -> None:
    """The files of a finished analysis, small but as many as a real one's."""
    (folder / "scores.csv").write_text(",".join(COLUMNS) + "\n")
    for number in range(FILES - 2):
        (folder / f"table-{number}.csv").write_text("a,b\n1,2\n")
    write_record(folder, record_of(analysis, about))


def record_of(analysis: str, about: Any) -> dict[str, Any]:
    """What the record of a made-up analysis says."""
    return {
        "analysis": analysis, "summary": "", "checkpoint": {"name": "a", "path": "a", "digest": "0"},
        "treebank": "bank", "splits": {}, "options": {"digest": "0"}, "details": {}, "seconds": {"total": 1.0}, **about,
    }  # fmt: skip


def finish_all(plan: Plan) -> None:
    """Put the folder of every task of a plan in place, as if it had been done."""
    folder: SweepFolder = plan.folder
    folder.begin()
    for task in plan.tasks():
        target = folder.task(task.name)
        target.mkdir()
        write_findings(target, task.analysis.name, {"task": task.name, "identity": dict(task.identity)})


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How often each operation on files is asked for within the block, as Python tells it."""
    found: Counter[str] = Counter()
    asked = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.scandir", "os.listdir", "os.link"}
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event in asked and not str(arguments[0]).startswith("/proc"):
            found[event.removeprefix("os.")] += 1

    def stat(*given: Any, **more: Any) -> os.stat_result:
        found["stat"] += not str(given[0]).startswith("/proc")
        return before(*given, **more)

    before = os.stat
    sys.addaudithook(hook)
    os.stat = stat
    try:
        yield found
    finally:
        os.stat, watching = before, False


if __name__ == "__main__":
    main()
