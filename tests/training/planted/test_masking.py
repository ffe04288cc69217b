"""Masks fall where they are said to, and scrambling leaves the words."""

from collections import Counter

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from treeprobe.parsing.stimuli import AGREEMENT_WORDS, AgreementPair
from treeprobe.training.planted import PlantedOptions
from treeprobe.training.planted.masking import encode_pairs, masked_batches


def test_every_word_is_one_token_of_its_own(tokenizer: PreTrainedTokenizerFast, pairs: list[AgreementPair]) -> None:
    assert len(tokenizer) == len(AGREEMENT_WORDS) + 5
    for pair in pairs:
        words = [word.lower() for word in (*pair.sentence.words, pair.wrong)]
        assert tokenizer.tokenize(" ".join(words)) == words
    assert tokenizer.tokenize("xylophones laugh") == ["[UNK]", "laugh"]


def test_verbs_are_masked_more_often_than_other_words(
    tokenizer: PreTrainedTokenizerFast, pairs: list[AgreementPair]
) -> None:
    options = PlantedOptions(batch_size=50)
    examples = encode_pairs(tokenizer, pairs)
    verb_at = {tuple(example.ids): example.verb + 1 for example in examples}
    verbs = others = words = masked = predicted = 0
    batches = masked_batches(tokenizer, examples, options)
    for _ in range(36):
        batch = {name: values.numpy() for name, values in next(batches).items()}
        chosen = batch["labels"] != -100
        ids = np.where(chosen, batch["labels"], batch["input_ids"])
        for row, mask in enumerate(batch["attention_mask"]):
            length = int(mask.sum())
            verb = verb_at[tuple(ids[row, 1 : length - 1])]
            verbs += int(chosen[row, verb])
            others += int(chosen[row].sum() - chosen[row, verb])
            words += length - 3
            assert not chosen[row, [0, length - 1]].any()
            assert not chosen[row, length:].any()
        predicted += int(chosen.sum())
        masked += int((batch["input_ids"][chosen] == tokenizer.mask_token_id).sum())
    assert verbs / (36 * 50) == pytest.approx(1 - 0.5 * 0.85, abs=0.04)
    assert others / words == pytest.approx(0.15, abs=0.02)
    assert masked / predicted == pytest.approx(0.8, abs=0.03)


def test_scrambling_leaves_the_words_and_no_agreement(
    tokenizer: PreTrainedTokenizerFast, pairs: list[AgreementPair]
) -> None:
    options = PlantedOptions(batch_size=50, masked_share=0.15, masked_verbs=1.0)
    examples = encode_pairs(tokenizer, pairs)
    lemmas = {word: min(word, other) for example in examples for word, other in zip(example.ids, example.others)}
    bags = Counter(tuple(sorted(lemmas[word] for word in example.ids)) for example in examples)
    swapped = {frozenset(two) for one in examples for two in zip(one.ids, one.others) if len(set(two)) > 1}
    batches = masked_batches(tokenizer, examples, options, scrambled=True)
    found, first, ordered = Counter[tuple[int, ...]](), [], {tuple(example.ids) for example in examples}
    for _ in range(18):
        batch = {name: values.numpy() for name, values in next(batches).items()}
        ids = np.where(batch["labels"] != -100, batch["labels"], batch["input_ids"])
        for row, mask in enumerate(batch["attention_mask"]):
            words = ids[row, 1 : int(mask.sum()) - 1]
            assert tuple(words) not in ordered or len(words) < 6
            found[tuple(sorted(lemmas.get(word, word) for word in words))] += 1
            first += [word < min({a for a in pair if a != word}) for word in words for pair in swapped if word in pair]
    assert found == bags
    assert np.mean(first) == pytest.approx(0.5, abs=0.06)


def test_numbers_are_those_of_all_finite_verbs(tokenizer: PreTrainedTokenizerFast, pairs: list[AgreementPair]) -> None:
    for example, pair in zip(encode_pairs(tokenizer, pairs), pairs):
        differing = np.flatnonzero(example.ids != example.others)
        assert example.verb in differing
        assert [pair.sentence.xpos[word] in ("VBZ", "VBP", "VBD") for word in differing] == [True] * len(differing)
        (wrong,) = tokenizer.convert_tokens_to_ids([pair.wrong])
        assert example.others[example.verb] == wrong
