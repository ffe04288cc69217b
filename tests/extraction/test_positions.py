"""Other tables of positions in a running model: what they change, that they leave nothing behind, what is refused."""

import numpy as np
import pytest
import torch

from tests.extraction import zoo
from treeprobe.extraction import (
    PositionError,
    Reading,
    edit_positions,
    extract,
    position_embeddings,
    positions_used,
    read_input,
)

WITH_TABLE = ("bert", "roberta", "distilbert", "electra", "gpt2", "albert")
WORDS = zoo.SENTENCES[0]


def states_of(encoder) -> np.ndarray:
    return extract(encoder, zoo.SENTENCES).read(range(len(zoo.SENTENCES)))


@pytest.mark.parametrize("name", WITH_TABLE)
def test_another_table_is_what_the_model_adds_and_its_own_is_back_bit_by_bit(name: str) -> None:
    encoder = zoo.encoder(name)
    own, before = position_embeddings(encoder), states_of(encoder)
    weights = {key: value.clone() for key, value in encoder.model.state_dict().items()}
    with edit_positions(encoder, own):
        np.testing.assert_array_equal(states_of(encoder), before)
    with edit_positions(encoder, own[::-1]):
        found = read_input(encoder, WORDS).position
        assert found is not None
        np.testing.assert_allclose(found, own[::-1][: len(found)], rtol=1e-6)
        assert np.abs(states_of(encoder) - before).max() > 1e-2
        with edit_positions(encoder, own):
            np.testing.assert_array_equal(states_of(encoder), before)
        np.testing.assert_allclose(position_embeddings(encoder), own[::-1], rtol=1e-6)
    assert all(torch.equal(value, weights[key]) for key, value in encoder.model.state_dict().items())
    np.testing.assert_array_equal(states_of(encoder), before)


def test_without_differences_between_positions_a_bag_of_words_is_left() -> None:
    """The same words in another order have the same states, each its own, at every layer."""
    encoder = zoo.encoder("bert")
    own = position_embeddings(encoder)
    mirrored = WORDS[::-1]
    with edit_positions(encoder, np.tile(own.mean(0), (len(own), 1))):
        one, other = (extract(encoder, [each]).read([0]) for each in (WORDS, mirrored))
    np.testing.assert_allclose(one, other[:, ::-1], atol=1e-5)
    one, other = (extract(encoder, [each]).read([0]) for each in (WORDS, mirrored))
    assert np.abs(one - other[:, ::-1]).max() > 1e-2


def test_an_error_within_leaves_the_model_as_it_was() -> None:
    encoder = zoo.encoder("bert")
    own = position_embeddings(encoder)
    with pytest.raises(RuntimeError, match="on the way"), edit_positions(encoder, 0 * own):
        raise RuntimeError("on the way")
    np.testing.assert_array_equal(position_embeddings(encoder), own)
    assert encoder.under_way.edits == 0


@pytest.mark.parametrize("name", [name for name in zoo.NAMES if name not in WITH_TABLE])
def test_models_without_a_table_are_refused(name: str) -> None:
    encoder = zoo.encoder(name)
    with (
        pytest.raises(PositionError, match=r"has no table of learned position embeddings; .*rotation or bias"),
        edit_positions(encoder, np.zeros((64, 16))),
    ):
        pass


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros((63, 16)), r"shape \(63, 16\); bert has \(positions, dim\) = \(64, 16\)"),
        (np.zeros(16), r"shape \(16,\)"),
        (np.where(np.arange(64)[:, None] == 5, np.nan, np.zeros((64, 16))), "NaN or infinity in row 5"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_what_was_found(table, message: str) -> None:
    encoder = zoo.encoder("bert")
    with pytest.raises(PositionError, match=message), edit_positions(encoder, table):
        pass


def test_edited_states_are_not_kept_in_a_cache(tmp_path) -> None:
    encoder = zoo.encoder("bert")
    with edit_positions(encoder, position_embeddings(encoder)), pytest.raises(ValueError, match="is being edited"):
        extract(encoder, zoo.SENTENCES, cache=tmp_path, reading=Reading())


def test_positions_in_use_are_those_of_the_longest_sentence() -> None:
    encoder = zoo.encoder("bert")
    longest = max(len(encoder.tokenizer.tokenize(" ".join(words))) for words in zoo.SENTENCES)
    assert positions_used(encoder, zoo.SENTENCES) == longest + 2
    assert positions_used(encoder, [["the"] * 500]) == 64
