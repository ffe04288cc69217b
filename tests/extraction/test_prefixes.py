"""Words read from the prefix that ends with them: causal models' own states, and other models' last words."""

from pathlib import Path

import numpy as np
import pytest

from tests.extraction import zoo
from treeprobe.extraction import Reading, edit_states, extract
from treeprobe.extraction.prefixes import ignores_what_follows

CAUSAL = ("gpt2", "llama")
PREFIX = Reading(context="prefix")


def one_by_one(name: str, sentence: list[str], *, spaces: list[bool] | None = None) -> np.ndarray:
    """The slow oracle: each prefix extracted as a text of its own, its last word kept, (layers, words, dim)."""
    encoder = zoo.encoder(name)
    rows = []
    for count in range(1, len(sentence) + 1):
        after = None if spaces is None else [spaces[:count]]
        rows.append(extract(encoder, [sentence[:count]], space_after=after).read([0])[:, -1])
    return np.stack(rows, axis=1)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_a_word_s_vector_is_that_of_the_last_word_of_its_prefix(name: str) -> None:
    found = extract(zoo.encoder(name), zoo.SENTENCES, reading=PREFIX)
    for number, sentence in enumerate(zoo.SENTENCES):
        assert np.allclose(found.read([number]), one_by_one(name, sentence), atol=2e-4)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_only_causal_models_have_these_states_in_whole_sentences(name: str) -> None:
    encoder = zoo.encoder(name)
    assert ignores_what_follows(encoder) == (name in CAUSAL)
    whole, prefix = extract(encoder, zoo.SENTENCES), extract(encoder, zoo.SENTENCES, reading=PREFIX)
    apart = np.abs(whole.read([0])[1:] - prefix.read([0])[1:]).max(axis=(0, 2))
    if name in CAUSAL:
        assert apart.max() < 1e-4
    else:
        assert apart[:-1].min() > 1e-3
        assert apart[-1] < 1e-3  # the last prefix is the sentence


@pytest.mark.parametrize("name", CAUSAL)
def test_a_causal_model_s_words_know_only_their_prefix(name: str) -> None:
    """Word by word, by causality: the same states whatever follows."""
    sentence = zoo.SENTENCES[0]
    other = [*sentence[:5], *zoo.SENTENCES[1]]
    both = extract(zoo.encoder(name), [sentence, other])
    assert np.allclose(both.read([0])[:, :5], both.read([1])[:, :5], atol=1e-4)
    assert not np.allclose(both.read([0])[:, 5], both.read([1])[:, 5], atol=1e-2)


@pytest.mark.parametrize("name", ["gpt2", "bert"])
def test_in_natural_text_too(name: str) -> None:
    """Without spaces between words subwords may change with what follows, so that prefixes are read one by one."""
    sentence = ["did", "n't", "she", "?"]
    spaces = [False, True, False, True]
    found = extract(zoo.encoder(name), [sentence], space_after=[spaces], reading=PREFIX)
    assert np.allclose(found.read([0]), one_by_one(name, sentence, spaces=spaces), atol=2e-4)


def test_the_report_is_of_the_sentences(tmp_path: Path) -> None:
    encoder = zoo.encoder("bert")
    whole, prefix = extract(encoder, zoo.SENTENCES), extract(encoder, zoo.SENTENCES, reading=PREFIX)
    assert prefix.report == whole.report
    assert prefix.lengths.tolist() == whole.lengths.tolist()


def test_caches_of_prefixes_and_of_sentences_are_two(tmp_path: Path) -> None:
    encoder = zoo.encoder("bert")
    whole = extract(encoder, zoo.SENTENCES, cache=tmp_path)
    prefix = extract(encoder, zoo.SENTENCES, reading=PREFIX, cache=tmp_path)
    assert prefix.identity["settings"]["context"] == "prefix"
    assert "context" not in whole.identity["settings"]  # caches of before are found again
    again = extract(encoder, zoo.SENTENCES, reading=PREFIX, cache=tmp_path)
    assert np.array_equal(again.read([0, 1, 2, 3]), prefix.read([0, 1, 2, 3]))
    assert not np.allclose(prefix.read([0]), whole.read([0]), atol=1e-3)


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="context must be sentence or prefix, found 'left'"):
        extract(zoo.encoder("bert"), zoo.SENTENCES, reading=Reading(context="left"))
    encoder = zoo.encoder("bert")
    with (
        edit_states(encoder, lambda _layer, states, _places: states, layers=[1]),
        pytest.raises(ValueError, match="prefixes"),
    ):
        extract(encoder, zoo.SENTENCES, reading=PREFIX)
