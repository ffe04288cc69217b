"""Which words are punctuation: the column is chosen by the treebank's own tags, and one choice holds for all of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.parsing.japanese import PUNCTUATION, WORDS, japanese_bank
from tests.parsing.toys import sentence
from treeprobe.parsing import (
    PunctuationRule,
    Scorer,
    Sentence,
    attachment_table,
    choose_punctuation,
    edge_table,
    punctuation_mask,
    punctuation_masks,
    read_conllu,
    score_heads,
)


def test_the_rules() -> None:
    tags = ["''", ",", ".", ":", "``", "-LRB-", "-RRB-", "HYPH", "NN"]
    one = sentence([-1, *[0] * 8], xpos=tags)
    assert punctuation_mask(one, "xpos").tolist() == [True] * 7 + [False] * 2
    assert punctuation_mask(one).tolist() == punctuation_mask(one, "xpos").tolist()
    assert not punctuation_mask(one, "upos").any()
    assert not punctuation_mask(one, "none").any()
    for refuses in (punctuation_mask, lambda one, rule: choose_punctuation([one], rule)):
        with pytest.raises(ValueError, match="no punctuation rule 'all'; expected 'auto', 'xpos', 'upos' or 'none'"):
            refuses(one, "all")


@pytest.mark.parametrize("rule", ["xpos", "upos", "none"])
def test_a_rule_that_is_asked_for_is_kept(rule: PunctuationRule) -> None:
    assert choose_punctuation(japanese_bank(2), rule).rule == rule


def test_in_japanese_upos_is_chosen_and_the_count_is_right() -> None:
    bank = japanese_bank(5)
    choice = choose_punctuation(bank)
    assert choice.rule == "upos"
    assert choice.reason == f"0 of {5 * sum(WORDS)} words have a Penn Treebank tag in XPOS"
    assert sum(mask.sum() for mask in punctuation_masks(bank)) == 5 * sum(PUNCTUATION)
    assert not any(mask.any() for mask in punctuation_masks(bank, "xpos"))


def test_every_score_of_a_japanese_treebank_leaves_its_punctuation_out() -> None:
    bank = japanese_bank(5)
    words = 5 * (sum(WORDS) - sum(PUNCTUATION))
    scorer = Scorer(bank)
    assert scorer.punctuation == "upos"
    assert scorer.distances(bank.distances)["uuas"].n == words - len(bank)
    assert len(edge_table(bank, bank.distances)) == words - len(bank)
    heads = [one.heads for one in bank]
    assert score_heads(bank, heads)["uas"].n == words
    assert len(attachment_table(bank, heads)) == words
    assert Scorer(bank, punctuation="xpos").distances(bank.distances)["uuas"].n == 5 * sum(WORDS) - len(bank)


@pytest.mark.ewt
@pytest.mark.parametrize(("split", "marked"), [("dev", 2956), ("test", 2935)])
def test_in_english_ewt_xpos_is_chosen(ewt: Path, split: str, marked: int) -> None:
    bank = read_conllu(ewt / f"en_ewt-{split}.conllu")
    assert choose_punctuation(bank).rule == "xpos"
    assert sum(mask.sum() for mask in punctuation_masks(bank)) == marked
    # The tag set shows in any part of it: a first look at few sentences takes no other rule.
    assert {choose_punctuation(bank[start : start + 5]).rule for start in range(0, len(bank), 5)} == {"xpos"}


def tagged(xpos: list[str], upos: list[str]) -> Sentence:
    return replace(sentence([-1, *[0] * (len(xpos) - 1)], xpos=xpos), upos=tuple(upos))


@pytest.mark.parametrize(
    ("xpos", "rule"),
    [
        (["NN", "VBZ", "RB", "."], "xpos"),
        (["NN", "VBZ", "RB", "HYPH"], "xpos"),
        # German STTS, XPOS left empty, and tags that are the marks themselves among tags of another set.
        (["NN", "VVFIN", "ADV", "$."], "upos"),
        (["_", "_", "_", "_"], "upos"),
        (["S", "V", "B", "."], "upos"),
    ],
)
def test_the_tag_set_decides(xpos: list[str], rule: str) -> None:
    one = tagged(xpos, ["NOUN", "VERB", "ADV", "PUNCT"])
    assert choose_punctuation([one]).rule == rule
    assert punctuation_mask(one).tolist() == punctuation_mask(one, rule).tolist()  # type: ignore[arg-type]


def test_slips_do_not_change_the_choice_and_another_set_does() -> None:
    penn = tagged(["NN"] * 24 + ["."], ["NOUN"] * 24 + ["PUNCT"])
    slip = tagged(["Nn", *["NN"] * 23, "."], ["NOUN"] * 24 + ["PUNCT"])
    other = tagged(["S"] * 24 + ["FS"], ["NOUN"] * 24 + ["PUNCT"])
    assert choose_punctuation([penn, slip]).rule == "xpos"
    assert choose_punctuation([penn, other]).rule == "upos"
    # One choice for both sentences, also where one alone would have made another.
    assert punctuation_masks([penn, other])[0].tolist() == punctuation_mask(penn, "upos").tolist()


def test_without_words_upos_is_chosen() -> None:
    assert choose_punctuation([]).rule == "upos"
