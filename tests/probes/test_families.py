"""Each family against its equation computed pair by pair, and on vectors from which it must succeed."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from tests.probes.corpora import LayeredStates, make_corpus
from treeprobe.probes import (
    BilinearProbe,
    DepProbe,
    DepthProbe,
    DistanceProbe,
    KernelProbe,
    MultitaskProbe,
    OrthogonalProbe,
    PoincareProbe,
    PolarProbe,
    compare_families,
    fit_all,
)
from treeprobe.probes.families import affordable_rank
from treeprobe.probes.families.distances import GeometryProbe
from treeprobe.probes.families.gradient import GradientProbe
from treeprobe.probes.families.labelled_trees import rooted_tree

GEOMETRIES = [BilinearProbe, OrthogonalProbe, KernelProbe, PoincareProbe]
ALL = [*GEOMETRIES, MultitaskProbe, DepProbe, PolarProbe]


def parameters(kind: type[GradientProbe]) -> dict[str, torch.Tensor]:
    """Parameters moved away from where they begin, in double precision."""
    generator = torch.Generator().manual_seed(1)
    first = kind(rank=3).initial(5, generator)
    return {
        name: tensor.double() + 0.3 * torch.randn(tensor.shape, generator=generator) for name, tensor in first.items()
    }


def slow_distance(kind: type[GradientProbe], p: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> float:
    """The equation of the family for one pair of words."""
    d = x - y
    if kind is BilinearProbe:
        return d @ p["left"] @ p["right"].T @ d
    if kind is OrthogonalProbe:
        return float(np.sum((p["scaling"] * (p["rotation"] @ d)) ** 2))
    if kind is KernelProbe:

        def k(a: np.ndarray, b: np.ndarray) -> float:
            size = np.sum(((a - b) @ p["matrix"]) ** 2)
            return float(np.exp(p["log_amplitude"]) * np.exp(-size / (2 * np.exp(p["log_width"]))))

        return k(x, x) - 2 * k(x, y) + k(y, y)
    a, b = (v / np.linalg.norm(v) * np.tanh(np.linalg.norm(v)) for v in (x @ p["matrix"], y @ p["matrix"]))
    inside = 1 + 2 * np.sum((a - b) ** 2) / ((1 - a @ a) * (1 - b @ b))
    return float(np.arccosh(inside) ** 2)


@pytest.mark.parametrize("kind", GEOMETRIES)
def test_distances_follow_the_equation(kind):
    p = parameters(kind)
    words = torch.randn(4, 5, generator=torch.Generator().manual_seed(2)).double()
    found = kind(rank=3).distances(p, words)
    plain = {name: tensor.numpy() for name, tensor in p.items()}
    expected = [[slow_distance(kind, plain, x, y) if x is not y else 0.0 for y in words.numpy()] for x in words.numpy()]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", GEOMETRIES)
def test_gradients_are_right_and_finite(kind):
    p = {name: tensor.requires_grad_() for name, tensor in parameters(kind).items()}
    words = torch.randn(4, 5, generator=torch.Generator().manual_seed(2)).double()
    weights = torch.rand(4, 4).double()
    assert torch.autograd.gradcheck(
        lambda *values: (kind(rank=3).distances(dict(zip(p, values)), words) * weights).sum(), tuple(p.values())
    )
    repeated = words[[0, 0, 1]].float()
    single = {name: tensor.detach().float().requires_grad_() for name, tensor in p.items()}
    kind(rank=3).distances(single, repeated).sum().backward()
    assert all(torch.isfinite(tensor.grad).all() for tensor in single.values())


@pytest.mark.parametrize("kind", [BilinearProbe, KernelProbe, PoincareProbe])
def test_learns_trees_from_vectors_that_hold_them(kind, train, dev):
    probe = kind(rank=24, epochs=25, learning_rate=0.01 / kind.lr_factor, batch_size=20)
    probe.fit(train.vectors, train.distances, validation=(dev.vectors, dev.distances))
    losses = [entry["validation"] for entry in probe.history_]
    constant = np.mean([np.abs(d - np.median(d)).sum() / d.size for d in dev.distances])
    assert min(losses) < constant / 2
    assert all(np.isfinite(each).all() for each in probe.predict(dev.vectors))


def test_orthogonal_rows_stay_orthonormal_and_learn_a_rotated_tree(train, dev):
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(24, 24)))[0].astype(np.float32)
    rotated, rotated_dev = ([each @ rotation for each in corpus.exact] for corpus in (train, dev))
    probe = OrthogonalProbe(rank=24, epochs=25, learning_rate=0.001, batch_size=20)
    probe.fit(rotated, train.distances, validation=(rotated_dev, dev.distances))
    v = probe.parameters_["rotation"]
    np.testing.assert_allclose(v @ v.T, np.eye(24), atol=1e-3)
    assert probe.history_[probe.best_epoch_ - 1]["validation"] < 0.3
    with pytest.raises(ValueError, match="rank 25; expected 1 to 24"):
        OrthogonalProbe(rank=25).fit(rotated, train.distances)


def test_only_the_bilinear_probe_predicts_negative_distances():
    """The form x² - y² is bilinear and not positive: a linear probe cannot follow it below zero."""
    generator = np.random.default_rng(0)
    vectors = [generator.normal(size=(8, 2)).astype(np.float32) for _ in range(200)]
    gold = [((v[:, None] - v[None]) ** 2 @ np.array([1.0, -1.0])) for v in vectors]
    options = {"epochs": 40, "learning_rate": 0.01, "batch_size": 20}
    bilinear = BilinearProbe(rank=2, **options).fit(vectors, gold)
    linear = DistanceProbe(rank=2, **options).fit(vectors, gold)
    assert bilinear.history_[-1]["training"] < 0.2 * linear.history_[-1]["training"]
    assert min(each.min() for each in bilinear.predict(vectors)) < -1


def test_one_map_serves_distances_and_depths(train, dev):
    options = {"epochs": 40, "learning_rate": 0.02, "batch_size": 20}
    probe = MultitaskProbe(rank=24, tasks=("distance", "depth"), weighting="uncertainty", **options)
    probe.fit(train.vectors, train, validation=(dev.vectors, dev))
    for predicted, distances, depths in zip(probe.predict(dev.vectors), dev.distances, dev.depths):
        assert np.abs(predicted.distances - distances).mean() < 0.5
        assert np.abs(predicted.depths - depths).mean() < 0.5
    assert (probe.parameters_["log_noise"] < 0).all(), "exact vectors leave little noise to be learned"


def test_prim_from_the_root_gives_the_heads(dev):
    for distances, heads in zip(dev.distances, dev.heads):
        root = int(np.flatnonzero(heads < 0)[0])
        np.testing.assert_array_equal(rooted_tree(distances.astype(np.float32), root), heads)


def test_depprobe_gives_heads_and_relations():
    """Relations follow from three dimensions of the vectors; a relation unseen in training carries no loss."""
    train, dev = make_corpus(200, seed=8), make_corpus(40, seed=9)

    def labelled_vectors(corpus):
        kinds = [np.array([["root", "even", "odd"].index(r) for r in rs]) for rs in corpus.relations]
        return [np.concatenate([x, 2 * np.eye(3)[k]], axis=1).astype(np.float32) for x, k in zip(corpus.exact, kinds)]

    probe = DepProbe(rank=27, epochs=40, learning_rate=0.02, batch_size=20)
    probe.fit(labelled_vectors(train), train.trees, validation=(labelled_vectors(dev), dev.trees))
    assert probe.relations_ == ["even", "odd", "root"]
    assert (
        probe.parameter_count(27)
        == 27 * 27 + 27 * 3
        == sum(probe.parameters_[name].size for name in ("matrix", "relations"))
    )
    with pytest.raises(NotFittedError):
        DepProbe(rank=27).parameter_count(27)
    attached = labelled = words = 0
    for tree, heads, relations in zip(probe.predict(labelled_vectors(dev)), dev.heads, dev.relations):
        assert sum(head < 0 for head in tree.heads) == 1
        assert tree.relations.count("root") == 1
        right = np.array(tree.heads) == heads
        attached += right.sum()
        labelled += (right & (np.array(tree.relations) == np.array(relations))).sum()
        words += len(heads)
    assert attached / words > 0.95
    assert labelled / words > 0.95
    with pytest.raises(ValueError, match="no word has the relation 'root'"):
        DepProbe(rank=3).fit(
            labelled_vectors(train), [type(t)(t.distances, ["even"] * len(t.relations), t.heads) for t in train.trees]
        )


def test_all_families_train_together_as_each_alone(train, dev):
    """Probes of every family, layer, rank and step size in one call, to the tolerance of the linear ones."""
    states, held = LayeredStates([train.vectors, train.exact]), LayeredStates([dev.vectors, dev.exact])

    def make():
        return [
            kind(layer, rank, epochs=2, learning_rate=rate)
            for kind in (DistanceProbe, DepthProbe, *ALL)
            for layer, rank, rate in ((0, 5, 0.0005), (1, 9, 0.001))
        ]

    together = fit_all(make(), states, train.bank, validation=(held, dev.bank))
    for one, alone in zip(together, make()):
        fit_all([alone], states, train.bank, validation=(held, dev.bank))
        assert one.best_epoch_ == alone.best_epoch_
        for name, expected in alone.arrays().items():
            size = np.abs(expected).max()
            np.testing.assert_allclose(one.arrays()[name], expected, atol=1e-4 * size, err_msg=f"{one.kind} {name}")


class DiagonalProbe(GeometryProbe):
    """A family as its author may write it in a module of their own: d(i, j) = Σₖ wₖ² (hᵢ - hⱼ)ₖ²."""

    kind = "diagonal"

    def initial(self, dim, generator):
        return {"weights": torch.full((dim,), 0.1)}

    def distances(self, parameters, words):
        placed = words * parameters["weights"]
        return (placed[..., :, None, :] - placed[..., None, :, :]).square().sum(dim=-1)


def test_a_family_from_elsewhere_does_all_that_those_of_the_package_do(train, dev, tmp_path):
    """Trained among others as alone, read back bit by bit, and wrong where no diagonal metric is right."""
    given, held = (train.exact, train.bank), (dev.exact, dev.bank)
    options = {"rank": 24, "epochs": 25, "learning_rate": 0.01}
    alone, beside, linear = DiagonalProbe(**options), DiagonalProbe(**options), DistanceProbe(**options)
    fit_all([alone], *given, validation=held)
    fit_all([linear, beside], *given, validation=held)
    alone.save_pretrained(tmp_path)
    read = DiagonalProbe.from_pretrained(tmp_path)
    for one, other, again in zip(*(probe.predict(dev.exact) for probe in (alone, beside, read))):
        np.testing.assert_allclose(one, other, atol=1e-4 * one.max())
        np.testing.assert_array_equal(one, again)
    assert alone.score(dev.exact, dev.distances) > -0.01
    alone.fit(train.vectors, train.distances, validation=(dev.vectors, dev.distances))
    assert alone.score(dev.vectors, dev.distances) < -0.1


class Nameless(GeometryProbe):
    initial, distances = DiagonalProbe.initial, DiagonalProbe.distances


class WithScale(DiagonalProbe):
    def initial(self, dim, generator):
        return {"weights": torch.ones(dim), "scale": torch.ones(1)}


class Stretched(DiagonalProbe):
    def distances(self, parameters, words):
        return super().distances(parameters, words).mean(dim=-1, keepdim=True)


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (Nameless, TypeError, "Nameless has no kind"),
        (WithScale, ValueError, "WithScale: a parameter named scale"),
        (Stretched, ValueError, r"Stretched.distances: .* became \(\d+, (\d+), 1\); expected \(\d+, \1, \1\)"),
    ],
)
def test_a_family_that_could_not_be_kept_or_would_mean_something_else_is_refused(kind, error, message, train):
    """At the first batch; torch would stretch (sentences, words, 1) to fit every gold matrix."""
    with pytest.raises(error, match=message):
        kind(rank=3, epochs=1).fit(train.exact, train.distances)


def test_options_that_clones_and_saved_probes_would_lose_are_refused():
    """scikit-learn knows the options that `__init__` names, and no others."""

    def swallowing(self, layer=None, rank=128, *, power=2.0, **options):
        GeometryProbe.__init__(self, layer, rank, **options)
        self.power = power

    with pytest.raises(TypeError, match=r"Powered.__init__ takes \*\*options; expected every option by its own name"):
        type("Powered", (DiagonalProbe,), {"__init__": swallowing})

    def naming(self, layer=None, rank=128, seed=0, *, power=2.0, epochs=None):
        GeometryProbe.__init__(self, layer, rank, seed, epochs=epochs)
        self.power = power

    assert clone(type("Powered", (DiagonalProbe,), {"__init__": naming})(power=1.5, epochs=3)).power == 1.5


@pytest.mark.parametrize("kind", ALL)
def test_clones_have_the_same_parameters(kind):
    probe = kind(2, 9, 4, epochs=3, batch_size=7, learning_rate=0.1)
    assert clone(probe).get_params() == probe.get_params()


@pytest.mark.parametrize("kind", [DistanceProbe, DepthProbe, *GEOMETRIES, MultitaskProbe])
def test_the_score_is_minus_the_loss_of_training(kind, train, dev):
    """On the validation sentences it is the loss noted at the epoch that was kept."""
    gold = {DepthProbe: "depths", MultitaskProbe: "bank"}.get(kind, "distances")
    own, other = (getattr(corpus, gold) for corpus in (train, dev))
    probe = kind(rank=6, epochs=2).fit(train.vectors, own, validation=(dev.vectors, other))
    kept = probe.history_[probe.best_epoch_ - 1]["validation"]
    assert probe.score(dev.vectors, other) == pytest.approx(-kept, rel=1e-5)
    assert kept > 0
    with pytest.raises(ValueError, match=r"arrays of gold \w+ for the states of"):
        probe.score(dev.vectors[1:], other)


def test_a_grid_search_finds_the_rank_that_scores_best(train):
    """By scikit-learn's own search; rank 1 cannot hold what a higher rank can."""
    search = GridSearchCV(DistanceProbe(epochs=8, learning_rate=0.01), {"rank": [1, 12]}, cv=2)
    search.fit(train.vectors, train.distances)
    assert search.best_params_ == {"rank": 12}
    assert search.best_score_ < 0
    assert len(search.predict(train.vectors)) == len(train.vectors)


def test_families_have_no_more_parameters_than_the_linear_probe(train, dev):
    table = compare_families(
        train.vectors,
        train.distances,
        validation=(dev.vectors, dev.distances),
        rank=8,
        learning_rates=(0.0005, 0.002),
        score=lambda predicted: {"largest": float(max(each.max() for each in predicted))},
        seeds=(0, 1),
        epochs=2,
    )
    assert table["family"].tolist() == [
        name for name in ("linear", "orthogonal", "bilinear", "kernel", "poincare") for _ in range(2)
    ]
    assert (table["parameters"] <= 8 * 24).all()
    assert (table["parameters"] > 6 * 24).all()
    batches = int(np.ceil(len(train.vectors) / 32))
    assert set(zip(table["tried"], table["steps"])) == {(2, 2 * batches)}
    assert np.isfinite(table[["loss", "largest"]]).all(axis=None)
    kept = [probe.history_[probe.best_epoch_ - 1]["validation"] for probe in table["probe"]]
    np.testing.assert_allclose(table["loss"], kept, rtol=1e-5)


def test_every_family_has_the_same_search_and_is_scored_on_what_did_not_choose(train, dev):
    """The step size of each family is the one that is best on validation, found by training each of them by hand."""
    test = make_corpus(20, seed=11)
    rates = (0.0001, 0.003, 0.01)
    table = compare_families(
        train.vectors,
        train.distances,
        validation=(dev.vectors, dev.distances),
        test=(test.vectors, test.distances),
        rank=12,
        families=(DistanceProbe, PoincareProbe),
        learning_rates=rates,
        epochs=3,
    )
    for row in table.itertuples():
        alone = {}
        for rate in rates:
            probe = type(row.probe)(rank=row.rank, learning_rate=rate, epochs=3)
            probe.fit(train.vectors, train.distances, validation=(dev.vectors, dev.distances))
            alone[rate] = min(entry["validation"] for entry in probe.history_)
        assert row.learning_rate == min(alone, key=alone.__getitem__)
        assert row.at_edge == (row.learning_rate in (rates[0], rates[-1]))
        predicted = row.probe.predict(test.vectors)
        assert row.loss == pytest.approx(np.mean([np.abs(p - g).mean() for p, g in zip(predicted, test.distances)]))


def test_a_learning_rate_that_diverges_is_left_out(train, dev):
    """A step of 1e30 leaves float32; a family of which every step size does so is an error that names it."""
    options = {"validation": (dev.vectors, dev.distances), "rank": 4, "families": (DistanceProbe,), "epochs": 1}
    table = compare_families(train.vectors, train.distances, learning_rates=(0.001, 1e30), **options)
    assert table["learning_rate"].tolist() == [0.001]
    # The largest that is left is at the edge of what can be used, though a larger one was tried.
    wider = compare_families(train.vectors, train.distances, learning_rates=(0.0001, 0.001, 1e30), **options)
    assert (wider["learning_rate"].item(), wider["at_edge"].item()) == (0.001, True)
    with pytest.raises(ValueError, match="DistanceProbe: training diverges at every learning rate"):
        compare_families(train.vectors, train.distances, learning_rates=(1e30,), **options)


def test_the_affordable_rank_is_the_largest():
    assert affordable_rank(BilinearProbe, 100, parameters=1000) == 5
    assert affordable_rank(DistanceProbe, 100, parameters=10**9) == 100
    with pytest.raises(ValueError, match="99 parameters do not suffice for rank 1"):
        affordable_rank(DistanceProbe, 100, parameters=99)
