"""Measures of treebanks and tokenizers, each against a plain count."""

from dataclasses import replace

import numpy as np
import pytest
from transformers import AutoTokenizer

from tests.pipeline.five_scripts import SENTENCES, sentence_of, sentences_of
from treeprobe.extraction import embedded_checkpoint
from treeprobe.parsing import Treebank
from treeprobe.parsing.stimuli import generate
from treeprobe.pipeline.atlas.covariates import TREEBANK, WINDOW, tokenizer_measures, treebank_measures


def values(bank: Treebank) -> dict[str, float]:
    return {name: one.value for name, one in treebank_measures(bank).items()}


def test_measures_of_two_sentences_are_what_one_counts() -> None:
    crossing = sentence_of("a/a/DET/3 b/b/NOUN/0/Case=Nom|Number=Sing c/c/NOUN/2 d/d/ADV/1")
    plain = sentence_of("runs/run/VERB/0/Number=Sing Run/run/VERB/1")
    found = values(Treebank([crossing, plain]))
    # Arcs of the first: 1<-3, 3<-2, 4<-1, of which those of a and d cross; their ends are 2, 1 and 3 apart.
    assert found == pytest.approx(
        {
            "sentences": 2,
            "words": 6,
            "sentence_length": 3,
            "arc_length": (2 + 1 + 3 + 1) / 4,
            "nonprojective_arcs": 2 / 4,
            "nonprojective_sentences": 1 / 2,
            "features_per_word": 3 / 6,
            "type_token_ratio": 1,
            "forms_per_lemma": 6 / 5,  # runs and run of one lemma
        }
    )


def test_what_is_not_annotated_has_no_measure() -> None:
    bare = [replace(one, lemmas=("_",) * len(one), features=("_",) * len(one)) for one in sentences_of("english")]
    assert set(TREEBANK) - set(values(Treebank(bare))) == {"features_per_word", "forms_per_lemma"}


def test_more_text_is_no_richer_morphology() -> None:
    """Counted over a whole text, forms a lemma and types a token depend on its length; in windows they do not."""
    words = [word for one in generate(400, seed=0) for word in one.words if word.isalpha()][:WINDOW]
    once = sentence_of(" ".join(f"{word}/{word[:3]}/NOUN/{0 if place == 0 else 1}" for place, word in enumerate(words)))
    short, long = values(Treebank([once])), values(Treebank([once, once, once]))
    for name in ("forms_per_lemma", "type_token_ratio"):
        assert short[name] == pytest.approx(long[name])
    assert long["type_token_ratio"] > len({word.lower() for word in words}) / (3 * WINDOW) * 2.9


def test_inflection_is_seen_where_there_is_some() -> None:
    assert values(Treebank(sentences_of("русский")))["forms_per_lemma"] > 1.2
    assert values(Treebank(sentences_of("中文")))["forms_per_lemma"] == 1


@pytest.mark.parametrize("language", SENTENCES)
def test_subwords_are_those_of_the_tokenizer_word_by_word(language: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(embedded_checkpoint())
    bank = Treebank(sentences_of(language))
    found = tokenizer_measures(bank, tokenizer)
    pieces = [tokenizer.tokenize(word) for one in bank for word in one.words]
    assert found["subwords_per_word"].value == pytest.approx(np.mean([len(each) for each in pieces]))
    assert found["split_words"].value == pytest.approx(np.mean([len(each) > 1 for each in pieces]))
    assert found["unknown_words"].value == pytest.approx(np.mean([tokenizer.unk_token in each for each in pieces]))
    for score in found.values():
        assert score.low <= score.value <= score.high
