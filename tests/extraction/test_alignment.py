"""Words and subwords meet as a character-by-character oracle says, for any words and every kind of tokenizer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.extraction import oracles, zoo
from treeprobe.extraction import CacheError, Encoder, Reading, alignment_report, extract
from treeprobe.extraction.alignment import Aligner
from treeprobe.extraction.report import AlignmentReport
from treeprobe.records import Fields

TOKENIZERS = {
    "wordpiece": zoo.wordpiece(),
    "bytes": zoo.byte_level("[CLS] $A [SEP]"),
    "trimmed bytes": zoo.byte_level("[CLS] $A [SEP]", trim=True),
    "unigram": zoo.unigram("$A [SEP]"),
}
ODD = [
    "",
    " ",
    "\x00",
    "\u200b",
    "😀",
    "👩‍👩‍👧",
    "שלום",
    "مرحبا",
    "e\u0301",
    "\u0301",
    "ﬁ",
    "中文字",
    "1 000",
    "\n",
    "[SEP]",
]
words = st.lists(
    st.one_of(st.sampled_from(ODD), st.sampled_from(zoo.SENTENCES[0]), st.text(max_size=8)), min_size=1, max_size=9
)


def expected_links(tokenizer, sentence, space_after):
    """(word, subword) pairs of one sentence by comparing every character, specials not counted."""
    text, spans = oracles.spans(sentence, space_after)
    backend = tokenizer.backend_tokenizer
    backend.encode_special_tokens = True
    offsets = backend.encode(text, add_special_tokens=False).offsets
    links = []
    for subword, (start, end) in enumerate(offsets):
        touched = [i for i, (s, e) in enumerate(spans) if e > s and s < end and start < e]
        if not touched:
            touched = [i for i, (s, e) in enumerate(spans) if e > s and e > start][:1]
        links += [(word, subword) for word in touched]
    return sorted(links)


@pytest.mark.parametrize("kind", TOKENIZERS)
@settings(max_examples=60)
@given(data=st.data())
def test_links_equal_those_found_character_by_character(kind: str, data) -> None:
    tokenizer = zoo.fast(TOKENIZERS[kind])
    sentences = [[word.encode("utf-8", "ignore").decode() for word in data.draw(words)] for _ in range(3)]
    spaces = [[data.draw(st.booleans()) for _ in sentence] for sentence in sentences]
    for space_after in (None, spaces):
        found = Aligner(tokenizer)(sentences, space_after)
        for number, sentence in enumerate(sentences):
            word0, subword0 = found.word_bounds[number], found.subword_bounds[number]
            here = (found.link_words >= word0) & (found.link_words < found.word_bounds[number + 1])
            pairs = zip(found.link_words[here] - word0, found.link_subwords[here] - subword0)
            assert list(pairs) == expected_links(tokenizer, sentence, space_after and space_after[number])
        for pooling in ("mean", "first", "last"):
            totals = np.bincount(found.link_words, found.weights(pooling), minlength=found.words)
            np.testing.assert_allclose(np.delete(totals, found.dropped), 1, rtol=1e-5)
            assert not totals[found.dropped].any()
        assert set(np.flatnonzero([not w for s in sentences for w in s])) <= set(found.dropped)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_a_sentence_of_empty_words_alone_has_zeros_whatever_is_beside_it(name: str) -> None:
    for beside in ([], [["Keys"]], zoo.SENTENCES):
        states = extract(zoo.encoder(name), [["", ""], *beside])
        assert not states.read([0]).any()
        assert states.report.dropped == ((0, 0, ""), (0, 1, ""))
        if beside:
            expected = extract(zoo.encoder(name), beside)
            np.testing.assert_allclose(states.read(slice(1, None)), expected.read(slice(None)), atol=2e-6)


@given(data=st.data())
def test_any_words_have_finite_vectors_and_every_word_without_a_subword_is_listed(data) -> None:
    encoder = zoo.encoder("bert")
    sentence = [word.encode("utf-8", "ignore").decode() for word in data.draw(words)]
    states = extract(encoder, [sentence])
    assert states.lengths.tolist() == [len(sentence)]
    vectors = states.sentence(0, 3)
    assert np.isfinite(vectors).all()
    zero = np.flatnonzero(~vectors.any(1)).tolist()
    assert zero == [word for _, word, _ in states.report.dropped]
    assert all(sentence[word] == text for _, word, text in states.report.dropped)


def test_a_word_that_looks_like_a_special_token_is_read_as_text(minilm: Encoder) -> None:
    aligner = Aligner(minilm.tokenizer)
    found = aligner([["see", "[SEP]", "here"]])
    assert minilm.tokenizer.sep_token_id not in found.ids
    assert np.bincount(found.link_words).tolist() == [1, 3, 1]
    assert minilm.tokenizer.backend_tokenizer.encode_special_tokens is False


def test_unspaced_text_shares_subwords_and_lists_it() -> None:
    encoder = zoo.encoder("gpt2")
    sentence, spaces = ["I", "did", "n't", "wait"], [True, False, True, False]
    states = extract(encoder, [sentence], space_after=[spaces])
    np.testing.assert_allclose(states.read([0]), oracles.hidden_states(encoder, sentence, spaces), atol=2e-6)
    assert not states.report.shared
    # " the" is one subword of this tokenizer, which its two halves share where no space stands between them.
    halves = [["to", "th", "e"]]
    tight = extract(encoder, halves, space_after=[[True, False, False]])
    assert tight.report.shared == ((0, 1, "th"), (0, 2, "e"))
    np.testing.assert_array_equal(*tight.sentence(0, 3)[1:])
    apart = extract(encoder, halves)
    assert not apart.report.shared
    assert not np.allclose(*apart.sentence(0, 3)[1:])


def test_a_subword_of_two_words_is_counted_as_shared() -> None:
    found = Aligner(zoo.fast(zoo.wordpiece()))([["th", "e"], ["the"]], [[False, False], [False]])
    assert found.ids[found.link_subwords[0]] == zoo.wordpiece().token_to_id("the")
    assert found.shared.tolist() == [0, 1]


def test_natural_text_differs_from_words_as_given_and_neither_is_the_other() -> None:
    encoder = zoo.encoder("bert")
    sentence = [["She", "wait", "s", "."]]
    spaced = extract(encoder, sentence)
    natural = extract(encoder, sentence, space_after=[[True, False, False, False]])
    assert spaced.identity["text"]["form"] == "words"
    assert natural.identity["text"]["form"] == "natural"
    assert spaced.identity["text"]["digest"] != natural.identity["text"]["digest"]
    assert not np.allclose(spaced.sentence(0, 3), natural.sentence(0, 3))


def test_unknown_words_are_listed(minilm: Encoder) -> None:
    states = extract(minilm, [["the", "𒀀𒀁", "cat"], ["\x00", "mat", ""]])
    assert states.report.unknown == ((0, 1, "𒀀𒀁"),)
    assert states.report.dropped == ((1, 0, "\x00"), (1, 2, ""))
    assert not states.report.clean
    assert "1:2 '𒀀𒀁'" in str(states.report)
    frame = states.report.frame
    assert frame.kind.tolist() == ["dropped", "dropped", "unknown"]
    counts = {"sentences": 2, "words": 6, "dropped": 2, "unknown": 1, "shared": 0, "windowed": 0, "skipped": 0}
    assert states.report.counts == counts | {"subwords": states.report.subwords}


def test_the_report_needs_no_pass_of_the_model(minilm: Encoder, monkeypatch) -> None:
    words, reading = [["the", "𒀀𒀁", "cat"], ["a"] * 30], Reading(max_subwords=12)
    report = extract(minilm, words, reading=reading).report
    assert report.windowed == (1,)
    monkeypatch.setattr(Encoder, "run", None)
    assert alignment_report(minilm, words, reading=reading) == report


def test_a_report_is_saved_as_json_or_csv(minilm: Encoder, tmp_path) -> None:
    import pandas as pd

    report = extract(minilm, [["the", "", "cat"]]).report
    report.save(tmp_path / "report.json")
    assert AlignmentReport.parse(Fields.read(tmp_path / "report.json", error=CacheError, remedy="")) == report
    report.save(tmp_path / "report.csv")
    assert pd.read_csv(tmp_path / "report.csv").word.tolist() == [1]


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ("a string", "one string"),
        ((sentence for sentence in zoo.SENTENCES), "expected a sequence of sentences, found generator"),
        (["a string"], "sentence 1 is 'a string'"),
        ([["fine"], []], "sentence 2 has no words"),
        ([["fine", None]], "sentence 1, word 2 is None"),
        ([["\ud800"]], "half a surrogate pair"),
    ],
)
def test_what_is_not_sentences_of_words_is_refused(sentences, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        extract(zoo.encoder("bert"), sentences)


def test_spaces_that_do_not_fit_the_words_are_refused() -> None:
    with pytest.raises(ValueError, match="covers 2 sentences, expected 1"):
        extract(zoo.encoder("bert"), [["a"]], space_after=[[True], [True]])
    with pytest.raises(ValueError, match="sentence 1 has 1 words but space_after has 2"):
        extract(zoo.encoder("bert"), [["a"]], space_after=[[True, True]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": [4]}, "layers 0 to 3"),
        ({"layers": []}, "found none"),
        ({"pooling": "max"}, "mean, first or last"),
        ({"site": "nowhere"}, "site must be one of"),
        ({"overlap": 1.0}, "below 1"),
        ({"max_subwords": 1000}, "at most 64"),
        ({"max_subwords": 2}, "leaves no room"),
    ],
)
def test_settings_that_the_encoder_cannot_follow_are_refused(options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        extract(zoo.encoder("bert"), zoo.SENTENCES, reading=Reading(**options))


def test_segment_1_is_that_of_2019(minilm: Encoder) -> None:
    states = extract(minilm, zoo.SENTENCES, reading=Reading(segment=1))
    expected = oracles.hidden_states(minilm, zoo.SENTENCES[0], segment=1)
    np.testing.assert_allclose(states.read([0]), expected, atol=1e-5)
    assert not np.allclose(states.read([0]), extract(minilm, zoo.SENTENCES).read([0]), atol=1e-2)
    for name in ("roberta", "gpt2", "distilbert"):
        with pytest.raises(ValueError, match="segment id 1 asked for"):
            extract(zoo.encoder(name), zoo.SENTENCES, reading=Reading(segment=1))
