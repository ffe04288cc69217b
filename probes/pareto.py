"""Accuracy against complexity: which probes are on the Pareto front, and how much lies below it.

Pimentel et al. (2020), "Pareto Probing: Trading Off Accuracy for Complexity". A representation from which simple probes
read much has a front that rises early, and a large hypervolume; one from which a probe gets as much only where it is
large has a front that rises late. Complexities here are the rank of a probe and the nuclear norm of its metric.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from treeprobe.probes.initial import layer_scales
from treeprobe.probes.states import Vectors, as_states
from treeprobe.probes.structural import LinearProbe


def pareto_front(complexity: ArrayLike, accuracy: ArrayLike) -> NDArray[np.bool_]:
    """Which points are on the front: none is at most as complex and at least as accurate, and better in one of both.

    Args:
        complexity, accuracy: (points,).

    Returns:
        (points,).
    """
    costs, gains = _points(complexity, accuracy)
    no_worse = (costs[:, None] <= costs) & (gains[:, None] >= gains)
    better = (costs[:, None] < costs) | (gains[:, None] > gains)
    dominated: NDArray[np.bool_] = np.any(no_worse & better, axis=0)
    return ~dominated


def hypervolume(
    complexity: ArrayLike, accuracy: ArrayLike, *, least: float, most: float, floor: float = 0.0
) -> NDArray[np.float64]:
    """The mean over complexities from `least` to `most` of the best accuracy of a point that is at most so complex.

    It is the hypervolume below the Pareto front, divided by the range of complexities, so that it is an accuracy and
    reads as one. A range that is the same for all that is compared is part of the measure; so is its unit, such as
    doublings of the rank.

    Args:
        complexity: (points,).
        accuracy: (..., points), such as (samples, points) of a bootstrap.
        least, most: the range.
        floor: accuracy where no point is simple enough; what a probe that learns nothing has.

    Returns:
        (...).
    """
    if not least < most:
        raise ValueError(f"complexities from {least} to {most}; expected a range")
    costs, gains = _points(complexity, accuracy)
    order = np.argsort(costs, kind="stable")
    edges = np.clip(costs[order], least, most)
    widths = np.diff(edges, append=most)
    best = np.maximum(np.maximum.accumulate(gains[..., order], axis=-1), floor)
    return (floor * (edges[0] - least) + (best * widths).sum(axis=-1)) / (most - least)


def _points(complexity: ArrayLike, accuracy: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as arrays. Raises ValueError where there are no points, or not as many of both."""
    costs, gains = np.asarray(complexity, dtype=np.float64), np.asarray(accuracy, dtype=np.float64)
    if costs.ndim != 1 or not len(costs) or gains.shape[-1:] != costs.shape:
        raise ValueError(f"complexities {costs.shape}, accuracies {gains.shape}; expected (points,) and (..., points)")
    return costs, gains


def nuclear_norms(probes: Sequence[LinearProbe], states: Vectors) -> list[float]:
    """Nuclear norm of the metric BᵀB of each fitted probe, on vectors divided by their scale as in training.

    BᵀB is positive semi-definite, so that its nuclear norm, the sum of its eigenvalues, is ‖B‖² (Frobenius). Vectors
    are scaled, or a layer of large activations would have simple probes. A probe of half the distances has the same
    tree and half the norm: norms of trained probes are comparable because all of them predict distances in edges.

    Args:
        probes: fitted linear probes.
        states: the vectors that they were trained on.
    """
    source = as_states(states, layer=next((probe.layer for probe in probes if probe.layer is not None), None))
    layers = [source.layers[0] if probe.layer is None else probe.layer for probe in probes]
    scales = dict(zip(dict.fromkeys(layers), layer_scales(source, list(dict.fromkeys(layers)))))
    return [float(np.square(probe.matrix_ * scales[layer].numpy().T).sum()) for probe, layer in zip(probes, layers)]
