"""Families of geometry compared at matched numbers of parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from treeprobe.probes.families.bilinear import BilinearProbe
from treeprobe.probes.families.distances import GeometryProbe
from treeprobe.probes.families.kernel import KernelProbe
from treeprobe.probes.families.orthogonal import OrthogonalProbe
from treeprobe.probes.families.poincare import PoincareProbe
from treeprobe.probes.probe import Probe
from treeprobe.probes.states import States, as_states
from treeprobe.probes.structural import DistanceProbe
from treeprobe.probes.targets import GoldTargets, mean_loss
from treeprobe.probes.teams import NotFiniteError
from treeprobe.probes.training import fit_all

Family = type[DistanceProbe] | type[GeometryProbe]
FAMILIES: tuple[Family, ...] = (DistanceProbe, OrthogonalProbe, BilinearProbe, KernelProbe, PoincareProbe)

LEARNING_RATES = (0.00025, 0.0005, 0.001, 0.002, 0.004)

Split = tuple[States | Sequence[NDArray[Any]], Sequence[NDArray[Any]]]
Score = Callable[[Sequence[NDArray[np.float32]]], Mapping[str, SupportsFloat]]


def geometry_ladder(
    states: States | Sequence[NDArray[Any]],
    targets: Sequence[NDArray[Any]],
    *,
    validation: Split,
    test: Split | None = None,
    layer: int | None = None,
    rank: int = 64,
    seeds: Sequence[int] = (0,),
    families: Sequence[Family] = FAMILIES,
    learning_rates: Sequence[float] = LEARNING_RATES,
    score: Score | None = None,
    progress: bool = False,
    **training: Any,
) -> pd.DataFrame:
    """Train families of distance probe on the same words, each with at most the parameters of a linear probe.

    Every family is tried at as many step sizes, with the first seed; the one with the least validation loss serves all
    seeds. Nothing else is chosen. A step size that leads to infinity counts as tried and is out.

    Args:
        states, targets: vectors, and one (words, words) array of gold distances a sentence.
        validation: held-out vectors and distances, for the choice of step size and epoch.
        test: others, for the loss and the scores. Without them those are of `validation`, on which the choices were
            made, and so a little too good.
        rank: rank of the linear probe, whose rank · dim numbers are what the others may spend.
        learning_rates: step sizes, each times the family's `pace`.
        score: figures by name of one list of predicted distances, if wished: each becomes a column; such as
            `functools.partial(parsing.score_distances, dev)`. Distances below 0, which only a bilinear probe says, are
            given to it as 0.
        training: further parameters of the probes, such as `epochs`.

    Returns:
        One row for each family and seed: family, rank, parameters, learning_rate (the pace included), at_edge (whether
        it is the least or the largest of those that stayed finite, so that another might be better), seed, best_epoch,
        loss (Hewitt & Manning's), the columns of `score`, and the fitted probe.
    """
    dim = as_states(states, layer=layer).dim
    budget = DistanceProbe.parameter_count(dim, rank)
    gold, held_out = GoldTargets(targets), (validation[0], GoldTargets(validation[1]))
    tried = [
        [
            family(layer, rank_for(family, dim, parameters=budget), seeds[0], learning_rate=rate, **training)
            for rate in sorted(learning_rates)
        ]
        for family in families
    ]
    # One by one: a step too large may lead one of them to infinity, which is its own failure and nobody else's.
    fitted = [
        [probe for probe in probes if converges(probe, states, gold, held_out, progress=progress)] for probes in tried
    ]
    for family, left in zip(families, fitted):
        if not left:
            raise ValueError(f"{family.__name__}: no step size of {list(learning_rates)} gave a loss that is finite")
    chosen = [min(probes, key=kept_loss) for probes in fitted]
    further = [[clone(probe).set_params(seed=seed) for seed in seeds[1:]] for probe in chosen]
    fit_all([probe for probes in further for probe in probes], states, gold, validation=held_out, progress=progress)
    scored_on = validation if test is None else test
    return pd.DataFrame(
        [
            {
                "family": probe.kind if probe.kind != "distance" else "linear",
                "rank": probe.rank,
                "parameters": type(probe).parameter_count(dim, probe.rank),
                "learning_rate": probe.learning_rate * getattr(probe, "pace", 1.0),
                "at_edge": first is finite[0] or first is finite[-1],
                "seed": probe.seed,
                "best_epoch": probe.best_epoch_,
                **figures_of(probe, scored_on, score),
                "probe": probe,
            }
            for first, others, finite in zip(chosen, further, fitted)
            for probe in (first, *others)
        ]
    )


def figures_of(probe: Probe, scored_on: Split, score: Score | None) -> dict[str, float]:
    """The loss of a probe's predictions, and the figures of `score` by name."""
    states, gold = scored_on
    predicted = probe.predict(states)
    figures = {} if score is None else score([np.maximum(each, 0) for each in predicted])
    return {"loss": mean_loss("distance", predicted, gold), **{name: float(value) for name, value in figures.items()}}


def converges(probe: Probe, states: Any, gold: GoldTargets, held_out: tuple[Any, Any], *, progress: bool) -> bool:
    """Fit the probe; whether its loss stayed finite."""
    try:
        fit_all([probe], states, gold, validation=held_out, progress=progress)
    except NotFiniteError:
        return False
    return True


def kept_loss(probe: Probe) -> float:
    """The validation loss of the epoch that was kept."""
    return probe.history_[probe.best_epoch_ - 1]["validation"]


def rank_for(family: Family, dim: int, *, parameters: int) -> int:
    """The largest rank, at most `dim`, at which a family learns no more numbers than `parameters`.

    Raises ValueError when not even rank 1 is affordable.
    """
    lowest, highest = 0, dim
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        if family.parameter_count(dim, middle) <= parameters:
            lowest = middle
        else:
            highest = middle - 1
    if lowest == 0:
        raise ValueError(f"{parameters} parameters do not suffice for rank 1 of {family.__name__} on width {dim}")
    return lowest
