"""Sentences longer than the model are read through overlapping windows, each word where it has most context."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.extraction import oracles, zoo
from treeprobe.extraction import Encoder, Reading, batching, extract, stream_attention
from treeprobe.extraction.alignment import Aligner
from treeprobe.extraction.batching import BATCH_COST, GROUP_STEP, cut_windows, token_budget_batches

ALIGNER = Aligner(zoo.fast(zoo.byte_level("[CLS] $A [SEP]")))
texts = st.lists(st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=30), min_size=1, max_size=5)


@given(texts, st.integers(3, 40), st.sampled_from([0.0, 0.25, 0.5, 0.9]))
def test_windows_cover_every_subword_and_each_link_is_read_where_its_word_is_farthest_from_an_edge(
    sentences, capacity: int, overlap: float
) -> None:
    alignment = ALIGNER(sentences)
    windows = cut_windows(alignment, capacity, overlap=overlap)
    bounds = alignment.subword_bounds
    for sentence, (start, end) in enumerate(pairwise(bounds)):
        here = windows.sentences == sentence
        covered = {s for a, b in zip(windows.starts[here], windows.ends[here]) for s in range(a, b)}
        assert covered == set(range(start, end))
        if end - start > capacity:
            assert (windows.lengths[here] == capacity).all()  # no short last window
        else:
            assert here.sum() == 1
    assert windows.cut.tolist() == np.flatnonzero(np.diff(bounds) > capacity).tolist()
    for link, (word, subword) in enumerate(zip(alignment.link_words, alignment.link_subwords)):
        middle = alignment.link_subwords[alignment.link_words == word].mean()
        rooms = {
            w: min(middle - windows.starts[w], windows.ends[w] - 1 - middle)
            for w in range(len(windows.starts))
            if windows.starts[w] <= subword < windows.ends[w]
        }
        assert rooms[windows.link_windows[link]] == max(rooms.values())


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 200), st.integers(100, 10_000))
def test_batches_hold_every_window_once_within_the_budget(lengths, budget: int, max_pairs: int) -> None:
    counts = np.array(lengths)
    batches = list(token_budget_batches(counts, budget, max_pairs=max_pairs))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        longest = counts[batch].max()
        assert len(batch) == 1 or (longest * len(batch) <= budget and longest**2 * len(batch) <= max_pairs)


def every_cut(count: int):
    """Every way to cut `count` windows in a row into groups, as the sizes of the groups."""
    if not count:
        yield ()
    for first in range(1, count + 1):
        for rest in every_cut(count - first):
            yield (first, *rest)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=10), st.integers(20, 100))
def test_batches_are_the_cheapest_of_all_cuts_into_full_groups_and_multiples_of_the_step(lengths, budget: int) -> None:
    descending = sorted(lengths, reverse=True)

    def cost(sizes) -> float:
        begins = np.cumsum((0, *sizes))[:-1].tolist()
        largest = [min(budget // descending[begin], len(lengths) - begin) for begin in begins]
        if not all(size == full or (size < full and size % GROUP_STEP == 0) for size, full in zip(sizes, largest)):
            return float("inf")
        padded = [descending[begin] * size for begin, size in zip(begins, sizes)]
        return sum(padded) + len(sizes) * BATCH_COST * budget

    found = [len(batch) for batch in token_budget_batches(np.array(lengths), budget)]
    assert cost(found) == min(map(cost, every_cut(len(lengths))))


@pytest.mark.parametrize("name", ["bert", "roberta", "gpt2", "t5", "xlnet"])
def test_each_window_gives_what_the_model_says_of_it(name: str) -> None:
    encoder = zoo.encoder(name)
    sentence = [word for sentence in zoo.SENTENCES for word in sentence] * 2
    limit = 24
    states = extract(encoder, [sentence], reading=Reading(max_subwords=limit))
    assert states.report.windowed == (0,)
    _, places = oracles.subwords_of(encoder, sentence)
    # The first words stand best in the first window, which is the sentence cut short.
    specials = zoo.LEADING.get(name, 1) + zoo.TRAILING.get(name, 1)
    first = [w for w, p in enumerate(places) if p[-1] - zoo.LEADING.get(name, 1) < (limit - specials) // 2][:-1]
    alignment = Aligner(encoder.tokenizer)([sentence])
    windows = cut_windows(alignment, limit - specials)
    head = alignment.ids[: windows.ends[0]]
    import torch

    aligner = Aligner(encoder.tokenizer)
    ids = [*aligner.specials.leading, *head.tolist(), *aligner.specials.trailing]
    types = {}
    if name == "xlnet":
        types["token_type_ids"] = torch.tensor([[0] * (len(ids) - 1) + [2]])
    with torch.no_grad():
        expected = encoder.model(input_ids=torch.tensor([ids]), output_hidden_states=True, **types).hidden_states
    assert first
    for word in first:
        for layer in states.layers:
            pooled = expected[layer][0].numpy()[places[word]].mean(0)
            np.testing.assert_allclose(states.sentence(0, layer)[word], pooled, atol=5e-6)


def test_windows_as_wide_as_the_sentence_change_nothing() -> None:
    encoder = zoo.encoder("bert")
    longest = max(len(oracles.subwords_of(encoder, words)[0]["input_ids"]) for words in zoo.SENTENCES)
    whole = extract(encoder, zoo.SENTENCES)
    assert not extract(encoder, zoo.SENTENCES, reading=Reading(max_subwords=longest)).report.windowed
    np.testing.assert_array_equal(
        extract(encoder, zoo.SENTENCES, reading=Reading(max_subwords=longest)).read(slice(None)),
        whole.read(slice(None)),
    )
    assert extract(encoder, zoo.SENTENCES, reading=Reading(max_subwords=longest - 1)).report.windowed


def test_a_word_of_more_subwords_than_a_window_is_pooled_over_its_windows(monkeypatch) -> None:
    encoder = zoo.encoder("gpt2")
    states = extract(encoder, [["z" * 300, "food"]])
    assert states.report.windowed == (0,)
    assert np.isfinite(states.sentence(0, 3)).all()
    assert states.sentence(0, 3)[0].any()
    # Read by its first subword, all of its windows but one give nothing, even in a batch of their own.
    monkeypatch.setattr(batching, "TOKEN_BUDGET", 1)
    first = extract(encoder, [["z" * 300, "food"]], reading=Reading(pooling="first")).sentence(0, 3)
    assert first[0].any()
    assert np.isfinite(first).all()


def test_three_thousand_words_go_through_the_real_model(minilm: Encoder) -> None:
    sentence = (zoo.SENTENCES[0] * 250)[:3000]
    states = extract(minilm, [["Hello"], sentence], reading=Reading(layers=[0, 6]))
    assert states.lengths.tolist() == [1, 3000]
    assert states.report.windowed == (1,)
    assert "1 sentences read through overlapping windows: 2" in str(states.report)
    vectors = states.sentence(1, 6)
    assert np.linalg.norm(vectors, axis=1).min() > 1
    # Attention cannot be put together from windows: the sentence is left out and listed.
    stream = stream_attention(minilm, [["Hello"], sentence])
    assert [batch.indices.tolist() for batch in stream] == [[0]]
    assert stream.report.skipped == (1,)
