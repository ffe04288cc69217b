"""Which heads attend alike: Jensen-Shannon distances between heads, clusters and a map (Clark et al. 2019, §6)."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.manifold import MDS

from treeprobe.attention.masks import word_mask
from treeprobe.extraction import AttentionBatch
from treeprobe.extraction.entropy import entropies


@torch.inference_mode()
def head_divergences(batches: Iterable[AttentionBatch]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence between every two heads, averaged over words as queries.

    JS(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2. The work grows with the square of the number of heads: a few hundred
    sentences are enough.

    Returns:
        (layers × heads, layers × heads), layer by layer, in nats, at most ln 2.

    Raises:
        ValueError: the batches hold no words.
    """
    total, words = torch.zeros(0, 0, dtype=torch.float64), 0
    for batch in batches:
        mask = word_mask(batch)
        queries = batch.attention[:, :, :, batch.leading : batch.leading + mask.shape[1]]
        rows = queries.permute(0, 2, 1, 3, 4).flatten(0, 1)[:, mask]  # heads of all layers, words, positions
        rows = rows[:, rows[0].sum(-1) > 0]
        words += rows.shape[1]
        if not len(total):
            total = torch.zeros(len(rows), len(rows), dtype=torch.float64, device=rows.device)
        entropy = entropies(rows).sum(1, dtype=torch.float64)
        for head in range(len(rows) - 1):
            mixed = entropies((rows[head] + rows[head + 1 :]) / 2).sum(1, dtype=torch.float64)
            total[head, head + 1 :] += mixed - (entropy[head] + entropy[head + 1 :]) / 2
    if not words:
        raise ValueError("no words to compare heads on; expected at least one batch")
    return np.maximum((total + total.T).cpu().numpy() / words, 0.0)


def map_heads(divergences: NDArray[np.float64], *, seed: int = 0) -> NDArray[np.float64]:
    """Heads as points in the plane, by metric multidimensional scaling of Jensen-Shannon distances.

    The distance is the square root of the divergence, which is a metric (Endres & Schindelin 2003).

    Args:
        divergences: (heads, heads), as `head_divergences` returns them.
        seed: seed of the initial configurations.

    Returns:
        (heads, 2).
    """
    scaling = MDS(n_components=2, metric="precomputed", init="random", n_init=4, random_state=seed)
    return np.asarray(scaling.fit_transform(np.sqrt(divergences)))


def cluster_heads(divergences: NDArray[np.float64], *, clusters: int) -> NDArray[np.int64]:
    """The cluster of each head, (heads,), from 0: average linkage of the Jensen-Shannon distances.

    Raises:
        ValueError: fewer than one cluster, or more than heads.
    """
    if not 1 <= clusters <= len(divergences):
        raise ValueError(f"{clusters} clusters of {len(divergences)} heads; expected 1 to {len(divergences)}")
    condensed = squareform(np.sqrt(divergences), checks=False)
    return fcluster(linkage(condensed, "average"), clusters, "maxclust").astype(np.int64) - 1
