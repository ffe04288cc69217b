"""The steps of the analysis of causes: adjusted p-values, the rule of the verdict, what counterfactuals ask."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.extraction import zoo
from treeprobe.behaviour import grammar_pairs
from treeprobe.extraction import edit_states, extract
from treeprobe.interventions import Eraser, word_labels
from treeprobe.parsing.stimuli import agreement_pairs
from treeprobe.parsing.trees.heads import check_heads
from treeprobe.pipeline.effects.asked import OtherTrees, asked_of_sentences, rivals, wrong_attachment
from treeprobe.pipeline.effects.comparison import COLUMNS
from treeprobe.pipeline.effects.conditions import conditions_of
from treeprobe.pipeline.effects.edited_words import edited_words
from treeprobe.pipeline.effects.properties import Properties
from treeprobe.pipeline.effects.significance import holm
from treeprobe.pipeline.effects.verdict import used_at, verdict_on
from treeprobe.probes import DistanceProbe


def test_holm_multiplies_by_how_many_are_left_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, np.nan, 0.4]) == pytest.approx([0.8, np.nan, 0.8], nan_ok=True)
    assert holm([]).shape == (0,)


def test_holm_keeps_the_chance_of_any_error_below_its_level() -> None:
    draws = np.random.default_rng(0).uniform(size=(4000, 12))
    adjusted = np.array([holm(row) for row in draws])
    assert (adjusted.min(axis=1) < 0.05).mean() == pytest.approx(0.05, abs=0.012)
    assert (draws.min(axis=1) < 0.05).mean() > 0.4


def effects(*comparisons: tuple[int, str, str, float, float, float]) -> pd.DataFrame:
    """A table of accuracy: layer, intervention, control, less the control's, p_holm, less the least draw's."""
    rows: list[dict[str, object]] = []
    for layer, intervention, control, difference, p, least in comparisons:
        own = {"layer": layer, "intervention": intervention, "measure": "accuracy", "value": 0.7}
        if not any(row["layer"] == layer and row["intervention"] == intervention for row in rows):
            rows.append(own | {"control": ""})
        rows.append(own | {"control": control, "difference": difference, "p_holm": p, "least": 0.7 - least})
    return pd.DataFrame(rows, columns=COLUMNS)


HARM, NONE = (-0.2, 0.001, -0.15), (0.01, 0.9, -0.2)


@pytest.mark.parametrize(
    ("rank", "variance", "verdict"),
    [
        (HARM, HARM, "used"),
        (HARM, NONE, "present, no evidence of use"),
        (NONE, HARM, "present, no evidence of use"),
        (HARM, (-0.2, 0.06, -0.15), "present, no evidence of use"),  # by chance
        (HARM, (-0.2, 0.001, 0.05), "present, no evidence of use"),  # one draw is as bad
        (HARM, (0.2, 0.001, -0.15), "present, no evidence of use"),  # the control is worse
    ],
)
def test_use_must_be_shown_against_every_control(
    rank: tuple[float, float, float], variance: tuple[float, float, float], verdict: str
) -> None:
    table = effects((3, "probe", "rank", *rank), (3, "probe", "variance", *variance))
    assert verdict_on(table, ["probe"], [3]) == verdict


def test_use_must_be_shown_where_something_is_found_and_by_an_intervention_on_it() -> None:
    table = effects((3, "probe", "rank", *HARM), (3, "relation", "rank", *NONE))
    assert verdict_on(table, ["probe"], [2]) == "present, no evidence of use"
    assert verdict_on(table, ["relation"], [3]) == "present, no evidence of use"
    assert verdict_on(table, ["probe"], []) == "absent"
    assert verdict_on(table[table["measure"] == "loss"], ["probe"], [3]) is None


def test_the_control_that_comes_nearest_is_told_and_the_largest_effect_first() -> None:
    table = effects(
        (1, "probe", "rank", -0.3, 0.001, -0.1), (1, "probe", "variance", -0.1, 0.001, -0.1),
        (2, "probe", "rank", -0.2, 0.001, -0.1), (2, "probe", "variance", -0.25, 0.001, -0.1),
    )  # fmt: skip
    found = used_at(table, ["probe"], [1, 2])
    assert found[["layer", "control", "difference"]].to_numpy().tolist() == [[2, "rank", -0.2], [1, "variance", -0.1]]


def test_the_wrong_attachment_gives_the_attractor_the_place_of_the_subject() -> None:
    checked = 0
    for pair in grammar_pairs(200, seed=2):
        tree, places = wrong_attachment(pair), rivals(pair)
        assert (tree is None) == (pair.attractors == 0) == (places is None)
        if tree is None or places is None:
            continue
        check_heads(tree)
        subject, other = places
        assert pair.sentence is not None
        assert tree[other] in (pair.sentence.heads[subject], subject if pair.sentence.heads[subject] == other else None)
        checked += 1
    assert checked > 100


def test_another_tree_is_a_tree_of_the_same_length_and_not_the_same() -> None:
    sentences = [pair.sentence for pair in agreement_pairs(60, seed=1)]
    others = OtherTrees(sentences)

    def drawn(number: int, gold: Sequence[int], words: int) -> tuple[int, ...]:
        return others.other_than(tuple(gold), words, number=number)

    for number, sentence in enumerate(sentences):
        tree = drawn(number, sentence.heads, len(sentence))
        check_heads(tree)
        assert len(tree) == len(sentence)
        assert tree != sentence.heads
        assert tree == drawn(number, sentence.heads, len(sentence))
    assert others.other_than(None, 40, number=0) == tuple(range(-1, 39))
    assert others.other_than((-1, 0), 2, number=0) == (1, -1)


def test_vectors_are_edited_as_the_running_model_is() -> None:
    """An eraser, a counterfactual and a shift, on words of several subwords."""
    encoder = zoo.encoder("bert")
    bank = [pair.sentence for pair in agreement_pairs(12, seed=3)]
    words = [sentence.words for sentence in bank]
    states = extract(encoder, words)
    probe = DistanceProbe(1, rank=4, epochs=2).fit(states, [sentence.distances for sentence in bank])
    asked = asked_of_sentences(bank, OtherTrees(bank))
    for name in ("upos", "probe", "counterfactual", "roles"):
        for condition in conditions_of(name, probe, states, bank, seeds=(0,)):
            with edit_states(encoder, condition.edit(asked), layers=1):
                running = extract(encoder, words).read(slice(None), [1])[0]
            found = np.concatenate(edited_words(states, 1, condition.edit(asked)))
            np.testing.assert_allclose(found, running, atol=2e-3, err_msg=f"{name} {condition.control}")


def test_nothing_of_an_erased_label_is_left_to_the_classifiers_that_are_asked() -> None:
    """On the words that LEACE was fitted on they know no more than how frequent relations are, and others they tell."""
    bank = [pair.sentence for pair in agreement_pairs(60, seed=4)]
    draw = np.random.default_rng(0)
    relations, words = word_labels(bank, "relation"), word_labels(bank, "word")
    means = {label: draw.normal(size=40) for sentence in [*relations, *words] for label in sentence}
    vectors = [
        np.array([means[relation] + means[word] for relation, word in zip(*both)], np.float32)
        for both in zip(relations, words)
    ]
    eraser = Eraser().fit(vectors, relations)
    properties = Properties.of(bank, bank)
    before = properties.accuracies(vectors, vectors)
    erased = [eraser.apply(each) for each in vectors]
    after = properties.accuracies(erased, erased)
    assert before["relation"].value > 0.6
    assert after["relation"].value == pytest.approx(properties.most_frequent("relation").value)
    assert set(before) == {"relation", "upos", "word", "position"}
    assert before["word"].value > 0.3


def test_a_class_that_was_not_seen_counts_and_words_of_no_class_do_not() -> None:
    bank = [pair.sentence for pair in agreement_pairs(8, seed=4)]
    strange = [replace(bank[0], relations=("strange",) * len(bank[0]), words=("xylophone",) * len(bank[0]))]
    vectors = [np.random.default_rng(number).normal(size=(len(one), 5)).astype("f4") for number, one in enumerate(bank)]
    found = Properties.of(bank, strange).accuracies(vectors, vectors[:1])
    assert (found["relation"].value, found["relation"].n) == (0.0, len(bank[0]))
    assert found["word"].n == 0
    assert found["position"].n == min(len(bank[0]), 10)
