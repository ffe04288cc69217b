"""What a minimal pair is, and pairs in files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from treeprobe.behaviour import MinimalPair, PairError, grammar_pairs, read_pairs

GOOD, BAD = ("The", "keys", "are", "here"), ("The", "keys", "is", "here")


def test_the_distance_is_that_of_controller_and_target() -> None:
    pair = MinimalPair(GOOD, BAD, "simple", "mine", "line 1", (2,), controller=1)
    assert pair.distance == 1
    assert replace(pair, controller=None).distance is None


@pytest.mark.parametrize(
    ("bad", "targets", "message"),
    [
        (GOOD, (2,), "mine: line 1: both sentences are 'The keys are here'; expected two that differ"),
        (("A", "keys", "is", "here"), (2,), r"differ in word 1 \('The'\) and word 3 \('are'\); expected .* word 3"),
        (("The", "keys", "are", "there"), (2,), r"differ in word 4 \('here'\); expected .* alone, word 3 \('are'\)"),
        (("The", "keys", "is"), (2,), "4 and 3 words; expected sentences that differ in the target alone"),
        ((), (), "a sentence without words"),
    ],
)
def test_pairs_that_differ_in_more_than_the_target_are_refused(bad, targets, message: str) -> None:
    with pytest.raises(PairError, match=message):
        MinimalPair(GOOD, bad, "simple", "mine", "line 1", targets)


def test_sentences_without_correspondence_have_no_target() -> None:
    assert MinimalPair(GOOD, ("here", "are", "The", "keys"), "order", "mine").targets == ()


def test_a_tree_of_another_sentence_is_refused() -> None:
    (pair,) = grammar_pairs(1)
    with pytest.raises(PairError, match="the tree is of"):
        replace(pair, good=("Nothing", *pair.good[1:]), bad=("Nothing", *pair.bad[1:]))


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def test_a_file_of_the_format_of_blimp_is_read(tmp_path: Path) -> None:
    agreement = {
        "sentence_good": "Many girls insulted themselves.",
        "sentence_bad": "Many girls insulted herself.",
        "one_prefix_method": True,
        "one_prefix_word_good": "themselves",
        "one_prefix_word_bad": "herself",
        "UID": "anaphor_number_agreement",
        "pairID": "0",
    }
    island = {
        "sentence_good": "Who should Derek hug after shocking Richard?",
        "sentence_bad": "Who should Derek hug Richard after shocking?",
        "UID": "adjunct_island",
    }
    unnamed = {"sentence_good": "It is.", "sentence_bad": "It are."}
    first, second, third = read_pairs(write(tmp_path / "own.jsonl", agreement, "", island, unnamed))
    assert first == MinimalPair(
        ("Many", "girls", "insulted", "themselves."),
        ("Many", "girls", "insulted", "herself."),
        "anaphor_number_agreement",
        "own.jsonl",
        "line 1",
        (3,),
    )
    assert (second.targets, second.identifier) == ((), "line 3")
    assert (third.targets, third.construction) == ((1,), "own")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: is no JSON"),
        ("[1]", "line 2: is a JSON list; expected an object"),
        ({"sentence_good": "It is."}, "line 2: sentence_bad is missing; expected text"),
        ({"sentence_good": "It is.", "sentence_bad": 3}, "line 2: sentence_bad is 3; expected text"),
        ({"sentence_good": "It is.", "sentence_bad": "It are.", "UID": None}, "line 2: UID is None; expected text"),
        ({"sentence_good": "It is.", "sentence_bad": "It is."}, "line 2: both sentences are 'It is.'"),
        (
            {
                "sentence_good": "They see themselves now.",
                "sentence_bad": "They sees herself now.",
                "one_prefix_word_good": "themselves",
                "one_prefix_word_bad": "herself",
            },
            r"line 2: the sentences differ in word 2 \('see'\) and word 3 \('themselves'\); expected .* word 3",
        ),
        (
            {
                "sentence_good": "They see it.",
                "sentence_bad": "They sees it.",
                "one_prefix_word_good": "themselves",
                "one_prefix_word_bad": "herself",
            },
            "line 2: names the target 'themselves' and 'herself', but the sentences have them in no place",
        ),
    ],
)
def test_errors_name_the_file_and_the_line(line: object, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "own.jsonl", {"sentence_good": "It is.", "sentence_bad": "It are."}, line)
    with pytest.raises(PairError, match=f"own.jsonl: {message}"):
        read_pairs(path)


def test_files_without_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PairError, match="holds no pairs"):
        read_pairs(write(tmp_path / "empty.jsonl", ""))
    with pytest.raises(PairError, match="cannot be read: No such file"):
        read_pairs(tmp_path / "nothing.jsonl")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(PairError, match="it is not UTF-8"):
        read_pairs(tmp_path / "binary")
