"""One vector a sentence: pooled subwords and special tokens, beside states read position by position."""

from pathlib import Path

import numpy as np
import pytest

from tests.extraction import zoo
from treeprobe.extraction import Encoder, Reading, SpecialTokenError, extract, sentence_units
from treeprobe.extraction.tokens import read_tokens

SENTENCES = [["The", "old", "keys", "were", "here", "."], ["Unbelievable", "!"], ["He", "runs", "away", "today"]]
CLS = ["bert", "roberta", "xlnet", "electra", "modernbert"]


def encoder_of(name: str) -> Encoder:
    """A model of the zoo whose tokenizer knows what its special tokens are called."""
    found = zoo.encoder(name)
    tokenizer = zoo.fast(found.tokenizer.backend_tokenizer, cls_token="[CLS]", sep_token="[SEP]")
    return Encoder.from_parts(found.model, tokenizer, name=name)


def vectors(encoder: Encoder, words: list[list[str]], **reading: object) -> np.ndarray:
    """(layers, sentences, dim)"""
    return extract(encoder, words, reading=Reading(**reading)).read(slice(None))


@pytest.mark.parametrize("name", CLS)
def test_the_vector_of_a_special_token_is_the_state_at_its_position(name: str) -> None:
    encoder = encoder_of(name)
    tokens = {"cls": encoder.tokenizer.cls_token, "sep": encoder.tokenizer.sep_token}
    for unit, token in tokens.items():
        found = vectors(encoder, SENTENCES, unit=unit)
        for number, words in enumerate(SENTENCES):
            one = read_tokens(encoder, words)
            np.testing.assert_allclose(found[:, number], one.vectors[:, one.tokens.index(token)], atol=2e-5)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_a_pooled_sentence_is_the_mean_the_first_or_the_last_of_its_subwords(name: str) -> None:
    encoder = encoder_of(name)
    for pooling in ("mean", "first", "last"):
        found = vectors(encoder, SENTENCES, unit="sentence", pooling=pooling)
        for number, words in enumerate(SENTENCES):
            one = read_tokens(encoder, words)
            subwords = one.vectors[:, one.words >= 0]
            wanted = {"mean": subwords.mean(axis=1), "first": subwords[:, 0], "last": subwords[:, -1]}[pooling]
            np.testing.assert_allclose(found[:, number], wanted, atol=2e-5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gpt2", "puts no cls token around a sentence; found no special token"),
        ("llama", "puts cls before a sentence that llama reads from left to right"),
    ],
)
def test_a_decoder_is_refused_a_token_that_knows_no_sentence_and_its_last_subword_can_be_had(
    name: str, reason: str
) -> None:
    encoder = encoder_of(name)
    assert sentence_units(encoder) == []
    with pytest.raises(SpecialTokenError, match=f"{reason}.*expected unit sentence"):
        extract(encoder, SENTENCES, reading=Reading(unit="cls"))
    assert vectors(encoder, SENTENCES, unit="sentence", pooling="last").shape[1] == len(SENTENCES)


def test_a_long_sentence_has_the_mean_of_the_tokens_and_all_the_subwords_of_its_windows() -> None:
    encoder = encoder_of("bert")
    words = ["the"] * 9
    size, specials = 6, 2
    assert len(read_tokens(encoder, words).tokens) == len(words) + specials
    # Windows of six subwords, the last of which is moved back to be full: the same six words twice.
    one = read_tokens(encoder, words[:size])
    reading = {"max_subwords": size + specials, "overlap": 0.0}
    found = extract(encoder, [words], reading=Reading(unit="cls", **reading))
    assert found.report.windowed == (0,)
    np.testing.assert_allclose(found.read([0])[:, 0], one.vectors[:, 0], atol=2e-5)
    pooled = vectors(encoder, [words], unit="sentence", **reading)[:, 0]
    by_word = vectors(encoder, [words], **reading)
    np.testing.assert_allclose(pooled, by_word.mean(axis=1), atol=2e-5)


def test_states_of_sentences_are_cached_apart_from_those_of_words(tmp_path: Path) -> None:
    encoder = encoder_of("bert")
    words = extract(encoder, SENTENCES, cache=tmp_path)
    first = extract(encoder, SENTENCES, reading=Reading(unit="cls"), cache=tmp_path)
    again = extract(encoder, SENTENCES, reading=Reading(unit="cls"), cache=tmp_path, verify=True)
    assert first.lengths.tolist() == again.lengths.tolist() == [1, 1, 1]
    assert words.lengths.tolist() == [len(sentence) for sentence in SENTENCES]
    np.testing.assert_array_equal(first.read(slice(None)), again.read(slice(None)))
    assert again.report.words == words.report.words == sum(map(len, SENTENCES))
    assert len(list(tmp_path.glob("*/manifest.json"))) == 2


def test_what_cannot_be_read_so_is_refused() -> None:
    encoder = encoder_of("bert")
    with pytest.raises(ValueError, match="unit must be one of word, sentence, cls, sep, found 'paragraph'"):
        extract(encoder, SENTENCES, reading=Reading(unit="paragraph"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="prefixes are read for words, found unit 'cls'"):
        extract(encoder, SENTENCES, reading=Reading(unit="cls", context="prefix"))
