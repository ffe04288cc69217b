"""Joined layers: what is read, and a planted tree of which each layer holds half, which only both together show."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.probes.corpora import Corpus, LayeredStates
from treeprobe.parsing.decoding import minimum_spanning_edges
from treeprobe.probes import ConcatenatedStates, DistanceProbe


def halves(corpus: Corpus) -> LayeredStates:
    """Layer 0 holds the edges to words of even place alone, layer 1 those to words of odd place."""
    even = np.arange(corpus.exact[0].shape[1]) % 2 == 0
    return LayeredStates([[words * even for words in corpus.exact], [words * ~even for words in corpus.exact]])


def found(distances: list[NDArray[np.float32]], corpus: Corpus) -> float:
    """The share of gold edges in the minimum spanning trees."""
    pairs = [
        ({tuple(sorted(edge)) for edge in minimum_spanning_edges(predicted).tolist()},
         {tuple(sorted(edge)) for edge in np.argwhere(np.triu(gold == 1)).tolist()})
        for predicted, gold in zip(distances, corpus.distances)
    ]  # fmt: skip
    return sum(len(ours & gold) for ours, gold in pairs) / sum(len(gold) for _, gold in pairs)


def test_what_is_read_is_the_layers_end_to_end_in_the_order_asked_for(dev: Corpus) -> None:
    layered = LayeredStates([dev.vectors, dev.exact])
    joined = ConcatenatedStates(layered, (1, 0))
    [read] = joined.read([3, 0])
    expected = [np.concatenate([dev.exact[i], dev.vectors[i]], axis=1) for i in (3, 0)]
    np.testing.assert_allclose(read, np.concatenate(expected), rtol=1e-6)
    assert joined.dim == 2 * layered.dim
    assert joined.identity == {**layered.identity, "concatenated": [1, 0]}
    assert ConcatenatedStates(layered).joined == (0, 1)


@pytest.mark.parametrize("layers", [(), (0, 0), (0, 2)])
def test_layers_that_are_not_there_or_twice_are_refused(dev: Corpus, layers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"layers: found .*; expected one or more of \[0, 1\], each once"):
        ConcatenatedStates(LayeredStates([dev.vectors, dev.exact]), layers)


def test_joined_layers_win_where_each_holds_half_of_the_tree_and_only_there(train: Corpus, dev: Corpus) -> None:
    own, held_out = halves(train), halves(dev)
    alone = [
        DistanceProbe(layer, 24, learning_rate=0.01).fit(own, train.distances, validation=(held_out, dev.distances))
        for layer in (0, 1)
    ]
    both = DistanceProbe(rank=24, learning_rate=0.01).fit(
        ConcatenatedStates(own), train.distances, validation=(ConcatenatedStates(held_out), dev.distances)
    )
    apart = max(found(probe.predict(held_out), dev) for probe in alone)
    together = found(both.predict(ConcatenatedStates(held_out)), dev)
    assert together > 0.95
    assert apart < together - 0.15
    # A second copy of a layer adds nothing.
    twice = LayeredStates([own.stack[0], own.stack[0]]), LayeredStates([held_out.stack[0], held_out.stack[0]])
    copied = DistanceProbe(rank=24, learning_rate=0.01).fit(
        ConcatenatedStates(twice[0]), train.distances, validation=(ConcatenatedStates(twice[1]), dev.distances)
    )
    assert found(copied.predict(ConcatenatedStates(twice[1])), dev) < together - 0.15
