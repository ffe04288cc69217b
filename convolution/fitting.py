"""Maximum-likelihood kernels over relative offsets, renormalised over the positions that each query has.

The model: a query with l words to its left and r to its right attends to the word at offset δ with probability
K(δ) / Z and to special position s with probability C(s) / Z, where Z = Σ K(δ) over −l ≤ δ ≤ r, plus Σ C(s). The
criterion is the log-likelihood Σ a log p of the attention a, which is concave in log K and log C. Its sufficient
statistics are sums over offsets and the counts of contexts (l, r), so nothing else of the treebank is needed.

Arrays have one axis `heads` for all heads of all layers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

Floats = NDArray[np.float64]

FLOOR = -60.0
"""Least log-weight of a kernel, relative to the greatest: e⁻⁶⁰ represents zero."""


@dataclass(frozen=True)
class Fitted:
    """Kernels of some heads, and their likelihood."""

    log_offsets: Floats
    """(heads, 2·span + 1) log K."""
    log_specials: Floats
    """(heads, specials) log C."""
    likelihood: Floats
    """(heads,) Σ a log p, over queries."""


@dataclass(frozen=True)
class Observed:
    """The sufficient statistics: attention summed by offset and by special position, and counts of contexts."""

    offsets: Floats
    """(heads, 2·span + 1)"""
    specials: Floats
    """(heads, specials)"""
    left: NDArray[np.int64]
    """(contexts,) words to the left of the query."""
    right: NDArray[np.int64]
    """(contexts,) words to its right."""
    counts: NDArray[np.int64]
    """(contexts,) queries in this context."""

    @property
    def span(self) -> int:
        """The largest offset, in words or subwords."""
        return (self.offsets.shape[1] - 1) // 2

    @property
    def exists(self) -> NDArray[np.bool_]:
        """(2·span + 1,) whether any query has a word at the offset; in a decoder none has one to its right."""
        shift = np.arange(-self.span, self.span + 1)
        return (shift >= -self.left.max()) & (shift <= self.right.max())

    def normalisers(self, offsets: Floats, specials: Floats) -> Floats:
        """(heads, contexts) Z of every context, summed outward from the query so that nothing cancels."""
        return self.context_sums(offsets) + specials.sum(1, keepdims=True)

    def context_sums(self, offsets: Floats) -> Floats:
        """(heads, contexts): in each context, the sum over the offsets that exist there."""
        rightward = np.cumsum(offsets[:, self.span :], axis=1)
        leftward = np.cumsum(offsets[:, self.span :: -1], axis=1) - offsets[:, self.span, None]
        return leftward[:, self.left] + rightward[:, self.right]

    def offset_sums(self, per_context: Floats) -> Floats:
        """(heads, 2·span + 1): at each offset, the sum of `per_context` over the contexts where it exists."""
        span, heads = self.span, len(per_context)
        out = np.zeros((heads, 2 * span + 1))
        for reach, side in ((self.right, out[:, span:]), (self.left, out[:, span::-1])):
            member = np.zeros((len(reach), span + 1))
            member[np.arange(len(reach)), reach] = 1.0
            at_reach = per_context @ member
            side[:] = np.cumsum(at_reach[:, ::-1], axis=1)[:, ::-1]
        return out

    def likelihood(self, offsets: Floats, specials: Floats) -> Floats:
        """(heads,) Σ a log p of the kernels with these weights."""
        attended = xlogy(self.offsets, offsets).sum(1) + xlogy(self.specials, specials).sum(1)
        return attended - np.log(self.normalisers(offsets, specials)) @ self.counts


def fit_free(observed: Observed, *, iterations: int = 500, tolerance: float = 1e-10) -> Fitted:
    """The best kernel of any form, which gives every offset the attention that was observed there.

    Iterative proportional fitting: K ← S / E with S the observed sums and E = Σ N / Z over the contexts in which the
    offset exists. Each step raises the likelihood (it maximises a minorant that is tight at the current kernel). The
    kernel of a head that attends to special positions alone gives words no weight.

    Args:
        observed: the sufficient statistics.
        iterations: at most.
        tolerance: gain in log-likelihood per query below which iteration stops.
    """
    offsets = _ratio(observed.offsets, np.broadcast_to(observed.offsets.sum(1, keepdims=True), observed.offsets.shape))
    specials = observed.specials / observed.counts.sum()
    before = np.full(len(offsets), -np.inf)
    for _ in range(iterations):
        per_context = observed.counts / observed.normalisers(offsets, specials)
        offsets = _ratio(observed.offsets, observed.offset_sums(per_context))
        specials = observed.specials / per_context.sum(1, keepdims=True)
        scale = offsets.sum(1, keepdims=True) + specials.sum(1, keepdims=True)
        offsets, specials = offsets / scale, specials / scale
        likelihood = observed.likelihood(offsets, specials)
        if np.all(likelihood - before <= tolerance * observed.counts.sum()):
            break
        before = likelihood
    return Fitted(_log(offsets), _log(specials), likelihood)


def fit_quadratic(observed: Observed) -> tuple[Fitted, Floats, Floats]:
    """The best kernel exp(−α(δ − Δ)²), Cordonnier et al. (2020), eq. 9.

    Returns:
        The kernels; their centres Δ, (heads,); and their widths, (heads,), the standard deviation 1 / √(2α). Where the
        best α is not positive the attention has no centre: the centre is nan and the width infinite.
    """
    fitted, coefficients = _fit_powers(observed, 2)
    linear, square = coefficients.T
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.where(square < 0, -linear / (2 * square), np.nan)
        width = np.where(square < 0, np.sqrt(-1 / (2 * square)), np.inf)
    return fitted, centre, width


def fit_uniform(observed: Observed) -> Fitted:
    """The best kernel that weights all words alike, with free weights of special positions."""
    return _fit_powers(observed, 0)[0]


def _fit_powers(observed: Observed, powers: int) -> tuple[Fitted, Floats]:
    """The best kernels log K(δ) = Σ θ_k δᵏ, k from 1 to `powers`, by Newton's method; with the θ, (heads, powers)."""
    span = observed.span
    unit = max(span, 1) / 4  # keeps δ and δ² of similar size, for a well-conditioned Hessian
    shift = np.arange(-span, span + 1) / unit
    features = np.stack([shift**power for power in range(1, powers + 1)]) if powers else np.zeros((0, 2 * span + 1))
    heads, specials = observed.specials.shape
    theta = np.zeros((heads, powers + specials))
    total = observed.counts.sum()
    target = np.concatenate([observed.offsets @ features.T, observed.specials], axis=1)
    likelihood, gradient, hessian = _derivatives(observed, theta, features, target)
    for _ in range(100):
        if np.abs(gradient).max(initial=0.0) < 1e-9 * total:
            break
        ridge = 1e-12 * total * np.eye(theta.shape[1])
        step = np.linalg.solve(hessian + ridge, gradient[..., None])[..., 0]
        # Long steps, taken far from the optimum, are shortened; a step that would lower the likelihood is halved.
        step /= np.maximum(1.0, np.abs(step).max(1, keepdims=True) / 4)
        for _ in range(40):
            trial = _derivatives(observed, theta + step, features, target)
            worse = trial[0] < likelihood - 1e-12 * np.abs(likelihood)
            if not worse.any():
                break
            step[worse] /= 2
        theta = theta + step
        likelihood, gradient, hessian = trial
    log_offsets, log_specials, greatest = _logarithms(observed, theta, features)
    fitted = Fitted(np.maximum(log_offsets - greatest, FLOOR), np.maximum(log_specials - greatest, FLOOR), likelihood)
    return fitted, theta[:, :powers] / unit ** np.arange(1, powers + 1)


def _derivatives(observed: Observed, theta: Floats, features: Floats, target: Floats) -> tuple[Floats, Floats, Floats]:
    """Likelihood (heads,), its gradient and its negative Hessian."""
    powers = len(features)
    log_offsets, log_specials, greatest = _logarithms(observed, theta, features)
    offsets = np.exp(np.maximum(log_offsets - greatest, 4 * FLOOR))
    specials = np.exp(np.maximum(log_specials - greatest, 4 * FLOOR))
    normaliser = observed.normalisers(offsets, specials)
    counts = observed.counts
    likelihood = (target * theta).sum(1) - (np.log(normaliser) + greatest) @ counts
    means = [observed.context_sums(offsets * feature) / normaliser for feature in features]
    means += [specials[:, [s]] / normaliser for s in range(specials.shape[1])]
    size = len(means)
    gradient = target - np.stack([mean @ counts for mean in means], axis=1) if means else target
    hessian = np.zeros((len(theta), size, size))
    for i in range(size):
        for j in range(i + 1):
            second: Floats | float = 0.0
            if i < powers:
                second = observed.context_sums(offsets * features[i] * features[j]) / normaliser
            elif i == j:
                second = means[i]
            hessian[:, i, j] = hessian[:, j, i] = (second - means[i] * means[j]) @ counts
    return likelihood, gradient, hessian


def _logarithms(observed: Observed, theta: Floats, features: Floats) -> tuple[Floats, Floats, Floats]:
    """log K (heads, offsets), log C (heads, specials) and the greatest of both (heads, 1).

    A polynomial may grow without bound at offsets that no query has; those do not count as the greatest.
    """
    powers = len(features)
    log_offsets = np.where(observed.exists, theta[:, :powers] @ features, -np.inf)
    log_specials = theta[:, powers:]
    return log_offsets, log_specials, np.maximum(log_offsets.max(1), log_specials.max(1, initial=-np.inf))[:, None]


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """top / bottom; 0 where the top is 0."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=top > 0)


def _log(weights: Floats) -> Floats:
    """Logarithms, not below `FLOOR`."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(weights), FLOOR)
