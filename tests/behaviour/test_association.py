"""Associations that are planted are found; those that a covariate brings about vanish beside it."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from treeprobe.behaviour.association import Items, associations

ITEMS = 600


def planted(seed: int, *, link: float = 0.0, confounded: float = 0.0, items: int = ITEMS) -> Items:
    """Items of which `right` depends on `linked` by `link`, and both on the distance by `confounded` (log odds)."""
    generator = np.random.default_rng(seed)
    distance, length = generator.normal(size=items), generator.normal(size=items)
    linked = (generator.random(items) < expit(-confounded * distance)).astype(float)
    right = (generator.random(items) < expit(0.3 + link * (linked - 0.5) - confounded * distance)).astype(float)
    return Items(linked, right, {"distance": distance, "length": length}, np.arange(items))


def test_what_is_planted_is_found_beside_the_covariates() -> None:
    found = associations(planted(0, link=1.5, confounded=1.0))
    assert found["adjusted_log_odds_ratio"].low < 1.5 < found["adjusted_log_odds_ratio"].high
    assert found["adjusted_log_odds_ratio"].low > 0
    assert found["gain"].low > 0
    assert found["difference"].low > 0
    assert found["baseline_loss"].value < found["chance_loss"].value


def test_what_the_distance_brings_about_vanishes_beside_it() -> None:
    found = associations(planted(1, confounded=1.5))
    for name in ("difference", "phi", "log_odds_ratio"):
        assert found[name].low > 0, name  # the association is there
    assert found["adjusted_log_odds_ratio"].low < 0 < found["adjusted_log_odds_ratio"].high
    assert found["gain"].low <= 0
    assert abs(found["gain"].value) < 0.01


def test_where_there_is_nothing_nothing_is_found() -> None:
    found = associations(planted(2))
    for name in ("difference", "phi", "log_odds_ratio", "adjusted_log_odds_ratio"):
        assert found[name].low < 0 < found[name].high, name
    assert found["gain"].low < 0


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 95 % intervals of items without any association, 5 % exclude it."""
    misses = dict.fromkeys(("difference", "adjusted_log_odds_ratio"), 0)
    for seed in range(40):
        items = planted(100 + seed, items=200)
        found = associations(items, resamples=200)
        for name in misses:
            misses[name] += not found[name].low <= 0 <= found[name].high
    assert max(misses.values()) <= 6, misses


def test_measures_of_the_table_are_those_counted_one_by_one() -> None:
    items = planted(3, link=1.0, confounded=0.5)
    found = associations(items)
    linked, right = items.linked.astype(bool), items.right.astype(bool)
    assert found["difference"].value == pytest.approx(right[linked].mean() - right[~linked].mean())
    assert found["phi"].value == pytest.approx(np.corrcoef(linked, right)[0, 1])
    a, b = (linked & right).sum() + 0.5, (linked & ~right).sum() + 0.5
    c, d = (~linked & right).sum() + 0.5, (~linked & ~right).sum() + 0.5
    assert found["log_odds_ratio"].value == pytest.approx(np.log(a * d / (b * c)))
    assert found["linked"].value == linked.mean()


def test_the_weight_is_scikit_learns_without_a_penalty() -> None:
    items = planted(4, link=1.0, confounded=0.5)
    columns = np.column_stack([items.linked, *items.covariates.values()])
    weight = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(columns, items.right).coef_[0, 0]
    assert associations(items)["adjusted_log_odds_ratio"].value == pytest.approx(weight, abs=0.01)


def test_items_said_ten_times_over_are_no_more_certain() -> None:
    """Pairs of one sentence are one observation: intervals stay as wide; taken for others they shrink."""
    once = planted(5, link=1.0, items=300)
    many = Items(
        np.repeat(once.linked, 10),
        np.repeat(once.right, 10),
        {name: np.repeat(column, 10) for name, column in once.covariates.items()},
        np.repeat(once.sentences, 10),
    )
    apart = Items(many.linked, many.right, many.covariates, np.arange(3000))
    widths = []
    for items in (once, many, apart):
        found = associations(items)
        widths.append(
            [found[name].high - found[name].low for name in ("difference", "adjusted_log_odds_ratio", "gain")]
        )
    assert widths[1] == pytest.approx(widths[0], rel=0.15)
    assert all(narrow < 0.5 * wide for narrow, wide in zip(widths[2], widths[0]))


def test_documents_are_what_is_resampled_where_ten_are_known() -> None:
    items = planted(6, items=300)
    documents = np.arange(300) // 20
    known = Items(items.linked, items.right, items.covariates, items.sentences, documents)
    assert known.clusters[1] == "documents"
    assert np.unique(known.clusters[0]).size == 15
    assert items.clusters[1] == "sentences"


def test_of_too_few_on_a_side_no_regression_is_fitted() -> None:
    items = planted(7, items=200)
    rarely = np.zeros(200)
    rarely[:5] = 1
    found = associations(Items(rarely, items.right, items.covariates, items.sentences))
    assert np.isnan(found["adjusted_log_odds_ratio"].value)
    assert np.isnan(found["gain"].value)
    assert np.isfinite(found["difference"].value)
    never = associations(Items(np.zeros(200), items.right, items.covariates, items.sentences))
    assert np.isnan(never["difference"].value)
    assert np.isnan(never["log_odds_ratio"].value)
    assert never["linked"].value == 0


def test_shares_count_as_shares() -> None:
    """A pair linked by one of two probes counts half on either side; a tie is half right."""
    items = Items(np.array([1.0, 0.5, 0.0, 0.5]), np.array([1.0, 1.0, 0.5, 0.0]), {}, np.arange(4))
    found = associations(items)
    assert found["right_linked"].value == pytest.approx(1.5 / 2)
    assert found["right_unlinked"].value == pytest.approx(1.0 / 2)


def test_items_that_do_not_fit_are_refused() -> None:
    good = planted(8, items=20)
    with pytest.raises(ValueError, match=r"right has shape \(3,\); expected \(20,\)"):
        Items(good.linked, np.zeros(3), {}, good.sentences)
    with pytest.raises(ValueError, match="distance is not finite in item 2"):
        Items(good.linked, good.right, {"distance": np.where(np.arange(20) == 1, np.nan, 0.0)}, good.sentences)
    with pytest.raises(ValueError, match="linked is from"):
        Items(good.linked + 1, good.right, {}, good.sentences)


def test_too_few_errors_for_so_many_covariates_give_no_regression() -> None:
    """Seven columns take 35 errors; what needs no regression is there all the same."""
    generator = np.random.default_rng(7)
    for wrong, fitted in ((34, False), (35, True)):
        right = np.ones(ITEMS)
        right[generator.permutation(ITEMS)[:wrong]] = 0
        linked = (generator.random(ITEMS) < 0.5).astype(float)
        covariates = {f"covariate {i}": generator.normal(size=ITEMS) for i in range(6)}
        found = associations(Items(linked, right, {**covariates, "constant": np.ones(ITEMS)}, np.arange(ITEMS)))
        assert np.isfinite(found["adjusted_log_odds_ratio"].value) == fitted
        assert np.isfinite(found["gain"].value) == fitted
        assert np.isfinite(found["difference"].value)
