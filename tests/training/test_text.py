"""Text to train on is read as documents of sentences, and what cannot be trained on is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from treeprobe.parsing import Sentence, TreebankError, write_conllu
from treeprobe.training import PretrainingError, PretrainingOptions, hold_out, pretrain, read_documents
from treeprobe.training.text import documents_of

PLAIN = "\ufeff\n\nThe cat sleeps .\n  A dog runs .  \n\n \n\nNothing else .\n"


def test_plain_text_has_a_sentence_a_line_and_blank_lines_between_documents(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text(PLAIN, encoding="utf-8")
    assert read_documents(tmp_path / "plain.txt") == [["The cat sleeps .", "A dog runs ."], ["Nothing else ."]]


def test_a_treebank_is_read_as_its_text(sentences: list[Sentence], tmp_path: Path) -> None:
    parted = [replace(one, metadata={"newdoc id": "b"} if place == 7 else {}) for place, one in enumerate(sentences)]
    write_conllu(parted, tmp_path / "bank.conllu")
    found = read_documents(tmp_path / "bank.conllu")
    assert [len(document) for document in found] == [7, 33]
    assert found == documents_of(parted) == documents_of(found)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "plain.txt holds no text; expected one sentence a line"),
        (b" \n\n", "holds no text"),
        (b"fine\n\xff\xfe\n", "plain.txt: byte 5 is not UTF-8"),
    ],
)
def test_what_is_no_text_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_bytes(content)
    with pytest.raises(PretrainingError, match=message):
        read_documents(tmp_path / "plain.txt")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TreebankError, match=r"nothing\.txt"):
        read_documents(tmp_path / "nothing.txt")


def test_documents_are_held_out_whole() -> None:
    documents = [[f"{name}{line}" for line in range(length)] for name, length in zip("abcdefgh", range(3, 11))]
    training, held = hold_out(documents, share=0.2, seed=1)
    assert sorted([*training, *held]) == sorted(documents)
    assert 0.2 * 52 <= sum(map(len, held)) < 0.2 * 52 + 10
    assert hold_out(documents, share=0.2, seed=1) == (training, held)
    assert hold_out([["a", "b", "c", "d"]], share=0.25) == ([["a", "b", "c"]], [["d"]]), "the end of a single document"


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_text_that_cannot_be_divided_is_named(share: float) -> None:
    with pytest.raises(PretrainingError, match="1 documents of 4 sentences cannot be divided"):
        hold_out([["a", "b", "c", "d"]], share=share)


def test_held_out_text_must_have_pairs_too(sentences: list[Sentence], tmp_path: Path) -> None:
    options = PretrainingOptions(steps=1, save_steps=(1,))
    with pytest.raises(PretrainingError, match="2 documents of one sentence each in the held-out text"):
        pretrain(sentences, tmp_path / "out", held_out=[["a"], ["b"]], options=options)
    assert not (tmp_path / "out").exists()
