"""The split of the first block's scores is exact where it is defined, and refused where it is not."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.convolution.known_attention import random_words
from treeprobe.convolution import LogitSplitError, split_logits
from treeprobe.convolution.logits import FirstBlock

TEXT = random_words(10, seed=4)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_parts_add_up_to_the_scores_that_the_model_attends_by(models, family):
    encoder = models[family]
    block = FirstBlock.of(encoder)
    encoder.model.set_attn_implementation("eager")
    for sentence in TEXT[:4]:
        ids = torch.tensor(encoder.tokenizer(" ".join(sentence))["input_ids"])
        attention = encoder.run(ids[None], torch.ones_like(ids)[None], output_attentions=True).attentions[0][0]
        torch.testing.assert_close(block.parts(ids).sum(0).softmax(-1), attention, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(split_logits(encoder, TEXT).shares.sum(1), 1.0)


def test_words_that_are_all_alike_leave_nothing_to_content(bert):
    block = FirstBlock.of(bert)
    words = torch.nn.Embedding.from_pretrained(torch.zeros_like(block.words.weight))
    parts = dataclasses.replace(block, words=words).parts(torch.tensor([1, 7, 9, 2]))
    assert parts[0].abs().max() == parts[1].abs().max() == 0
    assert parts[2].abs().max() > 0.01


def test_positions_that_are_all_alike_leave_only_content_to_choose_between_keys(bert):
    block = FirstBlock.of(bert)
    own = block.parts(torch.tensor([7, 7, 7]))
    assert (own - own[..., :1]).abs().max() > 0.01, "different positions are told apart"
    positions = torch.nn.Embedding.from_pretrained(block.positions.weight[:1].repeat(40, 1))
    same_word = dataclasses.replace(block, positions=positions).parts(torch.tensor([7, 7, 7]))
    torch.testing.assert_close(same_word, same_word[..., :1].expand_as(same_word))


def test_rotary_models_are_told_what_is_supported(models):
    with pytest.raises(LogitSplitError, match=r"bert, roberta.*in modernbert positions enter by rotation"):
        split_logits(models["modernbert"], TEXT)


def test_the_table_has_a_row_for_each_head_and_part(bert):
    frame = split_logits(bert, TEXT).frame
    assert len(frame) == 9
    assert frame.groupby("head").share.sum().tolist() == pytest.approx([1, 1, 1])
