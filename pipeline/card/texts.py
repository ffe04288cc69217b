"""Texts that a card scores: a treebank, and the same sentences changed, each word with its place in the tree."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from treeprobe.behaviour import NumberForms, grammar_pairs, treebank_pairs
from treeprobe.extraction import Encoder
from treeprobe.extraction.alignment import Aligner
from treeprobe.parsing import PunctuationRule, Sentence, Treebank, punctuation_mask
from treeprobe.parsing.stimuli import PseudoWordError, PseudoWords, generate, scramble

ORIGINAL = "original"
JABBERWOCKY, SCRAMBLED, UNGRAMMATICAL = "jabberwocky", "scrambled", "ungrammatical"
GRAMMAR = "grammar"
"""What the table calls the sentences of the grammar."""
_SEED = 0

Change = Callable[[Sentence], Sentence]


@dataclass(frozen=True)
class ChangedText:
    """What one condition makes of a text.

    Attributes:
        condition: its name.
        numbers: which sentences it changes, (changed,); the others are left out.
        bank: these, changed.
        touched: whether each word of them reads otherwise than the original's at its place, (words,) each.
    """

    condition: str
    numbers: NDArray[np.int64]
    bank: Treebank
    touched: Sequence[NDArray[np.bool_]]

    @classmethod
    def of(cls, condition: str, text: Treebank, change: Change) -> "ChangedText":
        """Change every sentence, and keep those that read otherwise."""
        changed = [change(sentence) for sentence in text]
        numbers = [number for number, own in enumerate(changed) if own.words != text[number].words]
        touched = [
            np.array([new != old for new, old in zip(changed[number].words, text[number].words)], dtype=bool)
            for number in numbers
        ]
        bank = Treebank([changed[number] for number in numbers], name=text.name)
        return cls(condition, np.array(numbers, dtype=np.int64), bank, touched)


def changes(
    conditions: Sequence[str], learnt_from: Iterable[Sentence], *, encoder: Encoder, punctuation: PunctuationRule
) -> Mapping[str, Change]:
    """The change of each condition; conditions that need what the treebank does not have change nothing.

    Args:
        conditions: jabberwocky, scrambled or ungrammatical.
        learnt_from: sentences from which affixes, letters and the forms of verbs are learnt.
        encoder: whose subwords pseudo-words are measured by.
        punctuation: words that keep their places when sentences are scrambled; never "auto".
    """
    known = list(learnt_from)
    makers: Mapping[str, Callable[[], Change]] = {
        JABBERWOCKY: lambda: _jabberwocky(known, pieces_by(encoder)),
        SCRAMBLED: lambda: lambda one: scramble(one, fixed=punctuation_mask(one, punctuation), seed=_SEED),
        UNGRAMMATICAL: lambda: _ungrammatical(NumberForms.of(known)),
    }
    return {name: makers[name]() for name in conditions}


def pieces_by(encoder: Encoder) -> Callable[[str], int]:
    """How many subwords a word alone has; each word is counted once."""
    align = Aligner(encoder.tokenizer)

    @cache
    def count(word: str) -> int:
        return len(align([[word]]).ids)

    return count


def grammar_text(count: int) -> Treebank:
    """Sentences of the grammar: half of all its constructions, half of agreement across 0 to 3 attractors."""
    pairs = [pair.sentence for pair in grammar_pairs(count // 2) if pair.sentence is not None]
    return Treebank([*generate(count - len(pairs)), *pairs], name=GRAMMAR)


def broken_agreement(sentence: Sentence, forms: NumberForms) -> Sentence:
    """The sentence with every verb that agrees in number in its form of the other number; its tree stays."""
    words = list(sentence.words)
    for pair in treebank_pairs([sentence], forms, source=""):
        for target in pair.targets:
            words[target] = pair.bad[target]
    return sentence if tuple(words) == sentence.words else replace(sentence, words=tuple(words), multiword=())


def _jabberwocky(known: Sequence[Sentence], pieces: Callable[[str], int]) -> Change:
    try:
        words = PseudoWords.of(known, seed=_SEED)
    except PseudoWordError:
        return lambda sentence: sentence
    return lambda sentence: words.sentence(sentence, pieces=pieces)


def _ungrammatical(forms: NumberForms) -> Change:
    return lambda sentence: broken_agreement(sentence, forms)
