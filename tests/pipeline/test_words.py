"""Raw text is split as treebanks split it."""

import warnings

import pytest

from treeprobe.pipeline.words import UnsplitText, is_punctuation, split_words, warn_of_script


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


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("吾輩は猫である。", "Japanese"),
        ("コンピュータが動く", "Japanese"),
        ("我是一只猫。", "Chinese"),
        ("ฉันกินข้าว", "Thai"),
        ("吾輩は猫である。 名前はまだ無い。", "Japanese"),
    ],
)
def test_text_in_a_script_without_spaces_is_warned_of(text: str, language: str) -> None:
    with pytest.warns(UnsplitText, match=f"{language} puts no spaces between words.*--words"):
        warn_of_script(text)


@pytest.mark.parametrize(
    "text",
    [
        "The chef ran.",
        "",
        "Кошка спит.",
        "고양이는 잠을 잔다.",
        "吾輩 は 猫 で ある 。",
        "我 是 一 只 猫 。",
        "She read 羅生門門門 to us in the evening.",
    ],
)
def test_text_with_spaces_is_not(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_script(text)
