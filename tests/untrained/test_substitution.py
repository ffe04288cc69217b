"""Attention averaged over substitutions is that of the sentences one by one, and finds trees behind noise."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from tests.behaviour.conftest import speaker
from tests.extraction import zoo
from tests.extraction.oracles import subwords_of
from tests.untrained.planted import WORDS, neighbours, planted_encoder, planted_heads, sentence_of, tree_bank
from treeprobe.extraction import Encoder, stream_attention
from treeprobe.parsing import Sentence, Treebank, score_distances
from treeprobe.untrained import predicted_substitutes, substituted_attention, tag_substitutes


def tagged(words: Sequence[str], *, upos: Sequence[str]) -> Sentence:
    count = len(words)
    return Sentence(
        words=tuple(words), heads=tuple(range(-1, count - 1)), relations=("root", *["dep"] * (count - 1)),
        upos=tuple(upos), xpos=("_",) * count, space_after=(True,) * count,
    )  # fmt: skip


SENTENCES = [
    tagged(zoo.SENTENCES[0], upos="DET NOUN PRON VERB ADP DET NOUN AUX ADP ADP NOUN PUNCT".split()),
    tagged(zoo.SENTENCES[1], upos="ADV PUNCT PRON VERB DET NOUN".split()),
]


def test_predictions_are_the_likeliest_words_of_one_mask() -> None:
    head = speaker("bert").encoder
    for sentence, found in zip(SENTENCES, predicted_substitutes(head, SENTENCES, most=3)):
        assert set(found) == {k for k, tag in enumerate(sentence.upos) if tag not in ("PRON", "AUX", "PUNCT")}
        encoded, places = subwords_of(head, sentence.words)
        for place, words in found.items():
            first, last = places[place][0], places[place][-1]
            ids = [*encoded["input_ids"][:first], head.tokenizer.mask_token_id, *encoded["input_ids"][last + 1 :]]
            with torch.no_grad():
                logits = head.model(torch.tensor([ids])).logits[0, first]
            ranked = head.tokenizer.convert_ids_to_tokens(logits.argsort(descending=True).tolist())
            own = sentence.words[place].lower()
            assert list(words) == [token for token in ranked if token.isalpha() and token != own][:3]


def test_words_of_the_same_tags_stand_in_for_predictions() -> None:
    bank = [*SENTENCES, tagged(["dogs", "ran", "Home"], upos=["NOUN", "VERB", "ADV"])]
    found = tag_substitutes(SENTENCES, bank, most=2)
    assert found == tag_substitutes(SENTENCES, bank, most=2)
    for sentence, chosen in zip(SENTENCES, found):
        for place, words in chosen.items():
            same = {w.lower() for one in bank for w, tag in zip(one.words, one.upos) if tag == sentence.upos[place]}
            assert set(words) <= same - {sentence.words[place].lower()}
            assert len(words) == min(2, len(same) - 1)


def test_attention_is_the_mean_over_the_sentence_and_its_substitutions() -> None:
    encoder = zoo.encoder("bert")
    substitutes = tag_substitutes(SENTENCES, SENTENCES, most=2)
    for sentence, chosen, found in zip(
        SENTENCES, substitutes, substituted_attention(encoder, SENTENCES, substitutes), strict=True
    ):
        for place in range(len(sentence)):
            texts = [sentence.words]
            for word in chosen.get(place, ()):
                texts.append(tuple(word if k == place else own for k, own in enumerate(sentence.words)))
            expected = np.mean([attention(encoder, text)[:, :, place] for text in texts], axis=0)
            assert found[:, place] == pytest.approx(expected, abs=1e-5)


def attention(encoder: Encoder, words: Sequence[str]) -> np.ndarray:
    """(layers, words, words): the mean over heads for one sentence, between words alone, rows summing to 1."""
    (matrices,) = [batch.unpadded()[0] for batch in stream_attention(encoder, [words])]
    mean = matrices.mean(1)[:, 1:-1, 1:-1]
    return mean / mean.sum(-1, keepdims=True)


def uuas(bank: Treebank, encoder: Encoder, most: int) -> float:
    """Of the maximum spanning trees of the greater direction, with so many substitutes a word."""
    found = substituted_attention(encoder, bank, tag_substitutes(bank, bank, most=most))
    both = [np.maximum(one[0], one[0].T) for one in found]
    return score_distances(bank, [one.max() - one for one in both], punctuation="none")["uuas"].value


def test_substitution_finds_the_tree_behind_what_is_owed_to_the_words() -> None:
    bank = tree_bank(20)
    logits = np.where(neighbours(planted_heads()) > 0, 1.0, 0.0)
    encoder, _ = planted_encoder(logits, words=0.4)
    without, with_few, with_many = (uuas(bank, encoder, most) for most in (0, 2, len(WORDS) - 1))
    assert without < 0.75
    assert without < with_few < with_many
    assert with_many > 0.9
    clean, _ = planted_encoder(logits)
    assert uuas(bank, clean, 0) == 1.0  # and nothing is lost where nothing is owed


def test_every_sentence_needs_its_substitutes() -> None:
    with pytest.raises(ValueError, match="substitutes for 0 sentences; expected them for 1"):
        substituted_attention(zoo.encoder("bert"), [sentence_of(["cat", "dog"], (-1, 0))], [])
