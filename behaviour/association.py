"""Whether a model is right where its recovered trees have the structure that matters: measures of association.

All are functions of arrays over items (minimal pairs). `linked` says of each item how much of the structure was found:
1 or 0, or the share of several probes that found it. `right` says whether the model was right: 1, 0, or 0.5 for a tie.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from treeprobe.parsing.scores.resampling import Unit, interval, resampled_clusters, resampling_weights

RESAMPLES = 1000
FEWEST = 10
"""Items on either side, linked and not, right and wrong, below which no regression is fitted."""
EVENTS = 5
"""Items on the smaller side of right and wrong for each column of a regression, below which none is fitted: with fewer,
weights are too large and intervals too narrow (Vittinghoff & McCulloch 2007, doi:10.1093/aje/kwk052)."""
FOLDS = 10
_PENALTY = 100.0
"""scikit-learn's C, over standardised columns: so weak that it only keeps separable items from infinite weights."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A value with its 95 % interval over `n` items; nan where it is not defined."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Items:
    """What was found and done in some items, and what else may explain both.

    Attributes:
        linked: (items,) how much of the structure that matters the recovered trees have, from 0 to 1.
        right: (items,) whether the model was right, from 0 to 1.
        covariates: by name, (items,) each; all finite. Those that do not vary are left out of regressions.
        sentences: (items,) the sentence of each item, from 0.
        documents: the document of each sentence, (sentences,); None where documents are unknown.

    Raises:
        ValueError: arrays of different lengths, or values that are not finite or not from 0 to 1.
    """

    linked: Array
    right: Array
    covariates: Mapping[str, Array]
    sentences: NDArray[np.int64]
    documents: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        columns = {"linked": self.linked, "right": self.right, **self.covariates}
        for name, column in columns.items():
            if column.shape != self.sentences.shape:
                raise ValueError(f"{name} has shape {column.shape}; expected {self.sentences.shape}, one for each item")
            if not np.isfinite(column).all():
                raise ValueError(f"{name} is not finite in item {int(np.argmin(np.isfinite(column))) + 1}")
        for name in ("linked", "right"):
            if len(self.sentences) and not (columns[name].min() >= 0 and columns[name].max() <= 1):
                raise ValueError(f"{name} is from {columns[name].min():g} to {columns[name].max():g}; expected 0 to 1")

    @property
    def clusters(self) -> tuple[NDArray[np.int64], Unit]:
        """The cluster of each item, (items,), and what clusters are: documents where ten are known, else sentences."""
        found, unit = resampled_clusters(int(self.sentences.max(initial=-1)) + 1, self.documents)
        return np.unique(found[self.sentences], return_inverse=True)[1], unit

    @property
    def sides(self) -> tuple[float, ...]:
        """How many items are linked, not linked, right and wrong."""
        items = len(self.linked)
        linked, right = float(self.linked.sum()), float(self.right.sum())
        return linked, items - linked, right, items - right

    @property
    def enough(self) -> bool:
        """Whether there are as many items on every side, and as many clusters, as a regression needs."""
        columns = 1 + _columns(self).shape[1]
        return (
            min(self.sides) >= FEWEST
            and min(self.sides[2:]) >= EVENTS * columns
            and len(np.unique(self.clusters[0])) >= FOLDS
        )


def associations(items: Items, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Measure]:
    """Every measure of the association between `linked` and `right`, with its interval.

    By themselves: *linked*, the share that is linked; *right_linked* and *right_unlinked*, the share of either that is
    right; *difference*, the one less the other; *phi*, the correlation of the two; *log_odds_ratio*, with half an item
    added to each cell (Haldane 1956; Anscombe 1956). Beside the covariates: *adjusted_log_odds_ratio*, the weight of
    `linked` in a logistic regression with them; *gain*, by how many nats an item `linked` lowers the log loss on items
    that were held out, compared with the covariates alone, whose own loss is *baseline_loss*; *chance_loss* is that of
    the share of items that are right.

    The second group is nan where items are too few for so many columns (`FEWEST`, `EVENTS`).

    Intervals of the first group and of the losses resample clusters; that of the weight is from the cluster-robust
    variance (Liang & Zeger 1986). Folds never divide a cluster.
    """
    clusters, _ = items.clusters
    measures = _by_themselves(items, clusters, resamples=resamples, seed=seed)
    if not items.enough:
        names = ("adjusted_log_odds_ratio", "gain", "baseline_loss", "chance_loss")
        missing = Measure(np.nan, np.nan, np.nan, len(items.linked))
        return {**measures, **dict.fromkeys(names, missing)}
    columns = _columns(items)
    measures["adjusted_log_odds_ratio"] = _adjusted(items, columns, clusters)
    beside = np.column_stack([items.linked, columns])
    losses = {
        "chance_loss": _held_out(columns[:, :0], items.right, clusters, seed=seed),
        "baseline_loss": _held_out(columns, items.right, clusters, seed=seed),
    }
    losses["gain"] = losses["baseline_loss"] - _held_out(beside, items.right, clusters, seed=seed)
    return {**measures, **_means(losses, clusters, resamples=resamples, seed=seed)}


def _by_themselves(items: Items, clusters: NDArray[np.int64], *, resamples: int, seed: int) -> dict[str, Measure]:
    """The measures of the table of linked and right, without covariates."""
    linked, right = items.linked, items.right
    cells = np.stack([linked * right, linked * (1 - right), (1 - linked) * right, (1 - linked) * (1 - right)])
    sums = np.stack([np.bincount(clusters, weights=cell) for cell in cells], axis=1).astype(float)
    found = _of_tables(sums.sum(axis=0)[None])
    samples = _of_tables(_resampled(sums, resamples=resamples, seed=seed))
    return {
        name: Measure(float(found[name][0]), *interval(values, clusters=len(sums)), len(linked))
        for name, values in samples.items()
    }


def _of_tables(tables: Array) -> dict[str, Array]:
    """Measures of tables of linked and right, linked and wrong, unlinked and right, unlinked and wrong, (tables, 4)."""
    a, b, c, d = tables.T
    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = a / (a + b), c / (c + d)
        return {
            "linked": (a + b) / (a + b + c + d),
            "right_linked": first,
            "right_unlinked": second,
            "difference": first - second,
            "phi": (a * d - b * c) / np.sqrt((a + b) * (c + d) * (a + c) * (b + d)),
            "log_odds_ratio": np.where(
                (a + b) * (c + d) > 0, np.log((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5))), np.nan
            ),
        }


def _columns(items: Items) -> Array:
    """The covariates that vary, standardised, (items, columns)."""
    varying = [column for column in items.covariates.values() if np.ptp(column) > 0]
    return np.stack([np.ones(len(items.linked)), *((one - one.mean()) / one.std() for one in varying)], axis=1)[:, 1:]


def _fitted(columns: Array, right: Array) -> Array:
    """The intercept and the weights of a logistic regression, (1 + columns,).

    Each item counts as right by its share, and as wrong by what is left.
    """
    items = len(right)
    if not columns.shape[1]:
        share = np.clip(right.mean(), 0.5 / items, 1 - 0.5 / items)
        return np.array([np.log(share / (1 - share))])
    model = LogisticRegression(C=_PENALTY, max_iter=1000)
    outcomes, shares = np.repeat([1, 0], items), np.concatenate([right, 1 - right])
    model.fit(np.vstack([columns, columns]), outcomes, sample_weight=shares)
    return np.concatenate([model.intercept_, model.coef_[0]])


def _adjusted(items: Items, columns: Array, clusters: NDArray[np.int64]) -> Measure:
    """The weight of `linked` beside the covariates, with its interval from the cluster-robust variance."""
    design = np.column_stack([np.ones(len(items.linked)), items.linked, columns])
    weights = _fitted(design[:, 1:], items.right)
    expected = expit(design @ weights)
    curvature = (design * (expected * (1 - expected))[:, None]).T @ design
    curvature += np.diag([0.0, *np.full(design.shape[1] - 1, 1 / _PENALTY)])
    scores = design * (items.right - expected)[:, None]
    count = int(clusters.max()) + 1
    sums = np.stack([np.bincount(clusters, weights=score, minlength=count) for score in scores.T], axis=1)
    inverse = np.linalg.inv(curvature)
    variance = inverse @ (sums.T @ sums) @ inverse * count / (count - 1)
    reach = float(student.ppf(0.975, count - 1) * np.sqrt(variance[1, 1]))
    value = float(weights[1])
    return Measure(value, value - reach, value + reach, len(items.linked))


def _held_out(columns: Array, right: Array, clusters: NDArray[np.int64], *, seed: int) -> Array:
    """The log loss of each item, (items,), by the regression on the items of other folds."""
    losses = np.zeros(len(right))
    folds = GroupKFold(n_splits=FOLDS, shuffle=True, random_state=seed)
    for seen, unseen in folds.split(right, groups=clusters):
        weights = _fitted(columns[seen], right[seen])
        expected = expit(weights[0] + columns[unseen] @ weights[1:])
        losses[unseen] = -(xlogy(right[unseen], expected) + xlogy(1 - right[unseen], 1 - expected))
    return losses


def _means(
    values: Mapping[str, Array], clusters: NDArray[np.int64], *, resamples: int, seed: int
) -> dict[str, Measure]:
    """The mean of each over items, with its interval."""
    counts = np.bincount(clusters).astype(float)
    sums = np.stack([np.bincount(clusters, weights=value) for value in values.values()] + [counts], axis=1)
    samples = _resampled(sums, resamples=resamples, seed=seed)
    found = {}
    for place, (name, value) in enumerate(values.items()):
        low, high = interval(samples[:, place] / samples[:, -1], clusters=len(counts))
        found[name] = Measure(float(value.mean()), low, high, len(value))
    return found


def _resampled(sums: Array, *, resamples: int, seed: int) -> Array:
    """The sums of bootstrap samples of clusters, (resamples, columns), from those of clusters, (clusters, columns)."""
    draws = resampling_weights(np.arange(len(sums)), resamples=resamples, seed=seed)
    return np.vstack([weights @ sums for weights in draws])
