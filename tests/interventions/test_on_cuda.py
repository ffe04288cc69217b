"""Interventions on a GPU change states as they do on the CPU."""

import copy

import numpy as np
import pytest

from tests.extraction import zoo
from tests.interventions import planted
from treeprobe.extraction import Encoder, edit_states, extract
from treeprobe.interventions import Counterfactual, Eraser, LabelShift, Swap, word_labels
from treeprobe.parsing.stimuli import generate
from treeprobe.probes import DistanceProbe

pytestmark = pytest.mark.cuda

LAYER = 2
BANK = [sentence for sentence in generate(60, seed=0) if len(sentence) < 12]
WORDS = [sentence.words for sentence in BANK]


def edits():
    """An edit of every kind, fitted on the CPU's states."""
    states, tags = extract(zoo.encoder("bert"), WORDS), word_labels(BANK, "upos")
    draw = np.random.default_rng(0)
    asked = [planted.random_heads(len(one), draw) for one in WORDS]
    probe = DistanceProbe(LAYER, rank=16)
    probe.matrix_, probe.best_epoch_, probe.history_, probe.identity_ = np.eye(16, dtype=np.float32), 0, [], {}
    counterfactual = Counterfactual(LAYER, max_steps=20).fit([probe])
    return {
        "eraser": Eraser(LAYER).fit(states, tags).edit(),
        "label shift": LabelShift(LAYER).fit(states, tags).edit(tags, [["NOUN"] * len(one) for one in WORDS]),
        "swap": Swap(LAYER, seed=0).fit(states).edit(states),
        "counterfactual": counterfactual.edit(asked),
        "its control": counterfactual.edit(asked, random_directions=1),
    }


@pytest.mark.parametrize("name", ["eraser", "label shift", "swap", "counterfactual", "its control"])
def test_an_edit_changes_states_as_on_the_processor(name: str) -> None:
    here = zoo.encoder("bert")
    there = Encoder.from_parts(copy.deepcopy(here.model), here.tokenizer, name="bert", device="cuda")
    edit, found = edits()[name], []
    before = extract(here, WORDS).read(slice(None), [LAYER, LAYER + 1])
    for encoder in (here, there):
        with edit_states(encoder, edit, layers=LAYER):
            found.append(extract(encoder, WORDS).read(slice(None), [LAYER, LAYER + 1]))
    np.testing.assert_allclose(found[1], found[0], atol=5e-3)
    assert np.abs(found[0] - before).max() > 0.05
