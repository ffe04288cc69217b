"""The linear probes: exact where the vectors hold a tree, at chance where they do not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone

from tests.probes.corpora import LayeredStates, make_corpus, random_heads, walk_distances
from treeprobe.parsing.decoding import minimum_spanning_edges
from treeprobe.probes import ArrayStates, DepthProbe, DistanceProbe, GoldTargets, fit_all
from treeprobe.probes.data import Batch, read_batch
from treeprobe.probes.losses import depth_loss, distance_loss, squared_distances, squared_norms

TRAINING: dict[str, Any] = {"epochs": 40, "batch_size": 20, "learning_rate": 0.02}


def edges(array: Any) -> set[tuple[int, int]]:
    return {(min(a, b), max(a, b)) for a, b in np.asarray(array).tolist()}


def published_loss(predicted: list[Any], gold: list[Any]) -> float:
    """Mean over sentences of Σ |gold - predicted| / (number of entries), sentence by sentence."""
    return float(np.mean([np.abs(p - g).sum() / g.size for p, g in zip(predicted, gold)]))


def test_identity_on_the_exact_embedding_is_exact(dev):
    probe = DistanceProbe(rank=24)
    probe.matrix_, probe.best_epoch_ = np.eye(24, dtype=np.float32), 1
    for predicted, distances, heads in zip(probe.predict(dev.exact), dev.distances, dev.heads):
        np.testing.assert_array_equal(predicted, distances)
        gold = {(min(w, h), max(w, h)) for w, h in enumerate(heads.tolist()) if h >= 0}
        assert edges(minimum_spanning_edges(predicted)) == gold
    depth = DepthProbe(rank=24)
    depth.matrix_, depth.best_epoch_ = np.eye(24, dtype=np.float32), 1
    for predicted, depths in zip(depth.predict(dev.exact), dev.depths):
        np.testing.assert_array_equal(predicted, depths)


def test_training_finds_the_tree_in_mixed_vectors(train, dev):
    probes = [kind(0, 24, patience=None, **TRAINING) for kind in (DistanceProbe, DepthProbe)]
    fit_all(probes, train.vectors, train, validation=(dev.vectors, dev))
    right = total = 0
    for predicted, heads in zip(probes[0].predict(dev.vectors), dev.heads):
        gold = {(min(w, h), max(w, h)) for w, h in enumerate(heads.tolist()) if h >= 0}
        right += len(edges(minimum_spanning_edges(predicted)) & gold)
        total += len(gold)
    assert right == total
    assert probes[0].history_[-1]["validation"] < 0.01
    assert probes[1].history_[-1]["validation"] < 0.01


def test_shuffled_gold_leaves_the_probe_at_chance(train, dev):
    """Trees drawn anew for every sentence, in training and test alike: a random edge is right 2 / n of the time.

    The vectors still hold a tree, which even this probe shows; it is the shuffled gold that it cannot predict.
    """
    generator = np.random.default_rng(0)
    trees = {name: [random_heads(len(each), generator) for each in c.vectors] for name, c in (("t", train), ("d", dev))}
    gold = {name: [walk_distances(heads) for heads in drawn] for name, drawn in trees.items()}
    probe = DistanceProbe(rank=24, **TRAINING).fit(train.vectors, gold["t"], validation=(dev.vectors, gold["d"]))
    right = total = 0
    for predicted, heads in zip(probe.predict(dev.vectors), trees["d"]):
        true = {(min(w, h), max(w, h)) for w, h in enumerate(heads.tolist()) if h >= 0}
        right += len(edges(minimum_spanning_edges(predicted)) & true)
        total += len(true)
    chance = sum(2 * (len(heads) - 1) / len(heads) for heads in trees["d"]) / total
    assert abs(right / total - chance) < 0.1


def test_history_holds_the_published_loss(train, dev):
    probes = [DistanceProbe(rank=5, epochs=2), DepthProbe(rank=5, epochs=2)]
    fit_all(probes, train.vectors, train, validation=(dev.vectors, dev))
    for probe, gold in zip(probes, (dev.distances, dev.depths)):
        kept = probe.history_[probe.best_epoch_ - 1]["validation"]
        assert kept == pytest.approx(published_loss(probe.predict(dev.vectors), gold), rel=1e-5)


def test_the_best_epoch_is_kept(train, dev):
    noisy = make_corpus(30, seed=5, noise=3.0)
    probe = DistanceProbe(rank=24, epochs=60, learning_rate=0.02)
    probe.fit(noisy.vectors, noisy.distances, validation=(dev.vectors, dev.distances))
    losses = [entry["validation"] for entry in probe.history_]
    assert probe.best_epoch_ == int(np.argmin(losses)) + 1
    assert probe.best_epoch_ < 60, "with 30 noisy sentences the last epoch should be overfitted"
    assert published_loss(probe.predict(dev.vectors), dev.distances) == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.parametrize("loss", [distance_loss, depth_loss])
def test_written_out_gradients_are_those_of_autograd(loss):
    """Two probes on each of three layers, packed words, against expanded differences, in double precision."""
    generator = torch.Generator().manual_seed(0)
    lengths, rank = [1, 3, 5, 2, 2, 5, 4, 1, 1, 6], 4
    states = ArrayStates([np.zeros((words, 2)) for words in lengths])
    batch = doubled(read_batch(states, np.argsort(lengths, kind="stable"), [0], gold={}))
    projected = torch.randn(3, sum(lengths), 2 * rank, generator=generator, dtype=torch.float64, requires_grad=True)
    gold, plain = [], torch.zeros(3, 2, dtype=torch.float64)
    for words in projected.split(sorted(lengths), dim=1):
        size = words.shape[1]
        shape = (size, size) if loss is distance_loss else (size,)
        target = torch.rand(shape, generator=generator, dtype=torch.float64) * 5
        gold.append(target + target.mT if loss is distance_loss else target)
        placed = words.unflatten(2, (2, rank)).transpose(1, 2)
        predicted = placed[..., :, None, :] - placed[..., None, :, :] if loss is distance_loss else placed
        plain = plain + (predicted.square().sum(-1) - gold[-1]).abs().flatten(2).sum(2) / target.numel()
    [expected] = torch.autograd.grad(plain.sum(), projected)
    packed = padded_by_group(gold, batch) if loss is distance_loss else torch.cat(gold)
    grad = torch.full_like(projected, torch.nan)
    sums = loss(projected.detach(), packed, batch, rank=rank, grad=grad)
    torch.testing.assert_close(sums, plain.detach())
    torch.testing.assert_close(grad, expected)


def doubled(batch: Batch) -> Batch:
    """The batch with its weights in double precision."""
    groups = [
        replace(group, pair_weights=(group.pair_weights > 0) / group.lengths.double()[:, None, None] ** 2)
        for group in batch.groups
    ]
    sizes = torch.cat([group.lengths.double().repeat_interleave(group.lengths.int()) for group in groups])
    return replace(batch, groups=tuple(groups), word_weights=1 / sizes)


def padded_by_group(gold: list[torch.Tensor], batch: Batch) -> list[torch.Tensor]:
    """Gold distances of every group, padded; what stands beyond a sentence must not matter."""
    found = []
    for group in batch.groups:
        padded = torch.full(group.pair_weights.shape, 99.0, dtype=torch.float64)
        for row, position in zip(padded, group.positions):
            row[: len(gold[position]), : len(gold[position])] = gold[position]
        found.append(padded)
    return found


def test_gram_distances_are_the_expanded_differences():
    words = torch.randn(6, 7, 3, generator=torch.Generator().manual_seed(0)).double()
    plain = (words[:, :, None] - words[:, None]).square().sum(-1)
    torch.testing.assert_close(squared_distances(words), plain)
    torch.testing.assert_close(squared_norms(words), words.square().sum(-1))


def test_words_that_are_nearly_alike_keep_their_distances():
    probe = DistanceProbe(rank=8)
    probe.matrix_, probe.best_epoch_ = np.eye(8, dtype=np.float32), 1
    vectors = (5 + 1e-3 * np.random.default_rng(0).standard_normal((30, 8))).astype(np.float32)
    (found,) = probe.predict([vectors])
    exact = vectors.astype(np.float64)
    expected = np.square(exact[:, None] - exact).sum(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-9)
    from_gram = squared_distances(torch.from_numpy(vectors)).numpy()
    assert np.abs(from_gram - expected).max() > 0.1 * expected.max(), "seen from the origin, these lose their digits"


def test_together_is_as_alone(train, dev):
    """To 1e-4 of the matrix's size: the products are the same up to the order of their sums."""
    generator = np.random.default_rng(0)
    layers = [train.vectors, [generator.normal(size=each.shape) for each in train.vectors], train.exact]
    held = [dev.vectors, [generator.normal(size=each.shape) for each in dev.vectors], dev.exact]
    states, held_states = LayeredStates(layers), LayeredStates(held)

    def probes() -> list[Any]:
        return [
            kind(layer, rank, seed, epochs=3)
            for kind in (DistanceProbe, DepthProbe)
            for layer in (0, 1, 2)
            for rank, seed in ((4, 0), (4, 1), (9, 0))
        ]

    together = fit_all(probes(), states, train, validation=(held_states, dev))
    for one, alone in zip(together, probes()):
        fit_all([alone], states, train, validation=(held_states, dev))
        assert one.best_epoch_ == alone.best_epoch_
        size = np.abs(alone.matrix_).max()
        np.testing.assert_allclose(one.matrix_, alone.matrix_, atol=1e-4 * size)
        np.testing.assert_allclose(one.history_[-1]["validation"], alone.history_[-1]["validation"], rtol=1e-4)


def test_large_vectors_train_as_small_ones_do(train, dev):
    """As in GPT-2: hundreds of times larger, one number far beyond the rest."""
    plain = DistanceProbe(rank=24, epochs=10).fit(train.vectors, train.distances)
    large = [each * 400 for each in train.vectors]
    scaled = DistanceProbe(rank=24, epochs=10).fit(large, train.distances)
    np.testing.assert_allclose(scaled.matrix_ * 400, plain.matrix_, rtol=0.02, atol=1e-4)
    outlying = [np.concatenate([each, 3000 + 900 * np.sin(each[:, :1] * 9)], axis=1) for each in large]
    probe = DistanceProbe(rank=24, **TRAINING).fit(outlying, train.distances)
    assert probe.history_[-1]["training"] < 0.3


def test_transform_is_the_space_of_predict(train, dev):
    probe = DistanceProbe(rank=7, epochs=1).fit(train.vectors, train.distances)
    for vectors, placed, predicted in zip(dev.vectors, probe.transform(dev.vectors), probe.predict(dev.vectors)):
        assert placed.shape == (len(vectors), 7)
        np.testing.assert_allclose(placed, vectors @ probe.matrix_.T, rtol=1e-4, atol=1e-4)
        plain = ((placed[:, None] - placed[None]) ** 2).sum(-1)
        np.testing.assert_allclose(predicted, plain, rtol=1e-3, atol=1e-3)


def test_clone_and_parameters_go_round():
    probe = DepthProbe(3, 17, 5, epochs=2, batch_size=9, learning_rate=0.5)
    assert clone(probe).get_params() == probe.get_params()
    assert DepthProbe().set_params(**probe.get_params()).get_params() == probe.get_params()


def test_seeds_differ_and_repeat(train):
    def matrix(seed: int) -> Any:
        return DistanceProbe(rank=4, seed=seed, epochs=1).fit(train.vectors, train.distances).matrix_

    np.testing.assert_array_equal(matrix(3), matrix(3))
    assert not np.allclose(matrix(3), matrix(4))


def test_bad_input_is_refused_at_the_door(train):
    with pytest.raises(ValueError, match=r"no layer 7 in the states; they hold layers \[0\]"):
        fit_all([DistanceProbe(7)], LayeredStates([train.vectors]), train)
    with pytest.raises(ValueError, match="299 arrays of gold distances for the states of 300 sentences"):
        DistanceProbe(rank=2).fit(train.vectors, train.distances[:-1])
    swapped = [train.distances[1], train.distances[0], *train.distances[2:]]
    with pytest.raises(ValueError, match="sentence 1: gold distances have shape"):
        DistanceProbe(rank=2).fit(train.vectors, swapped)
    with pytest.raises(ValueError, match="not finite"):
        DistanceProbe(rank=2, epochs=1).fit([train.vectors[0] * np.nan, *train.vectors[1:]], train.distances)
    with pytest.raises(ValueError, match="at least one word"):
        DistanceProbe(rank=2).fit([np.zeros((0, 3))], [np.zeros((0, 0))])
    with pytest.raises(ValueError, match="width 3; the probe reads vectors of width 24"):
        DistanceProbe(rank=2, epochs=1).fit(train.vectors, train.distances).predict([np.zeros((2, 3))])
    for rank in (0, 25):
        with pytest.raises(ValueError, match=f"rank {rank}; expected 1 to 24, the width of the vectors"):
            DistanceProbe(rank=rank).fit(train.vectors, train.distances)


def test_one_word_sentences_do_no_harm(train):
    vectors, distances = [train.vectors[0][:1], *train.vectors], [np.zeros((1, 1)), *train.distances]
    probe = DistanceProbe(rank=4, epochs=1).fit(vectors, distances)
    assert probe.predict(vectors)[0].tolist() == [[0.0]]


def test_real_valued_targets_are_kept_as_they_are(train):
    halves = GoldTargets(distances=[each / 2 for each in train.distances])
    probe = DistanceProbe(rank=24, **TRAINING)
    fit_all([probe], train.vectors, halves)
    predicted, gold = probe.predict(train.vectors), halves.distances
    assert published_loss(predicted, list(gold)) < 0.1
