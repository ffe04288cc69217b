"""Scores over layers and ranks as tidy tables, every probe trained in one pass."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from treeprobe.probes.families.gradient import GradientProbe
from treeprobe.probes.states import States, as_states
from treeprobe.probes.structural import DepthProbe, DistanceProbe, LinearProbe
from treeprobe.probes.targets import Targets
from treeprobe.probes.training import fit_all


class Estimate(Protocol):
    """A score with its interval and the number of units it is averaged over, as `treeprobe.parsing.Score`."""

    @property
    def value(self) -> float:
        """The score."""

    @property
    def low(self) -> float:
        """Where its interval begins."""

    @property
    def high(self) -> float:
        """Where its interval ends."""

    @property
    def n(self) -> int:
        """How many units it is averaged over: edges, words or sentences."""


Figures = Mapping[str, Estimate] | Mapping[str, float]
Score = Callable[[Any, list[Any]], Figures]


def curves(
    states: States | Sequence[NDArray[Any]],
    targets: Targets,
    *,
    validation: tuple[States | Sequence[NDArray[Any]], Targets],
    kinds: Sequence[type[LinearProbe] | type[GradientProbe]] = (DistanceProbe, DepthProbe),
    layers: Sequence[int] | None = None,
    ranks: Sequence[int] = (128,),
    seeds: Sequence[int] = (0,),
    score: Score | None = None,
    progress: bool = False,
    **training: Any,
) -> pd.DataFrame:
    """Train a probe for every kind, layer, rank and seed, all in one pass, and tell how each fares.

    Args:
        validation: held-out vectors and targets, for the choice of epoch and for the scores.
        kinds: the two linear probes, or any families.
        layers: all that the states hold where None.
        score: figures by name of a probe and what it predicts of the held-out sentences: plain numbers, or scores with
            intervals, such as `treeprobe.parsing.score_all` gives.
        training: further parameters of the probes, such as `epochs`.

    Returns:
        Tidy: probe, layer, rank, seed, metric, value, low, high, n, the last three empty where nothing is known of
        them; `reporting.layer_curves` and `rank_curves` draw it. The metric `loss` is Hewitt & Manning's on the
        held-out sentences, at the kept epoch; those of `score` follow.
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
        rows.append({**place, "metric": "loss", **estimate(probe.history_[probe.best_epoch_ - 1]["validation"])})
        if score is not None:
            for metric, figure in score(probe, probe.predict(validation[0])).items():
                rows.append({**place, "metric": metric, **estimate(figure)})
    return pd.DataFrame(rows).astype({"low": float, "high": float, "n": "Int64"})


def estimate(figure: Estimate | float) -> dict[str, float | None]:
    """The columns of a figure, which may come without an interval."""
    if isinstance(figure, float | int):
        return {"value": float(figure), "low": None, "high": None, "n": None}
    return {"value": figure.value, "low": figure.low, "high": figure.high, "n": figure.n}


def over_seeds(table: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """The mean over seeds of every value in a tidy table, with what seeds alone make uncertain.

    Columns `value` (mean), `deviation` (sample standard deviation), `n` (seeds), and `low`, `high`: Student's interval
    of the mean. With one seed nothing is known of the spread: deviation, low and high are NaN, not 0. The interval says
    how another draw of first values would differ; it says nothing of other sentences, for which there is the bootstrap.

    Raises ValueError where the table lacks the columns `seed` or `value`, or a seed stands twice in a group.
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
