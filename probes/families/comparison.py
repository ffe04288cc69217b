"""Families of distance probe compared at matched numbers of parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from treeprobe.probes.estimator import Probe, fit_all
from treeprobe.probes.families.bilinear import BilinearProbe
from treeprobe.probes.families.distances import GeometryProbe
from treeprobe.probes.families.kernel import KernelProbe
from treeprobe.probes.families.orthogonal import OrthogonalProbe
from treeprobe.probes.families.poincare import PoincareProbe
from treeprobe.probes.losses import mean_loss
from treeprobe.probes.states import Vectors, as_states
from treeprobe.probes.structural import DistanceProbe
from treeprobe.probes.targets import GoldTargets
from treeprobe.probes.training import NotFiniteError, Schedule

Family = type[DistanceProbe] | type[GeometryProbe]
FAMILIES: tuple[Family, ...] = (DistanceProbe, OrthogonalProbe, BilinearProbe, KernelProbe, PoincareProbe)

LEARNING_RATES = (0.00025, 0.0005, 0.001, 0.002, 0.004)

Split = tuple[Vectors, Sequence[NDArray[Any]]]
Score = Callable[[Sequence[NDArray[np.float32]]], Mapping[str, SupportsFloat]]


def compare_families(
    states: Vectors,
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

    Every family is tried at as many learning rates, with the first seed, each for as many steps; the one with the least
    validation loss is used for all seeds. Nothing else is chosen. A learning rate at which training diverges counts as
    tried and is left out.

    Args:
        states: vectors of the training sentences.
        targets: one (words, words) array of gold distances a sentence.
        validation: held-out vectors and distances, on which learning rate and epoch are chosen.
        test: others, for the loss and the scores. Without them those are of `validation`, on which the choices were
            made, and so slightly optimistic.
        layer: layer that the probes read; None for vectors given as plain arrays.
        rank: rank of the linear probe, whose rank · dim numbers are the others' budget.
        seeds: seeds of the probes.
        families: probe classes.
        learning_rates: learning rates, each multiplied by the family's `lr_factor`.
        score: if given, scores by name of one list of predicted distances, each of which becomes a column; such as
            `functools.partial(parsing.score_distances, dev)`. Distances below 0, which only a bilinear probe predicts,
            are given to it as 0.
        progress: show progress bars.
        training: further options of the probes, such as `epochs`.

    Returns:
        One row for each family and seed: family, rank, parameters, the search budget (`tried`, how many learning rates,
        and `steps`, how many updates each training had at most), learning_rate (the factor included), at_edge (whether
        it is the least or the largest of those that did not diverge, so that another might be better), seed,
        best_epoch, loss (Hewitt & Manning's), the columns of `score`, and the fitted probe.

    Raises:
        ValueError: a family diverges at every learning rate.
    """
    dim = as_states(states, layer=layer).dim
    budget = DistanceProbe(rank=rank).parameter_count(dim)
    gold, held_out = GoldTargets(targets), (validation[0], GoldTargets(validation[1]))
    tried = [
        [
            family(layer, affordable_rank(family, dim, parameters=budget), seeds[0], learning_rate=rate, **training)
            for rate in sorted(learning_rates)
        ]
        for family in families
    ]
    # One by one: where one diverges, training of the others goes on.
    fitted = [
        [probe for probe in probes if _converges(probe, states, gold, held_out, progress=progress)] for probes in tried
    ]
    for family, left in zip(families, fitted):
        if not left:
            raise ValueError(f"{family.__name__}: training diverges at every learning rate of {list(learning_rates)}")
    chosen = [min(probes, key=_best_loss) for probes in fitted]
    further = [[clone(probe).set_params(seed=seed) for seed in seeds[1:]] for probe in chosen]
    fit_all([probe for probes in further for probe in probes], states, gold, validation=held_out, progress=progress)
    scored_on = validation if test is None else test
    return pd.DataFrame(
        [
            {
                "family": family_name(type(probe)),
                "rank": probe.rank,
                "parameters": probe.parameter_count(dim),
                "tried": len(learning_rates),
                "steps": _steps(probe, sentences=len(targets)),
                "learning_rate": probe.learning_rate * getattr(probe, "lr_factor", 1.0),
                "at_edge": first is finite[0] or first is finite[-1],
                "seed": probe.seed,
                "best_epoch": probe.best_epoch_,
                **_evaluate(probe, scored_on, score),
                "probe": probe,
            }
            for first, others, finite in zip(chosen, further, fitted)
            for probe in (first, *others)
        ]
    )


def family_name(family: type[Probe]) -> str:
    """What tables of families call one."""
    return "linear" if family.kind == DistanceProbe.kind else family.kind


def _evaluate(probe: Probe, scored_on: Split, score: Score | None) -> dict[str, float]:
    """Loss of a probe's predictions, and the scores by name."""
    states, gold = scored_on
    predicted = probe.predict(states)
    scores = {} if score is None else score([np.maximum(each, 0) for each in predicted])
    return {"loss": mean_loss("distance", predicted, gold), **{name: float(value) for name, value in scores.items()}}


def _converges(probe: Probe, states: Any, gold: GoldTargets, held_out: tuple[Any, Any], *, progress: bool) -> bool:
    """Fit the probe. Returns whether its loss stayed finite."""
    try:
        fit_all([probe], states, gold, validation=held_out, progress=progress)
    except NotFiniteError:
        return False
    return True


def _steps(probe: Probe, *, sentences: int) -> int:
    """Updates of the probe's parameters in a training that is not stopped early."""
    schedule = Schedule.of(probe.epochs, sentences=sentences, batch_size=probe.batch_size, device=probe.device)
    return schedule.epochs * schedule.steps


def _best_loss(probe: Probe) -> float:
    """Validation loss of the epoch that was kept."""
    return probe.history_[probe.best_epoch_ - 1]["validation"]


def affordable_rank(family: Family, dim: int, *, parameters: int) -> int:
    """The largest rank, at most `dim`, at which a family has at most so many parameters.

    Raises:
        ValueError: rank 1 has more.
    """
    lowest, highest = 0, dim
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        if family(rank=middle).parameter_count(dim) <= parameters:
            lowest = middle
        else:
            highest = middle - 1
    if lowest == 0:
        raise ValueError(f"{parameters} parameters do not suffice for rank 1 of {family.__name__} on width {dim}")
    return lowest
