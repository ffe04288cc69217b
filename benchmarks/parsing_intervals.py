"""How often 95 % intervals hold the truth, for small and for large treebanks.

    python -m benchmarks.parsing_intervals --treebank FOLDER [--cache FOLDER] [--trials 400] [--others]

The population is English EWT: probes of MiniLM (distances of layer 3, depths of layer 4, rank 64) are trained on every
eighth document of train and score all other sentences, whose scores are the truth. Samples of 40, 100, 500 and 2,000
sentences are drawn from these, sentence by sentence or as whole documents. Each sample gets its intervals: those that
`Tally.score` reports, the same with sentences resampled where documents were drawn, plain percentiles, and those with
the resamples' bias left in; with `--others` basic, BCa and studentised intervals too.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.inputs import parser, read_bank, read_states
from treeprobe.parsing import Tally, Treebank, score_depths, score_distances
from treeprobe.parsing.scores.intervals import Resampled
from treeprobe.parsing.scores.resampling import resampled_clusters, resampling_weights
from treeprobe.parsing.treebanks import Split, document_numbers
from treeprobe.probes import DepthProbe, DistanceProbe, SomeStates, fit_all

SIZES = (40, 100, 500, 2000)
COLUMNS = ("numerators", "denominators", "strata")
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Tally]


def main() -> None:
    """Simulate and print."""
    options = parser(__doc__)
    options.add_argument("--trials", type=int, default=400)
    options.add_argument("--resamples", type=int, default=400)
    options.add_argument("--others", action="store_true", help="basic, BCa and studentised intervals too")
    options.add_argument("--tallies", type=Path, default=Path("tallies.npz"), help="where the population is kept")
    arguments = options.parse_args()
    if not arguments.tallies.exists():
        write_population(arguments)
    population = read_population(arguments.tallies)
    print({metric: round(tally.value, 3) for metric, tally in population.items()})
    settings = {"trials": arguments.trials, "resamples": arguments.resamples, "others": arguments.others}
    rows = []
    for drawn, draw in (("sentences", draw_sentences), ("documents", draw_documents)):
        for size in SIZES:
            for metric, tally in population.items():
                found = coverage(draw(tally), size=size, **settings)
                rows += [{"drawn": drawn, "metric": metric, "n": size, "truth": tally.value, **row} for row in found]
            print(f"{size} sentences, drawn as {drawn}: done", flush=True)
    table = pd.DataFrame(rows)
    table["coverage"] = (table["low"] <= table["truth"]) & (table["truth"] <= table["high"])
    table["width"], table["error"] = table["high"] - table["low"], table["value"] - table["truth"]
    for value, digits in (("coverage", "{:.1%}"), ("width", "{:.3f}"), ("error", "{:.3f}")):
        print(f"\n{value}")
        wide = table.pivot_table(index=["drawn", "metric", "n"], columns="interval", values=value, sort=False)
        print(wide.to_string(float_format=digits.format))


def write_population(arguments: argparse.Namespace) -> None:
    """Tallies of all sentences but those that the probes were trained on, and the documents that they stand in."""
    distance, depth = DistanceProbe(layer=3, rank=64), DepthProbe(layer=4, rank=64)
    columns: dict[str, list[NDArray[Any]]] = defaultdict(list)
    for split in get_args(Split):
        bank = read_bank(arguments, split)
        states = read_states(arguments, bank)
        documents = document_numbers(bank)
        assert documents is not None
        rest = np.arange(len(bank))
        if split == "train":
            rows, rest = np.flatnonzero(documents % 8 == 0), np.flatnonzero(documents % 8)
            fit_all([distance, depth], SomeStates(states, rows), Treebank([bank[row] for row in rows.tolist()]))
            print(f"trained on {len(rows)} sentences", flush=True)
        scored, vectors = Treebank([bank[row] for row in rest.tolist()]), SomeStates(states, rest)
        tallies = score_distances(scored, distance.predict(vectors)) | score_depths(scored, depth.predict(vectors))
        for metric, tally in tallies.items():
            for column in COLUMNS:
                columns[f"{metric}.{column}"].append(getattr(tally, column))
        columns["documents"].append(documents[rest] + sum(len(each) for each in columns["documents"]))
    np.savez_compressed(arguments.tallies, **{name: np.concatenate(parts) for name, parts in columns.items()})


def read_population(path: Path) -> dict[str, Tally]:
    """Tallies by metric."""
    with np.load(path) as stored:
        columns = dict(stored)
    documents = np.unique(columns.pop("documents"), return_inverse=True)[1]
    print(f"{len(documents)} sentences in {documents.max() + 1} documents")
    metrics = dict.fromkeys(name.split(".")[0] for name in columns)
    return {each: Tally(each, *(columns[f"{each}.{one}"] for one in COLUMNS), documents) for each in metrics}


def draw_sentences(population: Tally) -> Draw:
    """Draws so many sentences, as if each were a text of its own."""

    def draw(generator: np.random.Generator, size: int) -> Tally:
        return replace(rows_of(population, generator.integers(len(population.strata), size=size)), documents=None)

    return draw


def draw_documents(population: Tally) -> Draw:
    """Draws documents until they have so many sentences; the last one is cut."""
    documents = population.documents
    assert documents is not None
    members = np.split(np.argsort(documents, kind="stable"), np.cumsum(np.bincount(documents))[:-1])

    def draw(generator: np.random.Generator, size: int) -> Tally:
        chosen: list[NDArray[np.int64]] = []
        while sum(map(len, chosen)) < size:
            chosen.append(members[generator.integers(len(members))])
        copies = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])[:size]
        return replace(rows_of(population, np.concatenate(chosen)[:size]), documents=copies)

    return draw


def rows_of(tally: Tally, rows: NDArray[np.int64]) -> Tally:
    """Some sentences of a tally."""
    return Tally(tally.metric, *(getattr(tally, column)[rows] for column in COLUMNS))


def coverage(draw: Draw, *, size: int, trials: int, resamples: int, others: bool) -> Iterator[dict[str, Any]]:
    """Each kind of interval of so many samples."""
    for trial in range(trials):
        sample = draw(np.random.default_rng(trial + 10_000), size)
        for name, (low, high) in intervals(sample, resamples=resamples, seed=trial, others=others):
            yield {"interval": name, "value": sample.value, "low": low, "high": high}


def intervals(tally: Tally, *, resamples: int, seed: int, others: bool) -> Iterator[tuple[str, tuple[float, float]]]:
    """Each kind of interval of a sample's score."""
    clusters, _ = resampled_clusters(len(tally.strata), tally.documents)
    weights = np.concatenate(list(resampling_weights(clusters, resamples=resamples, seed=seed)))
    values = tally.on_samples(weights)
    score = Resampled([tally], values[None], "sentences", len(np.unique(clusters))).score(0)
    yield "as reported", (score.low, score.high)
    if tally.documents is not None:
        score = replace(tally, documents=None).score(resamples=resamples, seed=seed)
        yield "sentences resampled", (score.low, score.high)
    shift = np.nanmean(values) - tally.value if tally.stratified else 0.0
    yield "plain", percentiles(values - shift)
    low, high = percentiles(values)
    yield "bias left in", (low, high)
    if not others:
        return
    yield "basic", (2 * tally.value - high, 2 * tally.value - low)
    yield "BCa", accelerated(tally, clusters, values)
    yield "studentised", studentised(tally, clusters, weights, values)


def percentiles(values: Floats) -> tuple[float, float]:
    """The middle 95 % of the values."""
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def accelerated(tally: Tally, clusters: NDArray[np.int64], values: Floats) -> tuple[float, float]:
    """BCa (Efron & Tibshirani 1993, section 14.3), with the acceleration from the influence of each sentence."""
    found = values[~np.isnan(values)]
    below = np.clip(
        (np.mean(found < tally.value) + np.mean(found <= tally.value)) / 2, 0.5 / len(found), 1 - 0.5 / len(found)
    )
    influence = residuals(tally, clusters, np.ones((1, len(clusters))))[0]
    spread = (influence**2).sum()
    acceleration = (influence**3).sum() / (6 * spread**1.5) if spread else 0.0
    bias = norm.ppf(float(below))
    ends = []
    for level in (0.025, 0.975):
        shifted = bias + norm.ppf(level)
        ends.append(float(np.quantile(found, norm.cdf(bias + shifted / (1 - acceleration * shifted)))))
    return ends[0], ends[1]


def studentised(tally: Tally, clusters: NDArray[np.int64], weights: Floats, values: Floats) -> tuple[float, float]:
    """The bootstrap-t interval (section 12.5); standard errors are those of the linearised score."""
    error = np.sqrt((residuals(tally, clusters, np.ones((1, len(clusters)))) ** 2).sum())
    drawn = weights[:, np.unique(clusters, return_index=True)[1]]
    errors = np.sqrt((drawn * residuals(tally, clusters, weights) ** 2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        pivots = (values - tally.value) / errors
    pivots = pivots[np.isfinite(pivots)]
    if not len(pivots):
        return float("nan"), float("nan")
    low, high = np.quantile(pivots, [0.025, 0.975])
    return float(tally.value - high * error), float(tally.value - low * error)


def residuals(tally: Tally, clusters: NDArray[np.int64], weights: Floats) -> Floats:
    """How far each cluster of sentences moves the score in each sample, to first order, (samples, clusters)."""
    counted = tally.denominators > 0
    strata = np.unique(np.where(counted, tally.strata, -1), return_inverse=True)[1]
    indicator = np.eye(strata.max() + 1)[strata] * counted[:, None]
    bottoms = weights @ (indicator * tally.denominators[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = (weights @ (indicator * tally.numerators[:, None])) / bottoms
        moved = (tally.numerators - ratios[:, strata] * tally.denominators) / bottoms[:, strata]
    present = np.maximum((bottoms > 0).sum(axis=1), 1)
    moved = np.nan_to_num(moved, posinf=0.0, neginf=0.0) * counted / present[:, None]
    members = np.unique(clusters, return_inverse=True)[1]
    return moved if members.max() + 1 == len(members) else moved @ np.eye(members.max() + 1)[members]


if __name__ == "__main__":
    main()
