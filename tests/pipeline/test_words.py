"""Raw text is split as treebanks split it."""

import pytest

from treeprobe.pipeline.words import is_punctuation, split_words


def test_clitics_and_punctuation_stand_alone() -> None:
    words, space_after = split_words("The chef didn't run (much).")
    assert words == ["The", "chef", "did", "n't", "run", "(", "much", ")", "."]
    assert space_after == [True, True, False, True, True, False, False, False, False]


def test_quotes_stay_as_they_were_written() -> None:
    assert split_words('"Go," she said.')[0] == ['"', "Go", ",", '"', "she", "said", "."]


def test_words_and_spaces_rebuild_the_text() -> None:
    text = "It's John's, isn't it?"
    words, space_after = split_words(text)
    assert "".join(word + " " * space for word, space in zip(words, space_after)) == text


@pytest.mark.parametrize("text", ["", "   "])
def test_no_words_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no words"):
        split_words(text)


@pytest.mark.parametrize(("word", "expected"), [(".", True), ("--", True), ("n't", False), ("$", False), ("«", True)])
def test_punctuation_is_told_by_category(word: str, expected: bool) -> None:
    assert is_punctuation(word) is expected
