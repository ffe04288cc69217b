"""Scores taken apart add up to the whole, and each part is what a plain filter gives."""

import numpy as np
import pandas as pd
import pytest

from tests.parsing.toys import random_heads, sentence
from treeprobe.parsing import (
    Sentence,
    attachment_table,
    break_down,
    edge_table,
    score_distances,
    score_frame,
    score_heads,
    split_tally,
)
from treeprobe.parsing.scores import category_scores
from treeprobe.parsing.scores.breakdown import BRIDGE

CATEGORIES = ["relation", "arc_length", "sentence_length", "head_upos", "dependent_upos", "projective"]


@pytest.fixture(scope="module")
def gold() -> list[Sentence]:
    generator = np.random.default_rng(0)
    bank = []
    for number in range(40):
        words = int(generator.integers(2, 16))
        heads = random_heads(words, number)
        relations = ["root" if head < 0 else str(generator.choice(["nsubj", "obj", "det"])) for head in heads]
        tags = generator.choice(["NN", ","], p=[0.85, 0.15], size=words).tolist()
        bank.append(sentence(heads, relations=relations, xpos=tags))
    return bank


@pytest.fixture(scope="module")
def distances(gold: list[Sentence]) -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    noise = [np.triu(generator.random((len(one), len(one))) * 2, k=1) for one in gold]
    return [one.distances + extra + extra.T for one, extra in zip(gold, noise)]


@pytest.fixture(scope="module")
def table(gold: list[Sentence], distances: list[np.ndarray]) -> pd.DataFrame:
    return edge_table(gold, distances)


@pytest.mark.parametrize("by", CATEGORIES)
def test_the_parts_of_uuas_add_up_to_uuas(gold, distances, table: pd.DataFrame, by) -> None:  # type: ignore[no-untyped-def]
    whole = score_distances(gold, distances)["uuas"]
    parts = break_down(table, by, resamples=20)
    assert parts["n"].sum() == whole.n == len(table)
    assert (parts["value"] * parts["n"]).sum() / whole.n == pytest.approx(whole.value)
    assert ((parts["low"] <= parts["value"] + 1e-9) & (parts["value"] <= parts["high"] + 1e-9)).mean() > 0.8


@pytest.mark.parametrize("by", CATEGORIES)
def test_the_parts_of_uas_add_up_to_uas(gold: list[Sentence], by) -> None:  # type: ignore[no-untyped-def]
    predicted = [random_heads(len(one), 7) for one in gold]
    table = attachment_table(gold, predicted, relations=[one.relations for one in gold])
    whole = score_heads(gold, predicted, relations=[one.relations for one in gold])
    for metric, column in (("uas", "correct"), ("las", "correct_labelled")):
        parts = break_down(table, by, metric=metric, column=column, resamples=20)
        assert parts["n"].sum() == whole[metric].n
        assert (parts["value"] * parts["n"]).sum() / whole[metric].n == pytest.approx(whole[metric].value)


def test_each_part_is_what_a_filter_gives(table: pd.DataFrame) -> None:
    scores = category_scores(table, "relation", resamples=20)
    for relation, score in scores.items():
        assert score.value == pytest.approx(table.loc[table["relation"] == relation, "correct"].mean())
    assert list(scores) == list(table["relation"].value_counts().index)
    short = category_scores(table, "arc_length", resamples=20)["4-5"]
    assert short.value == pytest.approx(table.loc[table["arc_length"].isin([4, 5]), "correct"].mean())


def test_every_edge_is_a_relation_or_bridges_punctuation(gold: list[Sentence], table: pd.DataFrame) -> None:
    for row in table.itertuples():
        one = gold[row.sentence]
        assert one.xpos[row.head] == one.xpos[row.dependent] == "NN"
        if row.relation == BRIDGE:
            assert one.heads[row.dependent] != row.head
        else:
            assert (one.heads[row.dependent], one.relations[row.dependent]) == (row.head, row.relation)
    assert (table["relation"] == BRIDGE).any()


def test_a_relation_that_is_always_missed_scores_nothing_and_the_rest_everything() -> None:
    gold = [sentence([-1, 0, 0, 2], relations=["root", "det", "obj", "det"])]
    heads = [[-1, 2, 0, 1]]
    scores = category_scores(attachment_table(gold, heads), "relation", metric="uas")
    assert {name: score.value for name, score in scores.items()} == {"det": 0, "root": 1, "obj": 1}
    row = attachment_table(gold, heads).iloc[0]
    assert (row["head"], row["head_upos"], row["arc_length"]) == (-1, "ROOT", 0)


def test_projective_arcs_are_told_from_others() -> None:
    gold = [sentence([-1, 3, 0, 0])]
    table = attachment_table(gold, [gold[0].heads])
    assert table["projective"].tolist() == [True, False, True, True]


def test_a_tally_splits_by_sentence(gold: list[Sentence], distances: list[np.ndarray]) -> None:
    tally = score_distances(gold, distances)["dspr"]
    lengths = [len(one) for one in gold]
    parts = split_tally(tally, lengths)
    means = [parts[length].value for length in sorted(set(lengths)) if length >= 5]
    assert tally.value == pytest.approx(np.mean(means))
    frame = score_frame([part.score(resamples=10) for part in parts.values()], layer=3)
    assert list(frame.columns) == ["layer", "metric", "value", "low", "high", "n", "resampled"]
    assert len(frame) == len(set(lengths))


def test_an_unknown_category_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no column 'colour' in the table; expected one of sentence"):
        break_down(table, "colour")  # type: ignore[arg-type]


def test_no_sentences_no_rows() -> None:
    assert len(edge_table([], [])) == 0
