"""Two languages whose relation is known: vocabularies, examples, and models that share everything or nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM, BertConfig, BertModel, PreTrainedTokenizerFast

from treeprobe.extraction import Encoder, extract
from treeprobe.parsing import Sentence, read_conllu, write_conllu
from treeprobe.parsing.stimuli import natural_sentences
from treeprobe.training import PretrainingError, PretrainingOptions, make_bilingual
from treeprobe.training.bilingual import (
    LanguageBertConfig,
    LanguageBertForMaskedLM,
    LanguageBertModel,
    shifted_sentence,
    shifted_text,
)
from treeprobe.training.bilingual.examples import bilingual_batches
from treeprobe.training.bilingual.separate_bert import side_by_side
from treeprobe.training.bilingual.shifted import bilingual_tokenizer, second_language_from
from treeprobe.training.tokenizer import SPECIAL_TOKENS

SMALL = PretrainingOptions(
    layers=1, dim=16, heads=2, vocabulary_size=300, steps=4, save_steps=(4,), batch_size=8, next_sentence=False
)
MORE = ["That's $5 + 3 = 8, isn't it?", "A café: <b> ~ `x` | y^2 > z", "e-mail: me@here.org (now!)"]


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return list(natural_sentences("train"))[:60]


@pytest.fixture(scope="module")
def tokenizer(sentences: list[Sentence]) -> PreTrainedTokenizerFast:
    return bilingual_tokenizer([*(one.text for one in sentences), *MORE], size=400, max_subwords=96)


def test_every_subword_is_moved_by_the_size_of_the_vocabulary(
    sentences: list[Sentence], tokenizer: PreTrainedTokenizerFast
) -> None:
    special, second = len(SPECIAL_TOKENS), second_language_from(tokenizer)
    assert len(tokenizer) == 2 * second - special
    for text in [*(one.text for one in sentences), *MORE]:
        ids = np.array(tokenizer(text)["input_ids"])
        moved = np.array(tokenizer(shifted_text(text))["input_ids"])
        assert (ids < second).all()
        np.testing.assert_array_equal(moved, np.where(ids < special, ids, ids + second - special))
        assert tokenizer.unk_token_id not in ids


def test_a_shared_vocabulary_reads_both_as_one_language(sentences: list[Sentence]) -> None:
    texts = [one.text for one in sentences] + MORE
    shared = bilingual_tokenizer(texts, size=400, max_subwords=96, shared=True)
    for text in texts:
        assert shared(text)["input_ids"] == shared(shifted_text(text))["input_ids"]


@pytest.mark.parametrize("text", ["Ο σκύλος τρέχει γρήγορα.", "狗跑得很快。"])
def test_a_text_that_cannot_be_shifted_is_refused(text: str) -> None:
    with pytest.raises(PretrainingError, match="have no fullwidth form"):
        bilingual_tokenizer([text] * 10, size=100, max_subwords=96)


def test_the_tree_and_its_annotation_are_kept(sentences: list[Sentence], tmp_path: Path) -> None:
    shifted = [shifted_sentence(one) for one in sentences]
    write_conllu(shifted, tmp_path / "shifted.conllu")
    for one, twin, read in zip(sentences, shifted, read_conllu(tmp_path / "shifted.conllu"), strict=True):
        assert (twin.heads, twin.relations, twin.upos, twin.xpos) == (one.heads, one.relations, one.upos, one.xpos)
        assert (read.words, read.heads, read.text) == (twin.words, one.heads, shifted_text(one.text))
        assert not {*"".join(twin.words)} & {*"".join(one.words)}


# --- examples ---------------------------------------------------------------------------------------------------------


def drawn(
    tokenizer: PreTrainedTokenizerFast, sentences: list[Sentence], *, translation: bool, language_embeddings: bool
) -> list[dict[str, torch.Tensor]]:
    first = tokenizer([one.text for one in sentences])["input_ids"]
    second = tokenizer([shifted_text(one.text) for one in sentences])["input_ids"]
    batches = bilingual_batches(
        tokenizer, first, second, SMALL, translation=translation, language_embeddings=language_embeddings
    )
    return [next(batches) for _ in range(6)]


def test_a_pair_is_a_sentence_and_its_translation_with_positions_and_languages_of_their_own(
    sentences: list[Sentence], tokenizer: PreTrainedTokenizerFast
) -> None:
    second, special = second_language_from(tokenizer), len(SPECIAL_TOKENS)
    pairs = drawn(tokenizer, sentences, translation=True, language_embeddings=True)[1::2]
    order = set()
    for batch in pairs:
        assert len(batch["input_ids"]) == SMALL.batch_size // 2
        shown = torch.where(batch["labels"] >= 0, batch["labels"], batch["input_ids"])
        for ids, mask, positions, languages in zip(
            shown, batch["attention_mask"], batch["position_ids"], batch["token_type_ids"], strict=True
        ):
            length = int(mask.sum())
            half = length // 2
            assert positions[:length].tolist() == [*range(half), *range(half)]
            assert languages[:half].unique().tolist() != languages[half:length].unique().tolist()
            parts = sorted([ids[:half].tolist(), ids[half:length].tolist()], key=max)
            assert parts[1] == [one if one < special else one + second - special for one in parts[0]]
            order.add(int(languages[0]))
            own = torch.where(languages[:length] == 1, ids[:length] >= second, ids[:length] < second)
            assert own[ids[:length] >= special].all()
    assert order == {0, 1}  # either comes first


def test_sentences_of_both_languages_are_examples_of_their_own(
    sentences: list[Sentence], tokenizer: PreTrainedTokenizerFast
) -> None:
    second = second_language_from(tokenizer)
    batches = drawn(tokenizer, sentences, translation=False, language_embeddings=False)
    languages = set()
    for batch in batches:
        assert "token_type_ids" not in batch
        assert len(batch["input_ids"]) == SMALL.batch_size
        shown = torch.where(batch["labels"] >= 0, batch["labels"], batch["input_ids"])
        for ids in shown:
            words = ids[ids >= len(SPECIAL_TOKENS)]
            assert len((words >= second).unique()) == 1  # never both in one example
            languages.add(bool(words[0] >= second))
    assert languages == {False, True}


# --- models -----------------------------------------------------------------------------------------------------------


def test_language_embeddings_are_those_of_the_subwords_language(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = LanguageBertConfig(
        vocab_size=25, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, second_language=15
    )
    LanguageBertForMaskedLM(config).save_pretrained(tmp_path / "model")
    assert isinstance(AutoModelForMaskedLM.from_pretrained(tmp_path / "model"), LanguageBertForMaskedLM)
    model = AutoModel.from_pretrained(tmp_path / "model").eval()
    assert isinstance(model, LanguageBertModel)
    ids = torch.tensor([[2, 7, 8, 3], [2, 17, 18, 3]])
    told = torch.tensor([[0] * 4, [1] * 4])
    with torch.inference_mode():
        found, right, wrong = (
            model(ids, **types).last_hidden_state
            for types in ({}, {"token_type_ids": told}, {"token_type_ids": torch.zeros_like(ids)})
        )
    torch.testing.assert_close(found, right)
    assert not torch.allclose(found[1], wrong[1], atol=1e-4)


def test_models_side_by_side_each_read_their_own_language(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = BertConfig(vocab_size=15, hidden_size=16, num_hidden_layers=2, num_attention_heads=2)
    first, second = BertModel(config).eval(), BertModel(config).eval()
    side_by_side(first, second, second_language=15).save_pretrained(tmp_path / "both")
    both = AutoModel.from_pretrained(tmp_path / "both").eval()
    ids = torch.tensor([[2, 7, 8, 9, 3], [2, 9, 6, 3, 0]])
    moved = torch.where(ids >= len(SPECIAL_TOKENS), ids + 10, ids)
    mask = (ids != 0).long()
    with torch.inference_mode():
        mixed = both(torch.cat([ids[:1], moved[1:]]), mask, output_hidden_states=True).hidden_states
        own = first(ids, mask, output_hidden_states=True).hidden_states
        other = second(ids, mask, output_hidden_states=True).hidden_states
    assert len(mixed) == 3
    for layer in range(3):
        torch.testing.assert_close(mixed[layer][0], own[layer][0])
        torch.testing.assert_close(mixed[layer][1, :4], other[layer][1, :4])


def test_models_are_made_of_every_kind_and_kept(sentences: list[Sentence], tmp_path: Path) -> None:
    """Of the two languages, `same` has the same states, and every other model has not."""
    made = make_bilingual(sentences, tmp_path, options=SMALL, progress=False)
    assert [folder.name for folder in made] == ["same", "apart", "mlm", "mlm-languages", "tlm", "tlm-languages"]
    some = sentences[:5]
    for folder in made:
        encoder = Encoder.from_pretrained(folder)
        ours, theirs = (
            extract(encoder, [one.words for one in bank]).read(range(5))
            for bank in (some, [shifted_sentence(one) for one in some])
        )
        assert np.allclose(ours, theirs, atol=1e-5) == (folder.name == "same")
    times = [(folder / "training.json").stat().st_mtime_ns for folder in made]
    make_bilingual(sentences, tmp_path, options=SMALL, progress=False)
    assert times == [(folder / "training.json").stat().st_mtime_ns for folder in made]
    with pytest.raises(PretrainingError, match="same: made with steps=4; expected 5"):
        make_bilingual(sentences, tmp_path, options=replace(SMALL, steps=5), progress=False)
    with pytest.raises(PretrainingError, match="same: made of other sentences"):
        make_bilingual(sentences[:30], tmp_path, options=SMALL, progress=False)


def test_what_cannot_be_made_is_refused(sentences: list[Sentence], tmp_path: Path) -> None:
    with pytest.raises(PretrainingError, match="conditions xlm; expected some of same, apart, mlm"):
        make_bilingual(sentences, tmp_path, conditions=["xlm"])
    with pytest.raises(PretrainingError, match="1 sentences of text"):
        make_bilingual(sentences[:1], tmp_path)
