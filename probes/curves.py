"""Scores by layer, rank and seed as tidy tables, all probes trained in one pass."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy.stats import t as student

from treeprobe.probes.estimator import fit_all
from treeprobe.probes.families.gradient import GradientProbe
from treeprobe.probes.states import Vectors, as_states
from treeprobe.probes.structural import DepthProbe, DistanceProbe, LinearProbe
from treeprobe.probes.targets import Targets


class Estimate(Protocol):
    """A score with its interval and the number of units that it averages over, as `treeprobe.parsing.Score`."""

    @property
    def value(self) -> float:
        """The score."""

    @property
    def low(self) -> float:
        """Lower end of its interval."""

    @property
    def high(self) -> float:
        """Upper end of its interval."""

    @property
    def n(self) -> int:
        """The number of units that it averages over: edges, words or sentences."""


Scores = Mapping[str, Estimate] | Mapping[str, float]
Score = Callable[[Any, list[Any]], Scores]


def curves(
    states: Vectors,
    targets: Targets,
    *,
    validation: tuple[Vectors, Targets],
    kinds: Sequence[type[LinearProbe] | type[GradientProbe]] = (DistanceProbe, DepthProbe),
    layers: Sequence[int] | None = None,
    ranks: Sequence[int] = (128,),
    seeds: Sequence[int] = (0,),
    score: Score | None = None,
    progress: bool = False,
    **training: Any,
) -> pd.DataFrame:
    """Train a probe for every kind, layer, rank and seed in one pass, and score each on held-out sentences.

    Args:
        states: vectors of the training sentences.
        targets: their gold values.
        validation: held-out vectors and targets, for the choice of epoch and for the scores.
        kinds: probe classes: the two linear probes, or any families.
        layers: the layers; None for all that the states hold.
        ranks: ranks of the probes.
        seeds: seeds of the probes.
        score: scores by name, given a probe and its predictions for the held-out sentences: plain numbers, or scores
            with intervals, such as `treeprobe.parsing.score_all` gives.
        progress: show a progress bar.
        training: further options of the probes, such as `epochs`.

    Returns:
        A tidy table: probe, layer, rank, seed, metric, value, low, high, n, the last three missing for scores without
        interval; `reporting.layer_curves` and `rank_curves` draw it. The metric `loss` is Hewitt & Manning's on the
        held-out sentences, at the epoch that was kept; those of `score` follow.
    """
    source = as_states(states)
    probes = [
        kind(layer, rank, seed, **training)
        for kind in kinds
        for layer in (source.layers if layers is None else layers)
        for rank in ranks
        for seed in seeds
    ]
    fit_all(probes, states, targets, validation=validation, progress=progress)
    rows = []
    for probe in probes:
        place = {"probe": probe.kind, "layer": probe.layer, "rank": probe.rank, "seed": probe.seed}
        rows.append({**place, "metric": "loss", **_columns(probe.history_[probe.best_epoch_ - 1]["validation"])})
        if score is not None:
            for metric, estimate in score(probe, probe.predict(validation[0])).items():
                rows.append({**place, "metric": metric, **_columns(estimate)})
    return pd.DataFrame(rows).astype({"low": float, "high": float, "n": "Int64"})


def _columns(estimate: Estimate | float) -> dict[str, float | None]:
    """The columns of a score, which may come without an interval."""
    if isinstance(estimate, float | int):
        return {"value": float(estimate), "low": None, "high": None, "n": None}
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n}


def over_seeds(table: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Mean over seeds of every value in a tidy table, with Student's interval.

    The interval is the uncertainty due to the draw of initial values alone; that due to the choice of sentences is the
    bootstrap's. The spread of a single seed is unknown: deviation, low and high are then NaN, not 0.

    Args:
        table: with the columns `seed` and `value`; rows alike in all columns beside these and low, high and n are
            averaged.
        level: of the interval.

    Returns:
        The other columns, with `value` (mean), `deviation` (sample standard deviation), `n` (seeds), `low` and `high`.

    Raises:
        ValueError: the table lacks the columns `seed` or `value`, or a group has a seed twice.
    """
    if missing := {"seed", "value"} - set(table.columns):
        raise ValueError(f"the table lacks the columns {', '.join(sorted(missing))}; found {', '.join(table.columns)}")
    keys = [name for name in table.columns if name not in {"seed", "value", "low", "high", "n"}]
    if table.duplicated([*keys, "seed"]).any():
        raise ValueError(f"a seed stands more than once for the same {', '.join(keys)}")
    grouped = table.groupby(keys, sort=False, dropna=False)["value"]
    result = grouped.agg(value="mean", deviation="std", n="count").reset_index()
    reach = student.ppf((1 + level) / 2, result["n"] - 1) * result["deviation"] / np.sqrt(result["n"])
    return result.assign(low=result["value"] - reach, high=result["value"] + reach)
