"""One input, position by position: special tokens, pairs, and the parts that sum to what the first block reads."""

import numpy as np
import pytest
import torch

from tests.extraction import zoo
from treeprobe.extraction import Encoder, extract, read_input, read_tokens

FIRST, SECOND = ["The", "chef", "ran", "."], ["Unfortunately", "nobody", "remembered", "."]


def test_a_pair_is_read_as_the_tokenizer_and_the_model_read_it(minilm: Encoder) -> None:
    found = read_tokens(minilm, FIRST, SECOND)
    expected = minilm.tokenizer(" ".join(FIRST), " ".join(SECOND), return_tensors="pt")
    assert list(found.tokens) == minilm.tokenizer.convert_ids_to_tokens(expected["input_ids"][0].tolist())
    assert [found.tokens[0], found.tokens[5], found.tokens[-1]] == ["[CLS]", "[SEP]", "[SEP]"]
    assert found.segments.tolist() == expected["token_type_ids"][0].tolist()
    with torch.inference_mode():
        states = minilm.model(**expected, output_hidden_states=True).hidden_states
    np.testing.assert_allclose(found.vectors, np.stack([layer[0] for layer in states]), atol=1e-5)
    words = [[] for _ in (*FIRST, *SECOND)]
    for token, word in zip(found.tokens, found.words, strict=True):
        if word >= 0:
            words[word].append(token.removeprefix("##"))
    assert ["".join(pieces) for pieces in words] == [word.lower() for word in (*FIRST, *SECOND)]
    assert (found.words == -1).sum() == 3


@pytest.mark.parametrize("name", zoo.NAMES)
def test_a_single_sentence_is_what_extract_reads(name: str) -> None:
    encoder = zoo.encoder(name)
    found = read_tokens(encoder, zoo.SENTENCES[0])
    states = extract(encoder, zoo.SENTENCES[:1])
    for word in range(len(zoo.SENTENCES[0])):
        mean = found.vectors[:, found.words == word].mean(1)
        np.testing.assert_allclose(states.read([0])[:, word], mean, atol=2e-6)
    leading = zoo.LEADING.get(name, 1)
    assert [word == -1 for word in found.words[: leading + 1]] == [True] * leading + [False]


def test_the_parts_of_a_pair_sum_to_what_the_first_block_reads(minilm: Encoder) -> None:
    """Figure 2 of the paper: two segment embeddings, [CLS] and both [SEP], positions counted through both sentences."""
    parts = read_input(minilm, FIRST, SECOND)
    with torch.no_grad():
        normed = minilm.model.embeddings.LayerNorm(torch.from_numpy(parts.sum)).numpy()
    np.testing.assert_allclose(normed, parts.total, atol=1e-5)
    tables = minilm.model.embeddings
    assert parts.segment is not None
    assert parts.position is not None
    np.testing.assert_array_equal(parts.segment, tables.token_type_embeddings.weight.numpy()[parts.segments])
    np.testing.assert_array_equal(parts.position, tables.position_embeddings.weight.numpy()[: len(parts.tokens)])
    assert set(parts.segments.tolist()) == {0, 1}
    alone = read_input(minilm, FIRST)
    np.testing.assert_allclose(alone.total, parts.total[: len(alone.tokens)], atol=1e-6)


@pytest.mark.parametrize("name", ["roberta", "distilbert", "gpt2", "modernbert"])
def test_models_without_a_second_segment_read_pairs_all_the_same(name: str) -> None:
    encoder = zoo.encoder(name)
    parts = read_input(encoder, FIRST, SECOND)
    assert not parts.segments.any()
    assert len(parts.tokens) == len(parts.total)
    assert sorted(set(parts.words.tolist()) - {-1}) == list(range(8))


def test_bad_input_is_refused_with_what_was_found() -> None:
    encoder = zoo.encoder("bert")
    with pytest.raises(ValueError, match=r"has 66 subwords.* takes at most 64"):
        read_tokens(encoder, ["the"] * 64)
    with pytest.raises(ValueError, match="sentence 2 has no words"):
        read_tokens(encoder, FIRST, [])
    with pytest.raises(ValueError, match="site must be one of"):
        read_tokens(encoder, FIRST, site="nowhere")  # type: ignore[arg-type]
    assert read_tokens(encoder, ["Keys"]).tokens[0] == "[CLS]"
