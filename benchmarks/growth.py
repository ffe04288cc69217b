"""How cost grows: time and peak memory with words, and with layers, ranks and seeds, on one figure.

    python -m benchmarks.growth --treebank en_ewt --out FOLDER --figure growth.png

Every point is measured in a process of its own, by one thread, in processor seconds, which other work on the machine
does not stretch; its memory is the peak from the moment when treebank and model are loaded. Slices are every eighth,
fourth, second sentence and each, so that all have the same mix of lengths; the smallest fills a shard of hidden states,
because only what is larger can show that no more than a few shards are held. Goals: time is linear in words, memory is
flat, and an added rank or seed costs less than half of the first.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from benchmarks.growth_figure import Curve, growth_figure
from benchmarks.inputs import open_encoder, parser, read_bank
from benchmarks.measuring import Ratio, begin_peak_anew, clocked, machine, peak_megabytes, report
from treeprobe.extraction import Encoder, Reading, States, extract, list_caches, open_states
from treeprobe.files import write_json
from treeprobe.parsing import Scorer, Treebank, score_all
from treeprobe.probes import DepthProbe, DistanceProbe, SomeStates, fit_all
from treeprobe.reporting import save_figure

Work = Literal["extraction", "training", "scoring"]

TIMES = (1, 2, 4, 8)
RANKS = (128, 120, 112, 104)
"""Of nearly one size, so that a further rank is not cheap because it is small."""
COUNTS = (1, 2, 3, 4)
"""So many layers of one rank and seed; and on all layers, so many ranks, and so many seeds."""
EPOCHS = 2
WARM_UP = 20  # sentences
STEEPEST = 1.1
"""Goal for the exponent of time by words: 1 is linear."""
FLAT = 100.0
"""Goal for what memory may grow by, in MB, from the smallest to the largest treebank, whose states take 350 MB."""


@dataclass(frozen=True)
class Task:
    """What one process does: how many times the smallest slice is read, and which probes are trained on it."""

    work: Work
    times: int
    layers: int
    ranks: int = 1
    seeds: int = 1


@dataclass(frozen=True)
class Point:
    """What a task took."""

    task: Task
    words: int
    seconds: float
    megabytes: float


def main() -> None:
    declared = parser(__doc__, sentences=4000, rounds=1)
    declared.add_argument("--figure", type=Path, help="file to draw, .png, .svg or .pdf")
    declared.add_argument("--points", type=Path, help="draw what an earlier run wrote to OUT/growth-points.json")
    arguments = declared.parse_args()
    points = list(measure_all(arguments)) if arguments.points is None else read_points(arguments.points)
    report("growth", rows(points), out=arguments.out)
    if arguments.out is not None:
        content = {"machine": machine(), "points": [asdict(point) for point in points]}
        write_json(arguments.out / "growth-points.json", content)
    if arguments.figure is not None:
        save_figure(growth_figure(*curves(points)), arguments.figure, dpi=200)


def measure_all(arguments: argparse.Namespace) -> Iterator[Point]:
    """Every point, printed as it is found; the states that probes read are extracted once, before."""
    # Threads that read ahead would begin with as many of torch's as there are cores, and count their waiting.
    os.environ["OMP_NUM_THREADS"] = "1"
    bank, server = read_bank(arguments, "train"), get_context("forkserver")
    # What all points import is imported once, by the process from which theirs are forked.
    server.set_forkserver_preload(["benchmarks.growth_figure", "treeprobe.extraction", "treeprobe.probes"])
    with (
        tempfile.TemporaryDirectory() as cache,
        ProcessPoolExecutor(1, mp_context=server, max_tasks_per_child=1) as processes,
    ):
        states, layers = processes.submit(extract_all, arguments, bank, Path(cache)).result()
        for task in tasks(layers):
            point = processes.submit(measure, arguments, task, bank, states).result()
            print(f"{task}: {point.words} words, {point.seconds:.2f} s, {point.megabytes:.0f} MB", flush=True)
            yield point


def extract_all(arguments: argparse.Namespace, bank: Treebank, cache: Path) -> tuple[Path, int]:
    """Extract the states of every sentence; their folder, and how many layers they have."""
    states = extract(open_encoder(arguments), bank.words, reading=Reading(storage="float16"), cache=cache)
    return list_caches(cache)[0].folder, len(states.layers)


def tasks(layers: int) -> list[Task]:
    """What is measured of a model of so many layers, nothing twice."""
    half = TIMES[-2]
    found = [Task(work, times, layers) for work in ("extraction", "training", "scoring") for times in TIMES]
    found += [Task("training", half, count) for count in COUNTS if count < layers]
    for count in COUNTS[1:]:
        found += [Task("training", half, layers, ranks=count), Task("training", half, layers, seeds=count)]
    return found


def measure(arguments: argparse.Namespace, task: Task, bank: Treebank, states: Path) -> Point:
    """Do a task in this process, which holds the whole treebank: the least time of the rounds, and the peak of all."""
    torch.set_num_threads(1)
    part = slice(None, None, TIMES[-1] // task.times)
    with tempfile.TemporaryDirectory() as folder:
        if task.work == "extraction":
            work = extraction(open_encoder(arguments), bank[part].words, Path(folder))
        else:
            prepared = training if task.work == "training" else scoring
            work = prepared(task, open_states(states), bank, part)
        begin_peak_anew()
        seconds = min(clocked(work)[1] for _ in range(arguments.rounds))
        return Point(task, sum(map(len, bank[part])), seconds, peak_megabytes())


def extraction(encoder: Encoder, words: Sequence[Sequence[str]], folder: Path) -> Callable[[], object]:
    """Hidden states of every layer, with their cache, a new one each time."""
    extract(encoder, words[:WARM_UP])
    return lambda: extract(encoder, words, reading=Reading(storage="float16"), cache=tempfile.mkdtemp(dir=folder))


def training(task: Task, states: States, bank: Treebank, part: slice) -> Callable[[], object]:
    """Distance and depth probes of some layers, ranks and seeds, in one call."""
    probes = [
        kind(layer, rank, seed, epochs=EPOCHS)
        for layer in states.layers[: task.layers]
        for rank in RANKS[: task.ranks]
        for seed in range(task.seeds)
        for kind in (DistanceProbe, DepthProbe)
    ]
    fit_all(probes, SomeStates(states, slice(WARM_UP)), bank[:WARM_UP])
    return lambda: fit_all(probes, SomeStates(states, part), bank[part])


def scoring(task: Task, states: States, bank: Treebank, part: slice) -> Callable[[], object]:
    """What a distance and a depth probe predict, their scores, and the intervals of these."""
    layer = states.layers[len(states.layers) // 2]
    distance, depth = DistanceProbe(layer, epochs=1), DepthProbe(layer, epochs=1)
    fit_all([distance, depth], SomeStates(states, slice(WARM_UP)), bank[:WARM_UP])

    def score() -> None:
        some, scorer = SomeStates(states, part), Scorer(bank[part])
        tallies = [*scorer.distances(distance.predict(some)).values(), *scorer.depths(depth.predict(some)).values()]
        score_all(tallies)

    score()  # some of what it needs is imported when it is first used
    return score


def by_words(points: Sequence[Point]) -> dict[str, list[Point]]:
    """Points of each work along the words, of all layers with one rank and seed."""
    layers = max(point.task.layers for point in points)
    found: dict[str, list[Point]] = {}
    for point in points:
        if (point.task.layers, point.task.ranks, point.task.seeds) == (layers, 1, 1):
            found.setdefault(point.task.work, []).append(point)
    return found


def by_count(points: Sequence[Point]) -> dict[str, dict[int, Point]]:
    """Points of training by the number of layers, of ranks and of seeds, the others being as they are in one run."""
    trained = [point for point in points if (point.task.work, point.task.times) == ("training", TIMES[-2])]
    layers = max(point.task.layers for point in trained)
    one = {(point.task.layers, point.task.ranks, point.task.seeds): point for point in trained}
    return {
        "layers": {count: one[count, 1, 1] for count in COUNTS if count <= layers},
        "ranks": {count: one[layers, count, 1] for count in COUNTS},
        "seeds": {count: one[layers, 1, count] for count in COUNTS},
    }


def exponent(points: Sequence[Point]) -> float:
    """The slope of time by words where both are logarithms, by least squares."""
    words, seconds = ([getattr(point, name) for point in points] for name in ("words", "seconds"))
    return float(np.polyfit(np.log(words), np.log(seconds), 1)[0])


def added(points: dict[int, Point]) -> float:
    """What each further one costs on average, as a share of the first."""
    most = max(points)
    return (points[most].seconds / points[1].seconds - 1) / (most - 1)


def rows(points: Sequence[Point]) -> list[Ratio]:
    """The points summed up, each sum with its goal."""
    found = []
    for work, along in by_words(points).items():
        found.append(Ratio(f"{work}: exponent of time by words", exponent(along), goal=STEEPEST, unit=""))
        more = along[-1].megabytes - along[0].megabytes
        found.append(Ratio(f"{work}: memory at {TIMES[-1]} × the words", more, goal=FLAT, unit="MB more"))
    for name, counted in by_count(points).items():
        goal = None if name == "layers" else 0.5
        found.append(Ratio(f"training: one more of the {name}, in the time of the first", added(counted), goal=goal))
    return found


def curves(points: Sequence[Point]) -> tuple[list[Curve], list[Curve]]:
    """The curves of the figure: along the words, and along layers, ranks and seeds."""
    words = [
        curve(work, [point.words for point in along], along, f"power {exponent(along):.2f}")
        for work, along in by_words(points).items()
    ]
    counts = [
        curve(name, list(counted), list(counted.values()), f"+{added(counted):.2f} each")
        for name, counted in by_count(points).items()
    ]
    return words, counts


def curve(name: str, places: Sequence[float], points: Sequence[Point], growth: str) -> Curve:
    """One curve through some points."""
    return Curve(name, places, [each.seconds for each in points], [each.megabytes for each in points], growth)


def read_points(path: Path) -> list[Point]:
    """The points that an earlier run wrote."""
    points = json.loads(path.read_text(encoding="utf-8"))["points"]
    return [Point(**point | {"task": Task(**point["task"])}) for point in points]


if __name__ == "__main__":
    main()
