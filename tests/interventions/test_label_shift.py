"""Words moved from the mean of their label to that of another."""

from pathlib import Path

import numpy as np
import pytest

from tests.extraction import zoo
from treeprobe.extraction import edit_states, extract
from treeprobe.interventions import InterventionError, LabelShift

WORDS = [["a", "cat", "sees", "the", "dog"], ["dogs", "run"], ["the", "old", "man", "sees", "a", "cat"]]
LABELS = [["det", "noun", "verb", "det", "noun"], ["noun", "verb"], ["det", "adj", "noun", "verb", "det", "noun"]]


def test_a_shift_exchanges_means_and_keeps_what_is_a_words_own() -> None:
    draw = np.random.default_rng(0)
    vectors = [draw.normal(size=(len(words), 6)).astype(np.float32) for words in WORDS]
    shift = LabelShift().fit(vectors, LABELS)
    flat, labels = np.concatenate(vectors), np.array([label for sentence in LABELS for label in sentence])
    means = {label: flat[labels == label].mean(axis=0) for label in set(labels)}
    asked = ["noun", "noun", "verb", "strange", "det"]
    expected = np.stack(
        [means["noun"] - means["det"], np.zeros(6), np.zeros(6), np.zeros(6), means["det"] - means["noun"]]
    )
    np.testing.assert_allclose(shift.shifts(LABELS[0], asked), expected, atol=1e-6)


def test_the_edit_moves_the_words_that_are_asked_to_look_otherwise_and_its_control_as_far() -> None:
    encoder = zoo.encoder("bert")
    states = extract(encoder, WORDS)
    shift = LabelShift(1).fit(states, LABELS)
    asked = [list(sentence) for sentence in LABELS]
    asked[2][2], asked[2][5] = "det", "verb"
    before = states.read(slice(None), [1])[0]
    changes = []
    for seed in (None, 0):
        with edit_states(encoder, shift.edit(LABELS, asked, random_directions=seed), layers=1):
            changes.append(extract(encoder, WORDS).read(slice(None), [1])[0] - before)
    moved = np.zeros(len(before), bool)
    moved[[7 + 2, 7 + 5]] = True
    np.testing.assert_allclose(changes[0][moved], shift.shifts(LABELS[2], asked[2])[[2, 5]], atol=1e-5)
    lengths = [np.linalg.norm(change, axis=1) for change in changes]
    np.testing.assert_allclose(lengths[0], lengths[1], rtol=1e-3, atol=1e-5)
    assert not np.allclose(changes[0][moved], changes[1][moved], atol=1e-2)
    for change in changes:
        assert not change[~moved].any()


def test_it_is_saved_and_refuses_what_does_not_fit(tmp_path: Path) -> None:
    encoder = zoo.encoder("bert")
    states = extract(encoder, WORDS)
    shift = LabelShift(2).fit(states, LABELS)
    shift.save_pretrained(tmp_path / "shift")
    again = LabelShift.from_pretrained(tmp_path / "shift")
    assert again.classes_ == shift.classes_
    assert np.array_equal(again.means_, shift.means_)
    with pytest.raises(InterventionError, match="have 13 words and 12 labels"):
        LabelShift(2).fit(states, [*LABELS[:2], LABELS[2][1:]])
    with (
        edit_states(encoder, shift.edit(LABELS[:2], LABELS[:2]), layers=2),
        pytest.raises(InterventionError, match="sentence 3 has no label for word 6"),
    ):
        extract(encoder, WORDS)
