"""The baselines are what they are called, and a model's choice is that of its logits."""

import math

import numpy as np
import pytest
import torch
from transformers import BertForMaskedLM, PreTrainedTokenizerFast

from treeprobe.parsing.stimuli import AgreementPair, agreement_pairs
from treeprobe.training.planted.choices import BagOfWords, NgramModel, masked_choices

TEXT = [text.split() for text in ("The cat sees", "the cat runs", "the cats see", "a cat sees")]


def test_stupid_backoff_is_the_hand_count() -> None:
    model = NgramModel(TEXT, order=3)
    # a b c: seen after "the cat" once in two; its history "<s> <s>" has four, three of which go on with "the".
    assert model.score(["the"], order=3, around=0) == pytest.approx(
        math.log(3 / 4) + math.log(0.4 * 0.4 * 4 / 24)  # the: 3 of 4; then </s>, never after "the": 4 of 24 words
    )
    words = ["the", "cat", "sees"]
    expected = math.log(1 / 2) + math.log(2 / 2)  # sees after "the cat"; </s> after "cat sees"
    assert model.score(words, order=3, around=2) == pytest.approx(expected)
    expected = math.log(2 / 3) + math.log(2 / 2)  # sees after "cat"; </s> after "sees"
    assert model.score(words, order=2, around=2) == pytest.approx(expected)
    # Never after "cats": backed off to its share of the words; </s> after "sees" alone is certain.
    expected = math.log(0.4 * 2 / 24) + math.log(2 / 2)
    assert model.score(["the", "cats", "sees"], order=2, around=2) == pytest.approx(expected)


def test_an_ngram_model_follows_the_nearest_noun() -> None:
    model = NgramModel((pair.sentence.words for pair in agreement_pairs(1500, construction="simple")), order=3)
    pairs = agreement_pairs(200, construction="prepositional-phrase", between=1, attractors=1, seed=9)
    assert model.choices(pairs).mean() < 0.35
    assert model.choices(agreement_pairs(200, construction="simple", seed=9)).mean() > 0.7


def test_words_never_seen_decide_nothing() -> None:
    (pair,) = agreement_pairs(1, seed=1)
    assert NgramModel([["x"]], order=2).choices([pair]).tolist() == [0.5]


def test_a_bag_of_words_counts_nouns() -> None:
    model = BagOfWords(agreement_pairs(1500, between=(0, 1)))
    assert model.choices(agreement_pairs(200, construction="simple", seed=9)).mean() > 0.7
    many = agreement_pairs(200, construction="prepositional-phrase", between=2, attractors=2, seed=9)
    assert model.choices(many).mean() < 0.4
    # Order is nothing to it.
    assert set(np.unique(model.choices(many))) <= {0.0, 1.0}


@torch.no_grad()
def test_a_masked_choice_is_that_of_the_logits(
    model: BertForMaskedLM, tokenizer: PreTrainedTokenizerFast, pairs: list[AgreementPair]
) -> None:
    chosen = pairs[:40]
    expected = []
    for pair in chosen:
        words = [*pair.sentence.words]
        words[pair.place] = tokenizer.mask_token
        inputs = tokenizer(" ".join(words), return_tensors="pt")
        at = inputs["input_ids"][0].tolist().index(tokenizer.mask_token_id)
        logits = model(**inputs).logits[0, at]
        right, wrong = (tokenizer.convert_tokens_to_ids(form) for form in (pair.right.lower(), pair.wrong.lower()))
        expected.append(float(logits[right] > logits[wrong]))
    assert masked_choices(model, tokenizer, chosen).tolist() == expected
    assert 0 < sum(expected) < len(expected)
