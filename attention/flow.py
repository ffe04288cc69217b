"""Attention followed through the layers to the input: rollout and flow (Abnar & Zuidema 2020)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

SCALE = 1 << 20
"""Integer capacities per unit of attention: capacities are exact to half a millionth, flows to a few millionths."""


def rollout(attention: ArrayLike, *, residual: float = 0.5) -> NDArray[np.float64]:
    """How much of each position's input reaches each position of each layer, (layers, positions, positions).

    The heads' mean attention, mixed with the identity for the residual connection, is multiplied through the layers:
    Ã(l) = A(l) Ã(l - 1) (equation 1). Rows are queries and sum to 1 where those of the attention do.

    Args:
        attention: (layers, heads, positions, positions) of one sentence, without padding.
        residual: weight of the identity, in [0, 1].

    Raises:
        ValueError: another shape, or a weight outside [0, 1].
    """
    mixed = _with_residual(attention, residual)
    rolled = [mixed[0]]
    for layer in mixed[1:]:
        rolled.append(layer @ rolled[-1])
    return np.stack(rolled)


def attention_flow(attention: ArrayLike, *, residual: float = 0.5) -> NDArray[np.float64]:
    """The maximum flow from each input position to each position of the last layer, (positions, positions).

    Attention mixed with the identity is the capacity of the edges between the positions of successive layers; each
    entry is a maximum flow through that network (section 3). Rows are queries, each entry is at most 1. The work grows
    with layers × positions⁴: for single sentences.

    Args:
        attention: (layers, heads, positions, positions) of one sentence, without padding.
        residual: weight of the identity, in [0, 1].

    Raises:
        ValueError: another shape, or a weight outside [0, 1].
    """
    mixed = _with_residual(attention, residual)
    layers, positions, _ = mixed.shape
    upper, query, key = np.nonzero(np.rint(mixed * SCALE))
    capacities = np.rint(mixed[upper, query, key] * SCALE).astype(np.int32)
    # Flow runs from a query in layer l + 1 down to its keys in layer l.
    above, below = (upper + 1) * positions + query, upper * positions + key
    nodes = (layers + 1) * positions
    graph = coo_array((capacities, (above, below)), shape=(nodes, nodes)).tocsr()
    graph.indices, graph.indptr = graph.indices.astype(np.int32), graph.indptr.astype(np.int32)
    top = layers * positions
    flows = [
        [maximum_flow(graph, top + query, key).flow_value for key in range(positions)] for query in range(positions)
    ]
    return np.array(flows) / SCALE


def _with_residual(attention: ArrayLike, residual: float) -> NDArray[np.float64]:
    """The heads' mean attention mixed with the identity, (layers, positions, positions), once both are checked."""
    weights = np.asarray(attention, dtype=np.float64)
    if weights.ndim != 4 or weights.shape[2] != weights.shape[3] or not weights.size:
        raise ValueError(f"expected attention (layers, heads, positions, positions); found shape {weights.shape}")
    if not 0 <= residual <= 1:
        raise ValueError(f"the weight of the residual connection is {residual}; expected 0 to 1")
    return (1 - residual) * weights.mean(axis=1) + residual * np.eye(weights.shape[-1])
