"""Scrambled sentences: the same words, the same tree between them, another order."""

import numpy as np

from treeprobe.parsing import Sentence, punctuation_mask
from treeprobe.parsing.stimuli import natural_sentences, scramble

BANK = natural_sentences("test")


def edges(sentence: Sentence) -> set[tuple[str, str, str]]:
    """Dependent, head and relation, by words with their lemma, tags and features."""
    named = [
        f"{word}/{lemma}/{xpos}/{cell}"
        for word, lemma, xpos, cell in zip(sentence.words, sentence.lemmas, sentence.xpos, sentence.features)
    ]
    return {
        (named[word], named[head] if head >= 0 else "", sentence.relations[word])
        for word, head in enumerate(sentence.heads)
    }


def test_the_tree_moves_along() -> None:
    for sentence in BANK:
        new = scramble(sentence)
        assert new.words != sentence.words
        assert sorted(new.words) == sorted(sentence.words)
        assert edges(new) == edges(sentence)
        assert sorted(new.depths) == sorted(sentence.depths)


def test_fixed_words_keep_their_places() -> None:
    for sentence in BANK:
        mask = punctuation_mask(sentence, "upos")
        new = scramble(sentence, fixed=mask)
        kept = np.flatnonzero(mask).tolist()
        assert [new.words[place] for place in kept] == [sentence.words[place] for place in kept]
        assert punctuation_mask(new, "upos").tolist() == mask.tolist()


def test_orders_follow_the_seed_and_what_cannot_be_scrambled_stays() -> None:
    one = BANK[0]
    assert scramble(one) == scramble(one)
    assert scramble(one) != scramble(one, seed=1)
    twice = Sentence(("no", "no"), (1, -1), ("dep", "root"), ("INTJ",) * 2, ("UH",) * 2, (True,) * 2)
    assert scramble(twice) is twice
    assert scramble(one, fixed=np.ones(len(one), dtype=bool)) is one


def test_the_chain_loses_what_it_knew() -> None:
    near = [abs(word - head) == 1 for one in BANK for word, head in enumerate(one.heads) if head >= 0]
    scrambled = [scramble(one) for one in BANK]
    far = [abs(word - head) == 1 for one in scrambled for word, head in enumerate(one.heads) if head >= 0]
    assert np.mean(far) < 0.6 * np.mean(near)
