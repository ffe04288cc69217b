"""Families of geometry compared at matched numbers of parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from probes.families.bilinear import BilinearProbe
from probes.families.distances import GeometryProbe
from probes.families.kernel import KernelProbe
from probes.families.orthogonal import OrthogonalProbe
from probes.families.poincare import PoincareProbe
from probes.states import States, as_states
from probes.structural import DistanceProbe

Family = type[DistanceProbe] | type[GeometryProbe]
FAMILIES: tuple[Family, ...] = (DistanceProbe, OrthogonalProbe, BilinearProbe, KernelProbe, PoincareProbe)

Score = Callable[[Sequence[NDArray[np.float32]]], Mapping[str, SupportsFloat]]


def geometry_ladder(
    states: States | Sequence[NDArray[Any]],
    targets: Sequence[NDArray[Any]],
    *,
    validation: tuple[States | Sequence[NDArray[Any]], Sequence[NDArray[Any]]],
    layer: int | None = None,
    rank: int = 64,
    seeds: Sequence[int] = (0,),
    families: Sequence[Family] = FAMILIES,
    score: Score | None = None,
    progress: bool = False,
    **training: Any,
) -> pd.DataFrame:
    """Train families of distance probe on the same words, each with at most the parameters of a linear probe.

    Args:
        states, targets: vectors, and one (words, words) array of gold distances a sentence.
        validation: held-out vectors and distances, for the choice of epoch and for the scores.
        rank: rank of the linear probe, whose rank · dim numbers are what the others may spend.
        score: figures by name of one list of predicted distances, if wished: each becomes a column; such as
            `functools.partial(parsing.score_distances, dev)`. Distances below 0, which only a bilinear probe says, are
            given to it as 0.
        training: further parameters of the probes, such as `epochs`.

    Returns:
        One row for each family and seed: family, rank, parameters, seed, best_epoch, loss (Hewitt & Manning's, on the
        held-out words), and the columns of `score`.
    """
    dim = as_states(states, layer=layer).dim
    budget = DistanceProbe.parameter_count(dim, rank)
    rows = []
    for family in families:
        affordable = rank_for(family, dim, parameters=budget)
        for seed in seeds:
            probe = family(layer, affordable, seed, **training)
            probe.fit(states, targets, validation=validation, progress=progress)
            figures: Mapping[str, SupportsFloat] = {}
            if score is not None:
                figures = score([np.maximum(each, 0) for each in probe.predict(validation[0])])
            rows.append(
                {
                    "family": probe.kind if probe.kind != "distance" else "linear",
                    "rank": affordable,
                    "parameters": family.parameter_count(dim, affordable),
                    "seed": seed,
                    "best_epoch": probe.best_epoch_,
                    "loss": probe.history_[probe.best_epoch_ - 1]["validation"],
                    **{name: float(value) for name, value in figures.items()},
                }
            )
    return pd.DataFrame(rows)


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
