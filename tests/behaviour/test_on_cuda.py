"""Log-probabilities of words on a GPU, beside the CPU, with and without an edit of the states."""

import copy

import numpy as np
import pytest

from tests.behaviour.conftest import speaker
from tests.extraction import zoo
from treeprobe.behaviour import word_scores
from treeprobe.extraction import Encoder, LanguageModel, edit_states

pytestmark = pytest.mark.cuda


@pytest.mark.parametrize("name", ["bert", "modernbert", "gpt2", "llama"])
def test_scores_of_words_are_those_of_the_processor(name: str) -> None:
    here = speaker(name)
    model = copy.deepcopy(here.encoder.model)
    there = LanguageModel(Encoder.from_parts(model, here.encoder.tokenizer, name=name, device="cuda"), here.prediction)
    plain = [np.concatenate(word_scores(each, zoo.SENTENCES)) for each in (here, there)]
    np.testing.assert_allclose(plain[1], plain[0], atol=2e-3)
    edited = []
    for each in (here, there):
        with edit_states(each.encoder, lambda layer, states, places: states * 0.5, layers=1):
            edited.append(np.concatenate(word_scores(each, zoo.SENTENCES)))
    np.testing.assert_allclose(edited[1], edited[0], atol=2e-3)
    assert np.nanmax(np.abs(edited[0] - plain[0])) > 0.01
