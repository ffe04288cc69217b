"""What a layer adds to a baseline: against a plain loop, and on planted layers that add nothing, or half a tree."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.probes.corpora import Corpus, LayeredStates, make_corpus
from treeprobe.parsing import Tally, paired_difference
from treeprobe.parsing.decoding import minimum_spanning_edges
from treeprobe.parsing.scores.intervals import micro
from treeprobe.probes import (
    ALONE,
    ArrayStates,
    BilinearProbe,
    ConditionalStates,
    DepthProbe,
    DistanceProbe,
    ProjectedStates,
    SomeStates,
    fit_all,
)
from treeprobe.probes.initial import initial_map, layer_scales


def edge_tally(distances: list[NDArray[np.float32]], corpus: Corpus) -> Tally:
    """Gold edges that are in the minimum spanning trees, sentence by sentence."""
    found, gold_edges = [], []
    for predicted, gold in zip(distances, corpus.distances):
        ours = {tuple(sorted(edge)) for edge in minimum_spanning_edges(predicted).tolist()}
        theirs = {tuple(sorted(edge)) for edge in np.argwhere(np.triu(gold == 1)).tolist()}
        found.append(float(len(ours & theirs)))
        gold_edges.append(float(len(theirs)))
    return micro("uuas", found, gold_edges)


def planted(corpus: Corpus) -> LayeredStates:
    """Layer 0 holds the edges to words of even place, 1 is a copy of it, 2 a rotation, 3 holds the other edges."""
    width = corpus.exact[0].shape[1]
    even = np.arange(width) % 2 == 0
    rotation = np.linalg.qr(np.random.default_rng(7).normal(size=(width, width)))[0]
    half = [words * even for words in corpus.exact]
    return LayeredStates([half, half, [words @ rotation for words in half], [words * ~even for words in corpus.exact]])


def test_what_is_read_is_the_layer_and_the_baseline_and_zeros_where_it_is_alone(dev: Corpus) -> None:
    states = LayeredStates([dev.vectors, dev.exact])
    beside = ConditionalStates(states, baseline=1)
    assert beside.layers == (ALONE, 0, 1)
    assert beside.dim == 2 * states.dim
    first, zeros = beside.read([3, 0], [0, ALONE])
    vectors, exact = (np.concatenate([one[i] for i in (3, 0)]) for one in (dev.vectors, dev.exact))
    np.testing.assert_array_equal(first, np.concatenate([vectors, exact], axis=1))
    np.testing.assert_array_equal(zeros, np.concatenate([0 * vectors, exact], axis=1))
    other = ConditionalStates(states, ArrayStates([each[:, :5] for each in dev.exact]))
    np.testing.assert_array_equal(other.read([3, 0], [ALONE, 0])[1], np.concatenate([vectors, exact[:, :5]], axis=1))
    some = SomeStates(other, np.array([3, 0]))
    np.testing.assert_array_equal(some.read(slice(None), [0]), other.read([3, 0], [0]))


def test_a_baseline_that_is_not_there_or_of_other_words_is_refused(dev: Corpus) -> None:
    states = LayeredStates([dev.vectors, dev.exact])
    with pytest.raises(ValueError, match=r"baseline: found layer 5; expected one of \[0, 1\]"):
        ConditionalStates(states, 5)
    with pytest.raises(ValueError, match=r"baseline: found states of layers \[0, 1\]; expected those of one"):
        ConditionalStates(states, states)
    with pytest.raises(ValueError, match=r"baseline: found 59 sentences of .* words; expected those of the states, 60"):
        ConditionalStates(states, ArrayStates(dev.exact[1:]))


def test_either_part_has_a_scale_of_its_own(dev: Corpus) -> None:
    """A baseline of large activations changes nothing in the scale of the layer beside it."""
    states = LayeredStates([dev.vectors, [1000 * words for words in dev.vectors]])
    small, large = layer_scales(states, [0, 1])
    both, alone = layer_scales(ConditionalStates(states, 1), [0, ALONE])
    torch.testing.assert_close(both, torch.cat([small, large]))
    torch.testing.assert_close(alone, torch.cat([torch.ones_like(small), large]))


def slow_probe(words: list[torch.Tensor], gold: list[torch.Tensor], *, rank: int, scale: torch.Tensor) -> torch.Tensor:
    """A distance probe trained by a plain loop: one sentence after the other, expanded differences, autograd.

    Every batch holds all sentences, so that their order plays no part.
    """
    matrix = initial_map(words[0].shape[1], rank, seed=0).requires_grad_()
    optimiser = torch.optim.Adam([matrix], lr=0.01)
    steps = 40
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 0.01 * (1 + np.cos(np.pi * step / steps)) / 2
        losses = []
        for sentence, distances in zip(words, gold):
            projected = (sentence / scale.T) @ matrix
            predicted = (projected[:, None] - projected[None]).square().sum(-1)
            losses.append((predicted - distances).abs().mean())
        optimiser.zero_grad()
        torch.stack(losses).mean().backward()
        optimiser.step()
    return (matrix / scale).detach().T


@pytest.mark.parametrize("baseline", ["layer", "other states"])
def test_probes_of_both_parts_equal_those_of_a_plain_loop_over_joined_vectors(baseline: str) -> None:
    corpus = make_corpus(12, seed=4, noise=0.5)
    states = LayeredStates([[each.astype(np.float32) for each in corpus.exact], corpus.vectors])
    beside = ConditionalStates(states, 0 if baseline == "layer" else ArrayStates(corpus.exact))
    probes = [DistanceProbe(layer, 6, epochs=40, learning_rate=0.01) for layer in beside.layers]
    fit_all(probes, beside, corpus)
    gold = [torch.from_numpy(each).float() for each in corpus.distances]
    for probe, scale in zip(probes, layer_scales(beside, beside.layers)):
        joined = [torch.from_numpy(beside.read([place], [probe.layer])[0]) for place in range(len(beside))]
        expected = slow_probe(joined, gold, rank=6, scale=scale).numpy()
        # Of a layer without vectors of its own the first part of the map is never used, nor ever changed.
        np.testing.assert_allclose(probe.matrix_, expected, atol=2e-3 * np.abs(expected).max())


def test_a_probe_among_others_of_several_kinds_equals_itself_alone(train: Corpus, dev: Corpus) -> None:
    beside, held_out = (ConditionalStates(planted(corpus)) for corpus in (train, dev))

    def make() -> list[DistanceProbe | DepthProbe | BilinearProbe]:
        return [
            kind(layer, 4, epochs=2) for kind in (DistanceProbe, DepthProbe, BilinearProbe) for layer in (ALONE, 1, 3)
        ]

    together, alone = make(), make()
    fit_all(together, beside, train, validation=(held_out, dev))
    for one, other in zip(together, alone):
        fit_all([other], beside, train, validation=(held_out, dev))
        for mine, its in zip(one.arrays().values(), other.arrays().values()):
            np.testing.assert_allclose(mine, its, atol=1e-4 * np.abs(its).max())


def test_copies_and_rotations_add_nothing_and_the_other_half_adds_itself(train: Corpus, dev: Corpus) -> None:
    test = make_corpus(100, seed=9)
    beside, held_out, scored = (ConditionalStates(planted(corpus)) for corpus in (train, dev, test))
    probes = [DistanceProbe(layer, 24, learning_rate=0.01) for layer in beside.layers]
    fit_all(probes, beside, train, validation=(held_out, dev))
    tallies = {probe.layer: edge_tally(probe.predict(scored), test) for probe in probes}
    for layer in (0, 1, 2):
        value = paired_difference(tallies[layer], tallies[ALONE])
        assert value.low <= 0 <= value.high
        assert abs(value.value) < 0.03
    half = paired_difference(tallies[3], tallies[ALONE])
    assert half.low > 0.2
    assert tallies[3].value > 0.95


def test_a_baseline_under_its_own_probe_does_as_well_for_less(train: Corpus, dev: Corpus) -> None:
    own, held_out = planted(train), planted(dev)
    probe = DistanceProbe(0, 16, learning_rate=0.01).fit(own, train.distances, validation=(held_out, dev.distances))
    projected = [ProjectedStates(states, probe) for states in (own, held_out)]
    np.testing.assert_allclose(
        projected[1].read([3, 0])[0], np.concatenate([probe.transform(held_out)[i] for i in (3, 0)]), atol=1e-5
    )
    beside, validation = (ConditionalStates(states, one) for states, one in zip((own, held_out), projected))
    assert beside.dim == own.dim + 16
    probes = [DistanceProbe(layer, 24, learning_rate=0.01) for layer in (ALONE, 1, 3)]
    fit_all(probes, beside, train, validation=(validation, dev))
    alone, copy, half = (edge_tally(one.predict(validation), dev) for one in probes)
    assert alone.value == pytest.approx(edge_tally(probe.predict(held_out), dev).value, abs=0.03)
    assert abs(copy.value - alone.value) < 0.03
    assert half.value > 0.95
