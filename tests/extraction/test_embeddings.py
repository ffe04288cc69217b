"""Parts of the input representation sum, through the LayerNorm, to layer 0."""

import numpy as np
import pytest
import torch

from tests.extraction import zoo
from treeprobe.extraction import Encoder, Reading, extract, read_embeddings


def test_parts_of_a_one_subword_word_sum_to_layer_0(minilm: Encoder) -> None:
    words = [["the", "cat", "sat", "on", "a", "mat"]]
    parts = read_embeddings(minilm, words)
    assert parts.position is not None
    assert parts.segment is not None
    total = sum(part.sentence(0, 0) for part in (parts.token, parts.position, parts.segment))
    with torch.no_grad():
        normed = minilm.model.embeddings.LayerNorm(torch.from_numpy(total)).numpy()
    np.testing.assert_allclose(normed, parts.total.sentence(0, 0), atol=1e-5)
    np.testing.assert_array_equal(parts.total.sentence(0, 0), extract(minilm, words).sentence(0, 0))
    table = minilm.model.get_input_embeddings().weight.numpy()
    cat = minilm.tokenizer.convert_tokens_to_ids("cat")
    np.testing.assert_array_equal(parts.token.sentence(0, 0)[1], table[cat])


def test_segment_1_changes_the_segment_part_alone(minilm: Encoder) -> None:
    words = [["the", "cat", "sat"]]
    zero, one = read_embeddings(minilm, words), read_embeddings(minilm, words, reading=Reading(segment=1))
    assert zero.segment is not None
    assert one.segment is not None
    table = minilm.model.embeddings.token_type_embeddings.weight.numpy()
    np.testing.assert_array_equal(zero.segment.sentence(0, 0), np.tile(table[0], (3, 1)))
    np.testing.assert_array_equal(one.segment.sentence(0, 0), np.tile(table[1], (3, 1)))
    np.testing.assert_array_equal(zero.token.sentence(0, 0), one.token.sentence(0, 0))
    assert not np.allclose(zero.total.sentence(0, 0), one.total.sentence(0, 0))


@pytest.mark.parametrize("name", zoo.NAMES)
def test_each_family_has_the_parts_that_it_has(name: str) -> None:
    encoder = zoo.encoder(name)
    parts = read_embeddings(encoder, zoo.SENTENCES)
    without_positions = ("deberta-v2", "xlnet", "modernbert", "llama", "t5")
    assert (parts.position is None) == (name in without_positions)
    assert (parts.segment is None) == (name not in ("bert", "roberta", "electra", "albert"))
    if name not in ("electra", "albert"):  # theirs are projected to the width of the blocks afterwards
        hidden = extract(encoder, zoo.SENTENCES, reading=Reading(layers=[0]))
        np.testing.assert_array_equal(parts.total.read(slice(None)), hidden.read(slice(None)))


def test_roberta_numbers_positions_after_its_padding_index() -> None:
    encoder = zoo.encoder("roberta")
    parts = read_embeddings(encoder, [["Keys"]], reading=Reading(pooling="first"))
    assert parts.position is not None
    table = encoder.model.embeddings.position_embeddings.weight.numpy()
    np.testing.assert_array_equal(parts.position.sentence(0, 0)[0], table[encoder.model.config.pad_token_id + 2])
