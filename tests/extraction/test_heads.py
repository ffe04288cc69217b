"""Edits of some heads leave the others alone, and tables count heads from one."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from tests.extraction.zoo import SENTENCES, SHAPE
from treeprobe.extraction import Encoder, embedded_checkpoint, stream_attention
from treeprobe.extraction.heads import edit_heads, head_table


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    tokenizer = Encoder.from_pretrained(embedded_checkpoint()).tokenizer
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(tokenizer), **SHAPE, initializer_range=0.5)
    return Encoder.from_parts(BertModel(config), tokenizer, name="small")


def attention_of(encoder: Encoder) -> torch.Tensor:
    return next(iter(stream_attention(encoder, SENTENCES[:1], level="subwords"))).attention[:, 0]


def to_first(_block: int, heads: list[int], mask: torch.Tensor, sentences: int) -> torch.Tensor:
    """All attention to the first position."""
    attention = torch.zeros(sentences, len(heads), *mask.shape[-2:])
    attention[..., 0] = 1.0
    return attention


def test_chosen_heads_attend_as_told_and_others_of_their_block_as_before(encoder: Encoder) -> None:
    before = attention_of(encoder)
    with edit_heads(encoder, to_first, heads=[(1, 0), (2, 1)]):
        during = attention_of(encoder)
    torch.testing.assert_close(during[0], before[0])
    torch.testing.assert_close(during[1, 1], before[1, 1])
    for block, head in [(1, 0), (2, 1)]:
        assert (during[block, head, :, 0] == 1).all()
        assert (before[block, head, :, 0] < 1).all()
    assert (during[2, 0] - before[2, 0]).abs().max() > 1e-4, "block 3 reads what block 2 wrote"
    torch.testing.assert_close(attention_of(encoder), before)


def test_all_heads_are_edited_where_none_are_named(encoder: Encoder) -> None:
    with edit_heads(encoder, to_first):
        assert (attention_of(encoder)[..., 0] == 1).all()


@pytest.mark.parametrize("head", [(3, 0), (0, 2), (-1, 0)])
def test_heads_that_the_model_lacks_are_refused(encoder: Encoder, head: tuple[int, int]) -> None:
    with (
        pytest.raises(ValueError, match=rf"no head {head[0] + 1}-{head[1] + 1}; small has 3 blocks of 2 heads"),
        edit_heads(encoder, to_first, heads=[head]),
    ):
        pass


def test_tables_have_a_row_for_each_head_layer_by_layer() -> None:
    table = head_table({"value": np.arange(6).reshape(2, 3), "kind": np.array([list("abc"), list("def")])})
    assert table.to_dict("list") == {
        "layer": [1, 1, 1, 2, 2, 2],
        "head": [1, 2, 3, 1, 2, 3],
        "value": [0, 1, 2, 3, 4, 5],
        "kind": ["a", "b", "c", "d", "e", "f"],
    }
