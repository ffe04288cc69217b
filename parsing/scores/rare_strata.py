"""Means over strata: the part of their variance that a bootstrap of sentences does not see.

In a stratum of k sentences, a bootstrap sample of its mean varies by the factor (k - 1) / k too little, and not at all
where k is 1. Of sentence lengths many are as rare as that. What is missing is estimated from the sentences of the
stratum and, where these are few, of its neighbours, as strata of one unit are collapsed in surveys (Cochran 1977,
"Sampling Techniques", section 5A.12).
"""

import numpy as np
from numpy.typing import NDArray

ENOUGH_DEGREES = 10
"""Degrees of freedom of a stratum's variance, for which its neighbours are taken in."""


def missing_variance(deviations: NDArray[np.float64], strata: NDArray[np.int64]) -> float:
    """The variance of a mean over strata, less what the bootstrap's is expected to be.

    Args:
        deviations: By how much each sentence deviates from the mean of its stratum, (sentences,).
        strata: The stratum of each sentence, (sentences,); strata of neighbouring numbers are alike.

    Returns:
        Mean over strata of σ² / k², divided by the number of strata; 0 where no stratum has two sentences.
    """
    labels, members = np.unique(strata, return_inverse=True)
    sizes = np.bincount(members)
    squares, degrees = np.bincount(members, weights=deviations**2), sizes - 1
    if not degrees.sum():
        return 0.0
    missing = 0.0
    for place, size in enumerate(sizes.tolist()):
        reach = 0
        while True:
            near = slice(max(place - reach, 0), place + reach + 1)
            known = int(degrees[near].sum())
            if known >= min(ENOUGH_DEGREES, int(degrees.sum())):
                break
            reach += 1
        missing += squares[near].sum() / known / size**2
    return float(missing) / len(labels) ** 2
