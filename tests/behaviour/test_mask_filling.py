"""Masks are filled as transformers fills them; left-to-right models go on from what stands before."""

from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, pipeline

from treeprobe.behaviour import MaskError, fill_mask
from treeprobe.extraction import Encoder, LanguageModel, language_model
from treeprobe.training import PretrainingOptions
from treeprobe.training.models import new_model, save_checkpoint
from treeprobe.training.tokenizer import word_tokenizer

WORDS = ("the", "cat", "dog", "man", "sees", "runs", "here")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return word_tokenizer(WORDS, max_subwords=12)


def model_in(folder: Path, tokenizer: PreTrainedTokenizerFast, *, left_to_right: bool) -> LanguageModel:
    options = PretrainingOptions(
        layers=1, dim=16, heads=2, max_subwords=12, next_sentence=False, left_to_right=left_to_right
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_checkpoint(new_model(tokenizer, options), tokenizer, folder)
    return language_model(folder, Encoder.from_pretrained(folder))


def test_masks_are_filled_as_transformers_fills_them(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    table = fill_mask(model_in(tmp_path, tokenizer, left_to_right=False), "The [MASK] sees the [MASK]", top=4)
    assert table["mask"].tolist() == [1] * 4 + [2] * 4
    assert table["rank"].tolist() == [1, 2, 3, 4] * 2
    filler = pipeline("fill-mask", model=str(tmp_path), tokenizer=str(tmp_path))
    expected = [one for each in filler("The [MASK] sees the [MASK]", top_k=4) for one in each]
    assert table["subword"].tolist() == [tokenizer.convert_ids_to_tokens(one["token"]) for one in expected]
    assert table["probability"].tolist() == pytest.approx([one["score"] for one in expected], rel=1e-4)


def test_a_left_to_right_model_goes_on_from_what_stands_before(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    model = model_in(tmp_path, tokenizer, left_to_right=True)
    table = fill_mask(model, "the cat [MASK] here", top=3)
    assert table.equals(fill_mask(model, "the cat [MASK] the dog runs", top=3))
    assert not table.equals(fill_mask(model, "the dog [MASK] here", top=3))
    ids = torch.tensor([[tokenizer.cls_token_id, *tokenizer.convert_tokens_to_ids(["the", "cat"])]])
    with torch.inference_mode():
        logits = model.encoder.model(ids, use_cache=False).logits[0, -1].softmax(-1)
    assert table["probability"].tolist() == pytest.approx(logits.topk(3).values.tolist(), rel=1e-5)
    assert len(fill_mask(model, "[MASK] cat", top=3)) == 3, "the sentence's first word, after [CLS]"


@pytest.mark.parametrize(
    ("text", "left_to_right", "message"),
    [
        ("the cat", False, r"0 \[MASK\] in 'the cat'; expected at least one"),
        ("the [MASK] [MASK]", True, r"2 \[MASK\] in .*; expected one, since this model predicts the next subword"),
        ("the [MASK]" + " cat" * 20, False, "24 subwords in .*; expected at most 12"),
    ],
)
def test_masks_that_cannot_be_filled_are_named(
    text: str, left_to_right: bool, message: str, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    with pytest.raises(MaskError, match=message):
        fill_mask(model_in(tmp_path, tokenizer, left_to_right=left_to_right), text)


def test_a_model_without_a_first_token_needs_words_before_the_mask(tokenizer: PreTrainedTokenizerFast) -> None:
    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, pad_token="[PAD]", eos_token="[SEP]")
    bare.backend_tokenizer.post_processor = None
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=12))
    speaker = LanguageModel(Encoder.from_parts(model, bare, name="small"), "next")
    with pytest.raises(MaskError, match="nothing before the mask"):
        fill_mask(speaker, "[MASK] cat")
    assert len(fill_mask(speaker, "the [MASK]", top=100)) == len(tokenizer)
