"""p-values adjusted for having looked at many layers and interventions."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """p-values adjusted so that the chance of any of them being below a level by chance is at most that level.

    The k-th smallest of n is multiplied by n - k + 1, and none is below a smaller one (Holm 1979, section 3). Missing
    values stay missing and do not count.
    """
    given = np.asarray(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    found = np.full(given.shape, np.nan)
    found[order] = np.minimum(np.maximum.accumulate(given[order] * np.arange(len(order), 0, -1)), 1.0)
    return found
