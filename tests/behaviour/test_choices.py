"""Choices of models whose answers are known, and their shares with intervals."""

import numpy as np
import pandas as pd
import pytest
import torch

from tests.behaviour import word_by_word
from tests.behaviour.conftest import speaker
from tests.behaviour.word_models import unigram_model
from treeprobe.behaviour import MinimalPair, WordFrequencies, accuracy_table, grammar_pairs, read_sentences, score_pairs
from treeprobe.behaviour.choices import TOO_LONG, UNKNOWN
from treeprobe.extraction import LanguageModel, edit_attention, edit_states
from treeprobe.extraction.places import Places

PAIRS = grammar_pairs(60)
WORDS = [word for pair in PAIRS for words in (pair.good, pair.bad) for word in words]


def singular(pair: MinimalPair) -> bool:
    """Whether the right verb is singular."""
    form = pair.good[pair.targets[0]]
    return form in ("is", "was") or form.endswith("s")


def preferring_singular() -> LanguageModel:
    """A model that finds every singular verb more probable than any plural one."""
    verbs = {pair.good[pair.targets[0]] if singular(pair) else pair.bad[pair.targets[0]] for pair in PAIRS}
    return unigram_model(WORDS, dict.fromkeys(verbs, 5.0))


def test_a_model_that_prefers_singular_verbs_is_right_where_the_verb_is_singular() -> None:
    table = score_pairs(preferring_singular(), PAIRS)
    expected = [float(singular(pair)) for pair in PAIRS]
    assert table["sentence_right"].tolist() == table["target_right"].tolist() == expected
    assert 0 < np.mean(expected) < 1
    np.testing.assert_allclose(table["target_good"] - table["target_bad"], np.where(expected, 5.0, -5.0), atol=1e-4)


def test_a_model_that_knows_nothing_is_half_right() -> None:
    table = score_pairs(unigram_model(WORDS, {}), PAIRS)
    assert (table["target_right"] == 0.5).all()


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_scores_are_sums_of_words_scored_one_by_one(name: str) -> None:
    model = speaker(name)
    pair = MinimalPair(
        ("the", "keys", "are", "on", "the", "table"),
        ("the", "keys", "is", "on", "the", "table"),
        "a",
        "b",
        "c",
        (2,),
        1,
        0,
    )
    row = score_pairs(model, [pair]).iloc[0]
    for side in ("good", "bad"):
        words = getattr(pair, side)
        if name == "bert":
            scores = word_by_word.masked_scores(model, words)
        else:
            tokens = model.encoder.tokenizer.convert_ids_to_tokens(range(len(model.encoder.tokenizer)))
            starts = {n for n, token in enumerate(tokens) if token.startswith(("Ġ", "Ċ", "ĉ", "č", "["))}
            starts -= {tokens.index("["), tokens.index("[MASK]")}
            scores = word_by_word.left_to_right_scores(model, words, first=tokens.index("[CLS]"), starts=starts)
        assert row[f"sentence_{side}"] == pytest.approx(scores.sum(), abs=1e-3)
        assert row[f"target_{side}"] == pytest.approx(scores[2], abs=1e-3)
    alone = score_pairs(model, [pair], comparisons=["target"]).iloc[0]
    assert alone["target_good"] == pytest.approx(row["target_good"], abs=1e-4)
    assert "sentence_good" not in alone


def test_edits_change_choices_and_are_undone() -> None:
    model = speaker("bert")
    pair = MinimalPair(("the", "keys", "are", "on"), ("the", "keys", "is", "on"), "a", "b", "c", (2,))
    before = score_pairs(model, [pair])
    with edit_attention(model.encoder, lambda _block, weights, _mask: torch.zeros_like(weights)):
        assert abs(score_pairs(model, [pair])["target_good"][0] - before["target_good"][0]) > 1e-3
    pd.testing.assert_frame_equal(score_pairs(model, [pair]), before)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_edits_of_states_act_on_choices_and_know_each_sentence(name: str) -> None:
    model = speaker(name)
    pairs = [
        MinimalPair(("the", "keys", form, "on"), ("the", "keys", other, "on"), "a", "b", form, (2,))
        for form, other in (("are", "is"), ("were", "was"), ("is", "are"))
    ]
    sentences = read_sentences(pairs)
    assert len(sentences) == 4  # those of the last pair are those of the first
    intact = score_pairs(model, pairs)
    edited = next(n for n, (words, _) in enumerate(sentences) if words == pairs[1].bad)

    def edit(_layer: int, states: torch.Tensor, places: Places) -> torch.Tensor:
        return torch.where((places.sentences == edited)[:, None, None], torch.zeros_like(states), states)

    with edit_states(model.encoder, edit, layers=1):
        table = score_pairs(model, pairs)
    changed = (table["target_bad"] - intact["target_bad"]).abs()
    assert changed[1] > 1e-3
    assert changed[[0, 2]].max() < 1e-5
    assert (table["target_good"] - intact["target_good"]).abs().max() < 1e-5
    with edit_states(model.encoder, lambda _layer, states, _places: states):
        pd.testing.assert_frame_equal(score_pairs(model, pairs), intact, check_exact=True)


def test_pairs_that_cannot_be_scored_are_kept_and_say_why() -> None:
    known = MinimalPair(("it", "is"), ("it", "are"), "a", "file", "1", (1,))
    unknown = MinimalPair(("it", "is"), ("it", "xyzzy"), "a", "file", "2", (1,))
    words = ("it", "is", *["here"] * 70)
    long = MinimalPair(words, ("it", "are", *words[2:]), "a", "file", "3", (1,))
    table = score_pairs(unigram_model(["it", "is", "are", "here"], {"is": 1.0}), [known, unknown, long])
    assert table["left_out"].tolist() == ["", UNKNOWN, TOO_LONG]
    assert table["sentence_right"].isna().tolist() == [False, True, True]
    accuracy = accuracy_table(table, [known, unknown, long])
    assert (accuracy["n"] == 1).all()
    with pytest.raises(ValueError, match="no minimal pairs to score"):
        score_pairs(speaker("bert"), [])


def test_natural_sentences_are_read_as_they_are_written() -> None:
    pairs = PAIRS[:4]
    model = speaker("gpt2")
    words, natural = score_pairs(model, pairs), score_pairs(model, pairs, natural=True)
    assert (words["sentence_good"] != natural["sentence_good"]).all()


def test_the_baseline_prefers_the_more_frequent_word_and_cancels_what_both_have() -> None:
    frequencies = WordFrequencies.of([["It", "is", "is"], ["are", "here"]])
    is_right = MinimalPair(("it", "is", "here"), ("it", "are", "here"), "a", "b")
    assert frequencies.preference(is_right) == pytest.approx(np.log(3 / 2))
    assert frequencies.preference(MinimalPair(is_right.bad, is_right.good, "a", "b")) == pytest.approx(np.log(2 / 3))
    order = MinimalPair(("it", "is", "here"), ("here", "is", "it"), "a", "b")
    assert frequencies.preference(order) == 0
    table = score_pairs(unigram_model(["it", "is", "are", "here"], {}), [is_right, order], frequencies=frequencies)
    assert table["frequency_right"].tolist() == [1.0, 0.5]


def test_accuracy_is_counted_by_category_and_pairs_of_one_sentence_stay_together() -> None:
    pairs = [
        MinimalPair(
            (str(n // 2), "is", "a", "b"),
            (str(n // 2), *(["are", "a", "b"] if n % 2 else ["is", "c", "b"])),
            f"kind {n % 2}",
            "file",
            str(n),
            (1 if n % 2 else 2,),
            0,
            n % 2,
        )
        for n in range(40)
    ]
    table = score_pairs(unigram_model(["is", "are", "a", "b", "c", *map(str, range(20))], {"is": 1.0, "c": 1.0}), pairs)
    accuracy = accuracy_table(table, pairs).set_index(["by", "category", "metric"])
    assert accuracy.loc[("construction", "kind 1", "target"), "value"] == 1
    assert accuracy.loc[("construction", "kind 0", "target"), "value"] == 0
    assert accuracy.loc[("attractors", "1", "target"), "n"] == 20
    assert accuracy.loc[("distance", "1", "target"), "value"] == 1
    # Each sentence has one pair that is right and one that is wrong: whatever is sampled, half are right.
    whole = accuracy.loc[("all", "all", "target")]
    assert (whole["value"], whole["low"], whole["high"]) == (0.5, 0.5, 0.5)
    # Of twenty sentences that are all right, the exact interval: 0.025 ** (1 / 20).
    assert accuracy.loc[("construction", "kind 1", "target"), "low"] == pytest.approx(0.025 ** (1 / 20))
