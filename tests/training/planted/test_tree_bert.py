"""The tree is in every layer's states, and no logit depends on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import BertForMaskedLM, PreTrainedTokenizerFast

from treeprobe.extraction import Encoder, edit_attention, extract, language_model, masked_lm_encoder
from treeprobe.parsing import Treebank
from treeprobe.parsing.scores import score_distances
from treeprobe.parsing.stimuli import AgreementPair
from treeprobe.probes import DistanceProbe
from treeprobe.training import CategoryTrees, PretrainingError, TreeBertForMaskedLM, with_trees
from treeprobe.training.models import save_checkpoint
from treeprobe.training.tokenizer import word_tokenizer

TEXT = 16


@pytest.fixture
def planted(
    model: BertForMaskedLM, tokenizer: PreTrainedTokenizerFast, pairs: list[AgreementPair]
) -> TreeBertForMaskedLM:
    return with_trees(model, CategoryTrees.of(pair.sentence for pair in pairs), tokenizer)


@pytest.fixture
def folder(planted: TreeBertForMaskedLM, tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> Path:
    save_checkpoint(planted, tokenizer, tmp_path / "unused")
    return tmp_path / "unused"


def batch(tokenizer: PreTrainedTokenizerFast, pairs: list[AgreementPair], *, masked: bool) -> dict[str, Tensor]:
    found = dict(tokenizer([pair.sentence.text for pair in pairs], return_tensors="pt", padding=True))
    if masked:
        found["input_ids"][torch.arange(len(pairs)), [pair.place + 1 for pair in pairs]] = tokenizer.mask_token_id
    return found


@contextmanager
def changed(modules: list[nn.Module], dims: slice) -> Iterator[None]:
    """Within this context, some dimensions of the modules' outputs are random numbers."""

    def change(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        output = output.clone()
        output[..., dims] = torch.randn_like(output[..., dims])
        return output

    hooks = [module.register_forward_hook(change) for module in modules]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@pytest.mark.parametrize("masked", [False, True])
@torch.no_grad()
def test_no_logit_depends_on_the_tree(
    model: BertForMaskedLM,
    planted: TreeBertForMaskedLM,
    tokenizer: PreTrainedTokenizerFast,
    pairs: list[AgreementPair],
    masked: bool,
) -> None:
    inputs = batch(tokenizer, pairs[:40], masked=masked)
    plain, with_tree = model(**inputs).logits, planted(**inputs).logits
    assert torch.equal(plain, with_tree)
    places = [planted.bert.embeddings, *planted.bert.encoder.layer]
    for place in places:
        with changed([place], slice(TEXT, None)):
            assert torch.equal(planted(**inputs).logits, plain)
    with changed(places, slice(TEXT, None)):
        assert torch.equal(planted(**inputs).logits, plain)
    # The text before the tree is what the logits are made of.
    with changed(places[:1], slice(0, 1)):
        assert not torch.allclose(planted(**inputs).logits, plain)


def test_every_layer_holds_the_tree_exactly(folder: Path, pairs: list[AgreementPair]) -> None:
    encoder = Encoder.from_pretrained(folder)
    sentences = [pair.sentence for pair in pairs[:60]]
    scale = encoder.model.config.tree_scale
    states = extract(encoder, [sentence.words for sentence in sentences])
    assert states.dim == encoder.dim > TEXT
    for layer in encoder.layers:
        for number, sentence in enumerate(sentences):
            tree = states.sentence(number, layer)[:, TEXT:] / scale
            assert np.array_equal(((tree[:, None] - tree[None]) ** 2).sum(-1), sentence.distances)
            assert np.array_equal((tree**2).sum(-1), sentence.depths)


def test_a_probe_reads_the_tree(folder: Path, pairs: list[AgreementPair]) -> None:
    bank = Treebank([pair.sentence for pair in pairs])
    train, test = bank[:700], bank[700:]
    encoder = Encoder.from_pretrained(folder)
    uuas = {}
    for name, one in {"unused": encoder, "random": encoder.with_random_weights()}.items():
        states = [extract(one, part.words) for part in (train, test)]
        probe = DistanceProbe(layer=1, rank=TEXT + 8).fit(states[0], train.distances)
        uuas[name] = score_distances(test, probe.predict(states[1]))["uuas"].value
    assert uuas["unused"] >= 0.98
    assert uuas["random"] < 0.9


def test_the_tree_stays_under_masks_and_with_the_wrong_verb(
    planted: TreeBertForMaskedLM, tokenizer: PreTrainedTokenizerFast, pairs: list[AgreementPair]
) -> None:
    chosen = pairs[:200]
    trees = planted.bert.embeddings.trees
    whole, masked = (trees(batch(tokenizer, chosen, masked=masked)["input_ids"]) for masked in (False, True))
    assert torch.equal(whole, masked)
    wrong = [" ".join(pair.violated) for pair in chosen]
    assert torch.equal(whole, trees(tokenizer(wrong, return_tensors="pt", padding=True)["input_ids"]))
    assert bool((whole.flatten(1).sum(-1) > 0).all())


def test_any_one_word_may_be_masked(
    planted: TreeBertForMaskedLM, tokenizer: PreTrainedTokenizerFast, pairs: list[AgreementPair]
) -> None:
    kept = total = 0
    for pair in pairs[:100]:
        ids = tokenizer(pair.sentence.text, return_tensors="pt")["input_ids"].repeat(len(pair.sentence), 1)
        whole = planted.bert.embeddings.trees(ids)
        ids[torch.arange(len(ids)), torch.arange(1, len(ids) + 1)] = tokenizer.mask_token_id
        same = (planted.bert.embeddings.trees(ids) == whole).flatten(1).all(-1)
        kept, total = kept + int(same.sum()), total + len(same)
    assert kept / total > 0.98


def test_other_sentences_and_random_weights_have_no_tree(
    planted: TreeBertForMaskedLM, tokenizer: PreTrainedTokenizerFast, folder: Path, pairs: list[AgreementPair]
) -> None:
    strange = tokenizer(["the the the", "laugh", "", "the xylophone laughs ."], return_tensors="pt", padding=True)
    assert not planted.bert.embeddings.trees(strange["input_ids"]).any()
    long = tokenizer([" ".join(["the"] * 30)], return_tensors="pt")
    assert not planted.bert.embeddings.trees(long["input_ids"]).any()
    twin = Encoder.from_pretrained(folder).with_random_weights()
    states = extract(twin, [pair.sentence.words for pair in pairs[:20]])
    assert not np.any(states.read(range(20))[..., TEXT:])
    assert np.any(states.read(range(20))[..., :TEXT])


def test_it_is_an_encoder_like_any_other(folder: Path, model: BertForMaskedLM, pairs: list[AgreementPair]) -> None:
    encoder = Encoder.from_pretrained(folder)
    assert Encoder.from_pretrained(folder).digest == encoder.digest
    assert language_model(folder, encoder).prediction == "masked"
    lm = masked_lm_encoder(folder, encoder)
    inputs = batch(encoder.tokenizer, pairs[:8], masked=True)
    with torch.no_grad():
        expected = model(**inputs).logits
    assert torch.equal(lm.run(**inputs).logits, expected)
    with edit_attention(lm, lambda _block, probabilities, _mask: probabilities):
        torch.testing.assert_close(lm.run(**inputs).logits, expected)
    with edit_attention(lm, lambda _block, probabilities, _mask: probabilities.flip(1)):
        assert not torch.allclose(lm.run(**inputs).logits, expected)


def test_words_of_several_tokens_are_refused(model: BertForMaskedLM, pairs: list[AgreementPair]) -> None:
    few = word_tokenizer(["the"], max_subwords=32)
    with pytest.raises(PretrainingError, match=r"is 1 tokens|\[UNK\]|expected one for each word"):
        with_trees(model, CategoryTrees.of([pairs[0].sentence]), few)


def test_two_trees_of_the_same_categories_are_refused(pairs: list[AgreementPair]) -> None:
    sentence = pairs[0].sentence
    known = CategoryTrees.of([sentence])
    assert known.knows(sentence)
    other = replace(sentence, heads=(-1, *range(len(sentence) - 1)), relations=("root",) * len(sentence))
    assert not known.knows(other)
    with pytest.raises(PretrainingError, match="has another tree than a sentence of the same categories, DET"):
        CategoryTrees.of([sentence, other])
