"""Trees, probes, flow, norms, ablation and distances of heads, each beside a slow or exact answer."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from transformers import BertForMaskedLM

from tests.attention.planted import batches_of, noise, to_heads
from treeprobe.attention import (
    AttentionProbe,
    ChosenHead,
    ablated_heads,
    ablation_effects,
    attention_flow,
    best_head_sentences,
    best_heads,
    cluster_heads,
    ensemble_trees,
    head_divergences,
    head_tree_tallies,
    heads_of,
    held_out_tally,
    map_heads,
    offset_baseline,
    pair_features,
    rollout,
    static_embeddings,
    survey_heads,
    weighted_norms,
)
from treeprobe.extraction import Encoder, extract, masked_lm_loss, stream_attention
from treeprobe.parsing import score_distances


def test_uuas_of_heads_is_the_parsing_layers(sentences) -> None:
    planted = [[to_heads, noise(0)]]
    batches = batches_of(sentences, planted)
    tallies = head_tree_tallies(batches, sentences)
    for head in (0, 1):
        distances = {}
        for batch in batches:
            for row, index in enumerate(batch.indices):
                words = slice(1, 1 + len(sentences[index]))
                weights = batch.attention[0, row, head, words, words].numpy()
                distances[index] = 1 - np.maximum(weights, weights.T)
                np.fill_diagonal(distances[index], 0)
        expected = score_distances(sentences, [distances[index] for index in range(len(sentences))])["uuas"]
        assert tallies[0][head].value == pytest.approx(expected.value)
        assert tallies[0][head].n == expected.n


def test_a_head_is_not_scored_on_the_sentences_that_chose_it(sentences) -> None:
    """Head 1 finds the trees of even sentences only, head 2 those of odd ones: each half chooses the wrong head."""

    def finds(parity: int):
        mine = {id(sentence) for number, sentence in enumerate(sentences) if number % 2 == parity}
        return lambda sentence: to_heads(sentence) if id(sentence) in mine else noise(7)(sentence)

    tallies = head_tree_tallies(batches_of(sentences, [[finds(0), finds(1)]]), sentences)
    tally, heads = held_out_tally(tallies)
    assert heads == [(0, 1), (0, 0)]
    assert tally.value < 0.5
    tallies = head_tree_tallies(batches_of(sentences, [[noise(0), to_heads]]), sentences)
    tally, heads = held_out_tally(tallies)
    assert heads == [(0, 1), (0, 1)]
    assert tally.value == tallies[0][1].value > 0.9


def test_ensemble_of_the_planted_head_is_the_gold_tree(sentences) -> None:
    batches = batches_of(sentences, [[to_heads, noise(0)]])
    trees = ensemble_trees(batches, sentences, [ChosenHead(0, 0, "to head")], gold_roots=True)
    assert all(tuple(trees[place]) == sentence.heads for place, sentence in enumerate(sentences))
    noisy = ensemble_trees(batches, sentences, [ChosenHead(0, 1, "to head")])
    assert not all(tuple(noisy[place]) == sentence.heads for place, sentence in enumerate(sentences))


def test_an_ensemble_needs_heads(sentences) -> None:
    with pytest.raises(ValueError, match="no heads were chosen"):
        ensemble_trees(batches_of(sentences, [[noise(0)]]), sentences, [])


def right_share(probe, features, sentences, vectors=None) -> float:
    found = [heads_of(probe.predict(one, vectors=vectors)) == np.array(sentences[one.index].heads) for one in features]
    return float(np.concatenate(found).mean())


def test_the_probe_finds_the_planted_head_and_nothing_in_noise(sentences) -> None:
    planted, empty = ([[noise(1), to_heads]], [[noise(1), noise(2)]])
    features = list(pair_features(batches_of(sentences, planted)))
    probe = AttentionProbe(epochs=30).fit(features[:60], sentences)
    assert right_share(probe, features[60:], sentences) > 0.95
    weights = probe.head_weights(layers=1)
    assert weights[0, 0, 1] == weights.max()
    features = list(pair_features(batches_of(sentences, empty)))
    assert right_share(AttentionProbe(epochs=30).fit(features[:60], sentences), features[60:], sentences) < 0.5


def test_steps_of_the_probe_mix_lengths(sentences, monkeypatch) -> None:
    """Given shortest first, whole batches of one length would pull the weights one way and then another."""
    ordered = sorted(sentences, key=len)
    features = list(pair_features(batches_of(ordered, [[noise(0)]])))
    steps: list[list[int]] = [[]]
    scores, step = AttentionProbe._scores, torch.optim.Adam.step

    def seen(self, batch, *rest):
        steps[-1] += [one.index for one in batch]
        return scores(self, batch, *rest)

    def stepped(self, *rest):
        steps.append([])
        return step(self, *rest)

    monkeypatch.setattr(AttentionProbe, "_scores", seen)
    monkeypatch.setattr(torch.optim.Adam, "step", stepped)
    AttentionProbe(epochs=2, batch_size=20).fit(features, ordered)
    steps = [taken for taken in steps if taken]
    assert [len(taken) for taken in steps] == [20] * 12
    for epoch in (steps[:6], steps[6:]):
        assert sorted(index for taken in epoch for index in taken) == list(range(120))
        means = [np.mean([len(ordered[index]) for index in taken]) for taken in epoch]
        assert max(means) - min(means) < 3
    assert [set(taken) for taken in steps[:6]] != [set(taken) for taken in steps[6:]]


def test_words_tell_the_probe_which_head_to_believe(sentences) -> None:
    """Head 1 is right for words that begin the alphabet, head 2 for the others: only vectors can tell."""

    def split(early: bool):
        def weights(sentence):
            right = to_heads(sentence)
            wrong = np.roll(right, 1, axis=1)
            mine = np.array([(word < "e") == early for word in sentence.words])
            return np.where(mine[:, None], right, wrong)

        return weights

    features = list(pair_features(batches_of(sentences, [[split(True), split(False)]])))
    vectors = [np.array([[word < "e", word >= "e"] for word in s.words], dtype=np.float32) for s in sentences]
    plain = AttentionProbe(epochs=40).fit(features[:60], sentences)
    worded = AttentionProbe(epochs=40).fit(features[:60], sentences, vectors=vectors)
    gain = right_share(worded, features[60:], sentences, vectors) - right_share(plain, features[60:], sentences)
    assert gain > 0.1
    with pytest.raises(ValueError, match="found no vectors of words; expected vectors"):
        worded.predict(features[60])
    with pytest.raises(ValueError, match="found vectors of words; expected none"):
        plain.predict(features[60], vectors=vectors)


def test_probe_scores_pad_nothing_into_probabilities(sentences) -> None:
    features = list(pair_features(batches_of(sentences[:10], [[noise(0)]])))
    probe = AttentionProbe(epochs=1).fit(features, sentences)
    for one in features:
        probabilities = np.exp(probe.predict(one))
        np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
        assert np.allclose(np.diagonal(probabilities[:, 1:]), 0)


def random_attention(layers: int, heads: int, positions: int) -> np.ndarray:
    weights = np.random.default_rng(0).random((layers, heads, positions, positions))
    return weights / weights.sum(-1, keepdims=True)


def test_rollout_multiplies_layers_and_keeps_rows_at_one() -> None:
    attention = random_attention(3, 2, 4)
    mixed = 0.5 * attention.mean(1) + 0.5 * np.eye(4)
    np.testing.assert_allclose(rollout(attention)[-1], mixed[2] @ mixed[1] @ mixed[0])
    np.testing.assert_allclose(rollout(attention).sum(-1), 1)
    np.testing.assert_allclose(rollout(attention, residual=1.0)[-1], np.eye(4))


def test_rollout_is_the_weight_of_all_paths() -> None:
    """Equation 1 of Abnar & Zuidema, read as they explain it: paths through the layers, weights multiplied along."""
    attention = random_attention(3, 2, 3)
    mixed = 0.5 * attention.mean(1) + 0.5 * np.eye(3)
    graph = nx.DiGraph()
    for layer, query, key in np.ndindex(3, 3, 3):
        graph.add_edge((layer + 1, query), (layer, key), weight=mixed[layer, query, key])
    for query, key in np.ndindex(3, 3):
        paths = nx.all_simple_edge_paths(graph, (3, query), (0, key))
        total = sum(np.prod([graph.edges[edge]["weight"] for edge in path]) for path in paths)
        assert rollout(attention)[-1, query, key] == pytest.approx(total)


def test_flow_is_networkx_maximum_flow() -> None:
    attention = random_attention(3, 2, 4)
    mixed = 0.5 * attention.mean(1) + 0.5 * np.eye(4)
    graph = nx.DiGraph()
    for layer, query, key in np.ndindex(3, 4, 4):
        graph.add_edge((layer + 1, query), (layer, key), capacity=mixed[layer, query, key])
    flow = attention_flow(attention)
    for query, key in np.ndindex(4, 4):
        assert flow[query, key] == pytest.approx(nx.maximum_flow_value(graph, (3, query), (0, key)), abs=1e-4)
    assert flow.max() <= 1 + 1e-5


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="expected attention"):
        rollout(np.ones((2, 3, 3)))
    with pytest.raises(ValueError, match="expected 0 to 1"):
        attention_flow(random_attention(1, 1, 2), residual=2)


def test_norms_are_those_of_berts_own_matrices(small_encoder) -> None:
    words = [list("abcde"), list("hg")]
    found = {int(batch.indices[0]): batch for batch in weighted_norms(small_encoder, words)}
    inputs = small_encoder.tokenizer(" ".join(words[0]), return_tensors="pt")
    plain = next(iter(stream_attention(small_encoder, words[:1])))
    states = small_encoder.hidden_states(inputs["input_ids"], inputs["attention_mask"])
    for layer in range(2):
        block = small_encoder.model.encoder.layer[layer].attention
        values = block.self.value(states[layer])[0].view(-1, 2, 8)
        projection = block.output.dense.weight.view(16, 2, 8)
        for head in range(2):
            norms = (values[:, head] @ projection[:, head].T).norm(dim=-1)
            expected = plain.attention[layer, 0, head] * norms
            torch.testing.assert_close(found[0].attention[layer, 0, head], expected, rtol=1e-4, atol=1e-5)
    assert found[1].lengths.tolist() == [2]


def test_a_cut_head_is_one_whose_projection_is_zero(small_encoder) -> None:
    words = [list("abcde"), list("hg")]
    with ablated_heads(small_encoder, [(1, 0)]):
        cut = extract(small_encoder, words).read([0, 1])
    whole = extract(small_encoder, words).read([0, 1])
    twin = Encoder.from_parts(small_encoder.with_random_weights().model, small_encoder.tokenizer, name="twin")
    twin.model.load_state_dict(small_encoder.model.state_dict())
    twin.model.encoder.layer[1].attention.output.dense.weight[:, :8] = 0
    np.testing.assert_allclose(cut, extract(twin, words).read([0, 1]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(cut[:2], whole[:2], rtol=1e-4, atol=1e-5)
    assert np.abs(cut[2] - whole[2]).max() > 0.01


def test_heads_that_are_not_there_cannot_be_cut(small_encoder) -> None:
    with pytest.raises(ValueError, match="no head 3-1"), ablated_heads(small_encoder, [(2, 0)]):
        pass


def test_a_head_that_matters_costs_loss_and_one_that_does_not_costs_none(small_encoder) -> None:
    """Every word stands twice, so a masked word can be read off its twin; only a head can carry it there. One head of
    the trained model is silent: its part of the output projection is zero."""
    torch.manual_seed(0)
    config = type(small_encoder.model.config).from_dict(
        {**small_encoder.model.config.to_dict(), "num_hidden_layers": 1, "hidden_size": 32, "initializer_range": 0.1}
    )
    model = BertForMaskedLM(config)
    silent = model.bert.encoder.layer[0].attention.output.dense.weight
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    generator = torch.Generator().manual_seed(0)
    for _ in range(150):
        twins = torch.randint(5, 13, (64, 4), generator=generator).repeat_interleave(2, dim=1)
        hidden = torch.rand(twins.shape, generator=generator) < 0.15
        ids = torch.nn.functional.pad(twins.masked_fill(hidden, 4), (1, 0), value=2)
        ids = torch.nn.functional.pad(ids, (0, 1), value=3)
        with torch.no_grad():
            silent[:, 16:] = 0
        loss = torch.nn.functional.cross_entropy(model(ids).logits[:, 1:-1][hidden], twins[hidden])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        silent[:, 16:] = 0
    speaker = Encoder.from_parts(model, small_encoder.tokenizer, name="twins")
    letters = np.random.default_rng(0).integers(8, size=(60, 4))
    words = [[letter for place in row for letter in 2 * "abcdefgh"[place]] for row in letters]
    effects = ablation_effects(speaker, lambda: masked_lm_loss(speaker, words)).set_index("head")["difference"]
    assert masked_lm_loss(speaker, words) < 0.7
    assert effects[1] > 1.0
    assert abs(effects[2]) < 1e-5


def test_effects_are_the_measure_with_each_head_ablated_less_that_of_the_whole_model(small_encoder) -> None:
    words = [list("abcde"), list("hg")]

    def measure() -> float:
        return float(np.abs(extract(small_encoder, words).read([0, 1])).mean())

    whole = measure()
    with ablated_heads(small_encoder, [(1, 0)], ablation="uniform"):
        without = measure()
    assert abs(without - whole) > 1e-4
    effects = ablation_effects(small_encoder, measure, heads=[(0, 1), (1, 0)], ablation="uniform")
    assert effects[["layer", "head"]].to_numpy().tolist() == [[1, 2], [2, 1]]
    assert effects["value"][1] == pytest.approx(without)
    assert effects["difference"][1] == pytest.approx(without - whole)
    assert effects["difference"][0] != pytest.approx(effects["difference"][1])
    assert measure() == pytest.approx(whole), "the model is whole again"
    assert ablation_effects(small_encoder, measure, heads=[]).empty


def test_a_head_ablated_uniformly_attends_to_every_position_alike(small_encoder) -> None:
    (whole,) = stream_attention(small_encoder, [list("abcde")])
    with ablated_heads(small_encoder, [(0, 1)], ablation="uniform"):
        (ablated,) = stream_attention(small_encoder, [list("abcde")])
    torch.testing.assert_close(ablated.attention[0, 0, 0], whole.attention[0, 0, 0])
    torch.testing.assert_close(ablated.attention[0, 0, 1], torch.full((7, 7), 1 / 7))
    with pytest.raises(ValueError, match="found 'mean'"), ablated_heads(small_encoder, [], ablation="mean"):
        pass


def test_divergence_is_zero_for_twins_and_ln_2_for_heads_apart(sentences) -> None:
    both = batches_of(sentences, [[to_heads, noise(0)], [to_heads, noise(1)]])
    divergences = head_divergences(both)
    assert divergences[0, 2] == pytest.approx(0, abs=1e-6)
    assert divergences[1, 3] > 0.01
    np.testing.assert_allclose(divergences, divergences.T)
    apart = both[:1]
    apart[0].attention.zero_()
    apart[0].attention[0, ..., 0] = 1
    apart[0].attention[1, ..., 1] = 1
    assert head_divergences(apart)[0, 2] == pytest.approx(np.log(2), rel=1e-5)


def test_divergence_is_scipys_word_by_word(sentences) -> None:
    batches = batches_of(sentences[:12], [[to_heads, noise(0)], [noise(1), lambda s: to_heads(s).T]])
    found = head_divergences(batches)
    rows: list[list[np.ndarray]] = [[], [], [], []]
    for batch in batches:
        for row, length in enumerate(batch.lengths):
            attention = batch.attention[:, row].flatten(0, 1).double().numpy()
            for head in range(4):
                rows[head] += list(attention[head, 1 : 1 + length, : length + 2])
    for one, other in np.ndindex(4, 4):
        squares = [jensenshannon(p, q) ** 2 for p, q in zip(rows[one], rows[other])]
        assert found[one, other] == pytest.approx(np.mean(squares), abs=1e-6)


def test_map_and_clusters_keep_like_heads_together() -> None:
    divergences = np.full((6, 6), 0.4)
    divergences[:3, :3] = divergences[3:, 3:] = 0.01
    np.fill_diagonal(divergences, 0)
    clusters = cluster_heads(divergences, clusters=2)
    assert len(set(clusters[:3])) == len(set(clusters[3:])) == 1
    assert clusters[0] != clusters[3]
    points = map_heads(divergences)
    assert points.shape == (6, 2)
    assert np.linalg.norm(points[0] - points[1]) < np.linalg.norm(points[0] - points[3])
    with pytest.raises(ValueError, match="expected 1 to 6"):
        cluster_heads(divergences, clusters=7)


def test_examples_show_the_relation_that_the_head_tracks(sentences) -> None:
    batches = batches_of(sentences, [[to_heads, noise(0)]])
    counts = survey_heads(batches, sentences).relations
    best = best_heads(counts, offset_baseline(counts))
    shown = best_head_sentences(batches, sentences, best.query("direction == 'to head'"))
    assert {one.relation for one in shown} == {"nsubj", "obj", "det"}
    for one in shown:
        assert (one.block, one.head) == (0, 0)
        # The planted head finds every edge with a weight that depends on the sentence's length alone.
        gold = sentences[one.sentence]
        edges = [(d, h) for d, h in enumerate(gold.heads) if h >= 0 and gold.relations[d] == one.relation]
        assert [tuple(pair) for pair in one.pairs] == edges
        weight = one.attention[tuple(one.pairs[0])]
        assert weight == pytest.approx(5.1 / (5.1 + 0.1 * (len(gold) + 1)), rel=1e-5)
        most = max(gold.relations.count(one.relation) * 5.1 / (5.1 + 0.1 * (len(gold) + 1)) for gold in sentences)
        assert len(edges) * weight == pytest.approx(most, rel=1e-5)


def test_an_example_shows_a_sentence_that_the_head_gets_right_before_one_that_it_gets_wrong(sentences) -> None:
    """Head 1-1 knows the trees of short sentences only: longer ones have more edges, all of them missed."""
    short = [one for one in sentences if len(one) > 1]

    def knows_short(sentence):
        return to_heads(sentence) if len(sentence) < 4 else to_heads(sentence).T

    batches = batches_of(short, [[knows_short, noise(0)]])
    best = pd.DataFrame([{"relation": "obj", "layer": 1, "head": 1, "direction": "to head"}])
    (shown,) = best_head_sentences(batches, short, best)
    assert len(shown.words) < 4


def test_static_vectors_do_not_know_their_context(small_encoder) -> None:
    first, second = static_embeddings(small_encoder, [["a", "b"], ["c", "a", "h"]], dim=2)
    assert first.shape == (2, 2)
    assert second.shape == (3, 2)
    np.testing.assert_array_equal(first[0], second[1])
    assert np.abs(first[0] - first[1]).max() > 0


def test_static_vectors_keep_the_distances_of_input_embeddings(small_encoder) -> None:
    """With a component for every form, distances between words are those of the input embeddings, scaled."""
    (vectors,) = static_embeddings(small_encoder, [["a", "b", "h"]], fitted_on=[list("abcd"), list("efgh")], dim=16)
    table = small_encoder.model.get_input_embeddings().weight.numpy()[[5, 6, 12]]
    ours, theirs = (np.linalg.norm(x[:, None] - x, axis=-1) for x in (vectors, table))
    np.testing.assert_allclose(ours / ours.max(), theirs / theirs.max(), rtol=1e-4)


def test_static_vectors_are_the_same_each_time(minilm) -> None:
    """So many word forms of such a width are where scikit-learn would choose a solver that draws random vectors."""
    forms = [[f"word{number}" for number in range(600)]]
    first, second = (static_embeddings(minilm, forms)[0] for _ in range(2))
    assert first.shape == (600, 64)
    np.testing.assert_array_equal(first, second)


def test_static_vectors_do_not_depend_on_the_sentences_but_on_what_they_are_fitted_on(small_encoder) -> None:
    forms = [list("abcdef")]
    one, two = (static_embeddings(small_encoder, words, fitted_on=forms, dim=3) for words in ([["a"]], [["a", "h"]]))
    np.testing.assert_allclose(one[0][0], two[0][0], rtol=1e-5)
