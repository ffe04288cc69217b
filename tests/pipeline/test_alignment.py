"""A run says how its words met the tokenizer: in the record, by a warning above a share, in the report; or refuses."""

import json
import warnings
from pathlib import Path

import pytest

from tests.extraction import zoo
from treeprobe.extraction import CheckpointError, Encoder
from treeprobe.parsing import Sentence, Treebank
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.report.page import make_report
from treeprobe.pipeline.report.results import read_results
from treeprobe.pipeline.subjects.alignment import WARNED_SHARE, AlignmentWarning, check_alignment
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.reporting.html import render_report

UNKNOWN = "\u4e2d\u6587"


def bank(*sentences: list[str], name: str = "made-up") -> Treebank:
    """Chains of words."""
    return Treebank([_chain(words, number) for number, words in enumerate(sentences)], name=name)


def _chain(words: list[str], number: int) -> Sentence:
    heads = tuple(range(-1, len(words) - 1))
    count = len(words)
    return Sentence(
        words=tuple(words),
        heads=heads,
        relations=("root", *["dep"] * (count - 1)),
        upos=("NOUN",) * (count - 1) + ("PUNCT",),
        xpos=("NN",) * (count - 1) + (".",),
        space_after=(True,) * count,
        identifier=str(number),
        metadata={},
    )


def subject(dev: Treebank, encoder: Encoder | None = None) -> Subject:
    return Subject(encoder or zoo.encoder("bert"), "bert", dev.name, {"dev": dev})


def test_counts_are_kept_and_few_unknown_words_are_not_warned_of() -> None:
    words = ["The", "chef", "ran", "to", "the", "store", "."]
    few = bank(*[words] * 5, [*words, UNKNOWN])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        counts = check_alignment(subject(few), Options())["dev"]
    assert (counts["sentences"], counts["words"], counts["unknown"], counts["dropped"]) == (6, 43, 1, 0)
    assert counts["unknown"] < WARNED_SHARE * counts["words"]


def test_many_unknown_or_dropped_words_are_warned_of_with_examples() -> None:
    for lost, message in ((UNKNOWN, r"1 of 4 words of dev \(25\.0%\): '中文'"), ("\u200b", r"and drops 1: '\\u200b'")):
        with pytest.warns(AlignmentWarning, match=rf"the tokenizer of bert does not know .*{message}\. Vectors of"):
            check_alignment(subject(bank(["The", lost, "chef", "."])), Options())


def test_a_split_of_which_no_word_is_known_is_refused() -> None:
    nothing = bank([UNKNOWN, "\u65e5\u672c"], [UNKNOWN, "\u200b"])
    with pytest.raises(CheckpointError, match=r"the tokenizer of bert knows none of the 4 words of dev \(made-up\)"):
        check_alignment(subject(nothing), Options())
    assert check_alignment(subject(nothing, zoo.encoder("gpt2")), Options())["dev"]["unknown"] == 0  # it reads bytes


def test_a_run_records_and_reports_what_it_warned_of(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    zoo.encoder("bert").model.save_pretrained(folder)
    zoo.encoder("bert").tokenizer.save_pretrained(folder)
    words = ["The", "chef", UNKNOWN, "ran", "to", "the", "store", "."]
    train = bank(*[words] * 4)
    dev = bank(*[[*words[:-2], "."]] * 4)
    sources = Sources(model=folder, train=train, dev=dev)
    options = Options(ranks=(4,), seeds=(0,), layers=(1,), epochs=1, control=False, random_baseline=False)
    with pytest.warns(AlignmentWarning, match=r"4 of 32 words of train .*; 4 of 28 words of dev \(14\.3%\): '中文'"):
        analyse("structure", sources, tmp_path / "run", options=options, figures=False, progress=False)
    record = json.loads((tmp_path / "run" / "analysis.json").read_text())
    assert record["alignment"]["dev"]["unknown"] == 4
    assert record["alignment"]["train"]["words"] == 32
    page = render_report(make_report(read_results(tmp_path / "run")))
    assert "words unknown to the tokenizer" in page
    assert "checkpoint on made-up 14%" in page
