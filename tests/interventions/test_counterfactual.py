"""Counterfactuals: the asked tree is seen, by a move in the probes' directions alone, and not without need."""

import networkx as nx
import numpy as np
import pytest
import torch

from tests.extraction import zoo
from tests.interventions import planted
from treeprobe.extraction import edit_states, extract
from treeprobe.interventions import Counterfactual, InterventionError, Swap
from treeprobe.interventions.seen_trees import AskedTrees
from treeprobe.parsing import head_edges, tree_distances
from treeprobe.parsing.decoding import minimum_spanning_edges
from treeprobe.probes import DistanceProbe

LENGTHS = (7, 2, 12, 1, 9, 20, 5)


def trees(seed: int) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    return [planted.random_heads(words, draw) for words in LENGTHS]


def decoded(probe: DistanceProbe, vectors: torch.Tensor) -> list[set[tuple[int, int]]]:
    sentences = [one.numpy() for one in vectors.split(LENGTHS)]
    return [set(map(tuple, minimum_spanning_edges(one).tolist())) for one in probe.predict(sentences)]


def edges(heads: np.ndarray) -> set[tuple[int, int]]:
    return {tuple(sorted(edge)) for edge in head_edges(heads)}


def a_probe(seed: int, rank: int = 10) -> DistanceProbe:
    probe = planted.oracle_probe()
    probe.matrix_ = np.random.default_rng(seed).normal(size=(rank, planted.DIM)).astype(np.float32) / 4
    return probe


def test_the_decoded_tree_is_the_asked_one_and_sentences_that_show_it_are_untouched() -> None:
    probe, own, other = planted.oracle_probe(), trees(0), trees(1)
    asked = [own[0], *other[1:5], own[5], other[6]]
    vectors = torch.from_numpy(np.concatenate([planted.exact(one) for one in own]))
    assert decoded(probe, vectors) == [edges(one) for one in own]
    moved = Counterfactual().fit([probe]).apply(vectors, asked)
    assert decoded(probe, moved.vectors) == [edges(one) for one in asked]
    assert moved.reached.all()
    before, after = vectors.split(LENGTHS), moved.vectors.split(LENGTHS)
    changed = [edges(one) != edges(other) for one, other in zip(own, asked)]
    assert 3 <= sum(changed) < len(changed)
    assert [not torch.equal(one, other) for one, other in zip(before, after)] == changed
    assert (moved.steps > 0).tolist() == changed
    np.testing.assert_allclose(moved.distances, (moved.vectors - vectors).norm(dim=1), atol=1e-5)


def test_every_probe_of_a_stack_sees_the_tree_and_nothing_moves_across_their_directions() -> None:
    probes, asked = [a_probe(seed, rank=10) for seed in range(2)], trees(2)
    vectors = torch.randn(sum(LENGTHS), planted.DIM, generator=torch.Generator().manual_seed(0))
    one = Counterfactual(max_steps=300).fit(probes[:1]).apply(vectors, asked)
    both = Counterfactual(max_steps=300).fit(probes).apply(vectors, asked)
    wanted = [edges(heads) for heads in asked]
    assert both.reached[[0, 1, 3, 4, 6]].all()
    for probe in probes:
        seen = np.array([found == tree for found, tree in zip(decoded(probe, both.vectors), wanted)])
        assert seen[both.reached].all()
    assert decoded(probes[1], one.vectors) != wanted, "a probe that was not asked sees what it saw"
    across = np.linalg.svd(np.concatenate([probe.matrix_ for probe in probes]))[2][20:]
    np.testing.assert_allclose((both.vectors - vectors).numpy() @ across.T, 0, atol=1e-4)


def test_a_margin_goes_farther_and_no_steps_go_nowhere() -> None:
    probe, vectors = planted.oracle_probe(), torch.from_numpy(np.concatenate([planted.exact(one) for one in trees(0)]))
    near, far = (Counterfactual(margin=margin).fit([probe]).apply(vectors, trees(1)) for margin in (0.0, 0.5))
    assert near.reached.all()
    assert far.reached.all()
    assert far.distances.sum() > near.distances.sum()
    still = Counterfactual(max_steps=0).fit([probe]).apply(vectors, trees(1))
    assert torch.equal(still.vectors, vectors)
    assert still.reached.tolist() == [edges(one) == edges(other) for one, other in zip(trees(0), trees(1))]


def test_sentences_are_moved_alike_whatever_they_are_batched_with() -> None:
    probe, vectors = planted.oracle_probe(), torch.from_numpy(np.concatenate([planted.exact(one) for one in trees(0)]))
    counterfactual = Counterfactual().fit([probe])
    together = counterfactual.apply(vectors, trees(1)).vectors.split(LENGTHS)
    for one, heads, found in zip(vectors.split(LENGTHS), trees(1), together):
        torch.testing.assert_close(counterfactual.apply(one, [heads]).vectors, found, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_a_tree_is_seen_just_when_it_is_the_minimum_spanning_tree(seed: int) -> None:
    """Beside networkx, on distances near and far from a tree's."""
    draw, asked = np.random.default_rng(seed), trees(seed)
    size = max(LENGTHS)
    noise = [0.0, 0.3, 0.6, 0.0, 2.0, 0.1, 0.6]
    distances = np.zeros((len(asked), 1, size, size), np.float32)
    expected = []
    for row, heads in enumerate(asked):
        words = len(heads)
        wobble = np.triu(draw.normal(size=(words, words)) * noise[row], 1)
        here = np.maximum(tree_distances(heads) + wobble + wobble.T, 0)
        distances[row, 0, :words, :words] = here
        graph = nx.Graph([(i, j, {"weight": float(here[i, j])}) for i in range(words) for j in range(i)])
        expected.append({tuple(sorted(edge)) for edge in nx.minimum_spanning_tree(graph).edges} == edges(heads))
    found = AskedTrees.of(asked, device=torch.device("cpu")).seen(torch.from_numpy(distances))
    assert found.tolist() == expected
    assert 1 < sum(expected) < len(expected)


def test_as_an_edit_it_moves_each_sentence_of_a_text_and_its_control_as_far_elsewhere() -> None:
    encoder = zoo.encoder("bert")
    words, draw = zoo.SENTENCES, np.random.default_rng(0)
    asked = [planted.random_heads(len(one), draw) for one in words]
    probe = DistanceProbe(2, rank=16)
    probe.matrix_, probe.best_epoch_, probe.history_, probe.identity_ = np.eye(16, dtype=np.float32), 0, [], {}
    counterfactual, reports = Counterfactual(2, max_steps=3000).fit([probe]), []
    before = extract(encoder, words)
    with edit_states(encoder, counterfactual.edit(asked, report=lambda *one: reports.append(one)), layers=2):
        after = extract(encoder, words)
    with edit_states(encoder, counterfactual.edit(asked, random_directions=1), layers=2):
        control = extract(encoder, words)
    numbers, moved = reports[0]
    assert sorted(numbers.tolist()) == list(range(len(words)))
    reached = dict(zip(numbers.tolist(), moved.reached.tolist()))
    assert sum(reached.values()) >= 3
    for sentence, heads in enumerate(asked):
        here = [states.sentence(sentence, 2) for states in (before, after, control)]
        if reached[sentence] and len(heads) > 1:
            assert set(map(tuple, minimum_spanning_edges(probe.predict([here[1]])[0]).tolist())) == edges(heads)
        far = [np.linalg.norm(one - here[0], axis=1) for one in here[1:]]
        np.testing.assert_allclose(far[0], far[1], rtol=1e-3, atol=1e-5)
        assert len(heads) == 1 or not np.allclose(here[1], here[2], atol=1e-2)


def test_trees_of_another_length_are_refused_with_the_sentence() -> None:
    encoder, words = zoo.encoder("bert"), zoo.SENTENCES
    asked = [np.arange(len(one)) - 1 for one in words]
    probe = DistanceProbe(2, rank=16)
    probe.matrix_, probe.best_epoch_, probe.history_, probe.identity_ = np.eye(16, dtype=np.float32), 0, [], {}
    counterfactual = Counterfactual(2).fit([probe])
    for wrong, message in (
        ([*asked[:3], asked[3][:-1]], "sentence 4 has a tree of 10 words, and 11 of its words"),
        (asked[:3], "sentence 4 has no tree; trees were given for 3 sentences"),
        ([asked[0], asked[1], asked[2], np.zeros(11, int)], "tree . of those asked for: expected one root"),
    ):
        with (
            edit_states(encoder, counterfactual.edit(wrong), layers=2),
            pytest.raises(InterventionError, match=message),
        ):
            extract(encoder, words)
    long = [["keys"] * 100]
    with (
        edit_states(encoder, counterfactual.edit([np.arange(100) - 1]), layers=2),
        pytest.raises(InterventionError, match="in one window"),
    ):
        extract(encoder, long)
    with pytest.raises(InterventionError, match="trees of 12 words for 3 vectors"):
        counterfactual.apply(torch.zeros(3, 16), asked[:1])
    with pytest.raises(InterventionError, match="not finite"):
        counterfactual.apply(torch.full((12, 16), torch.nan), asked[:1])


def test_swapped_sentences_have_the_states_of_another_of_their_length() -> None:
    encoder = zoo.encoder("bert")
    words = [["the", "chef", "ran"], ["keys"], ["she", "believed", "him"], ["the", "store", "was"], ["out", "of"]]
    before = extract(encoder, words)
    swap = Swap(2, seed=0).fit(before)
    assert sorted(swap.partners_[[0, 2, 3]].tolist()) == [0, 2, 3]
    assert all(swap.partners_[one] != one for one in (0, 2, 3))
    assert swap.partners_[[1, 4]].tolist() == [1, 4]
    with edit_states(encoder, swap.edit(before), layers=2):
        after = extract(encoder, words)
    for sentence in range(len(words)):
        partner = int(swap.partners_[sentence])
        np.testing.assert_allclose(after.sentence(sentence, 2), before.sentence(partner, 2), atol=1e-6)
        assert np.array_equal(after.sentence(sentence, 1), before.sentence(sentence, 1))
    with pytest.raises(InterventionError, match="states of 2 sentences; partners were drawn among 5"):
        swap.apply(extract(encoder, words[:2]), 0)
    with edit_states(encoder, swap.edit(before), layers=2), pytest.raises(InterventionError, match="sentence 6 has no"):
        extract(encoder, [*words, ["food"]])
