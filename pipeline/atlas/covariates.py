"""What goes with scores of a language: properties of its treebank, and how a tokenizer meets its words."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction.alignment import Aligner
from treeprobe.parsing import Score, Tally, Treebank
from treeprobe.parsing.scores import micro, score_all
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.parsing.treebanks.features import features_of
from treeprobe.parsing.trees import projective_arcs

WINDOW = 1000
"""Words of a window in which forms and lemmas are counted: of longer texts there are more of both."""

TREEBANK = {
    "sentences": "sentences",
    "words": "words",
    "sentence_length": "words a sentence",
    "arc_length": "words between the ends of an arc",
    "nonprojective_arcs": "share of arcs that are not projective",
    "nonprojective_sentences": "share of sentences that are not projective",
    "features_per_word": "morphological features a word",
    "forms_per_lemma": f"forms a lemma, in {WINDOW:,} words",
    "type_token_ratio": f"different forms, as a share of {WINDOW:,} words",
}
"""Measures of a treebank, and what each is."""
TOKENIZER = {
    "subwords_per_word": "subwords a word",
    "split_words": "share of words of several subwords",
    "unknown_words": "share of words unknown to the tokenizer, or dropped",
}
"""Measures of how a tokenizer splits it."""

_NO_WORDS = ("PUNCT", "SYM", "NUM", "X")
"""UPOS tags of what has no inflection to count."""


def treebank_measures(bank: Treebank) -> dict[str, Score]:
    """Each measure of `TREEBANK` with its 95 % interval, which sizes do not have.

    Left out is what the treebank does not annotate: features where no word has one, forms where no word has a lemma.
    Arcs of roots are none. Forms, in lower case, and lemmas are counted in windows of `WINDOW` words (Johnson 1944), of
    which a text shorter than one is a single one; punctuation, symbols, numbers and foreign words do not count.
    """
    arcs = [(np.asarray(one.heads), projective_arcs(one.heads)) for one in bank]
    lengths = [len(one) for one in bank]
    crossing = [int((~projective).sum()) for _, projective in arcs]
    spans = [int(np.abs(heads - np.arange(len(heads)))[heads >= 0].sum()) for heads, _ in arcs]
    features = [sum(len(features_of(cell)) for cell in one.features) for one in bank]
    ones = np.ones(len(bank))
    documents = document_numbers(bank)
    by_sentence: dict[str, tuple[Any, Any]] = {
        "sentence_length": (lengths, ones),
        "arc_length": (spans, np.array(lengths) - 1),
        "nonprojective_arcs": (crossing, np.array(lengths) - 1),
        "nonprojective_sentences": (np.array(crossing) > 0, ones),
        **({"features_per_word": (features, lengths)} if any(features) else {}),
    }
    tallies = [micro(name, *counts, documents=documents) for name, counts in by_sentence.items()]
    sizes = [_size("sentences", len(bank)), _size("words", sum(lengths))]
    return {one.metric: one for one in (*sizes, *score_all(tallies), *_form_measures(bank))}


def tokenizer_measures(
    bank: Treebank, tokenizer: Any, *, space_after: Sequence[Sequence[bool]] | None = None
) -> dict[str, Score]:
    """Each measure of `TOKENIZER` with its 95 % interval (Rust et al. 2021, section 3: fertility, continued words).

    Args:
        tokenizer: a fast tokenizer of transformers.
        space_after: as `treeprobe.extraction.extract` takes it.
    """
    aligned = Aligner(tokenizer)(list(bank.words), space_after)
    subwords = np.bincount(aligned.link_words, minlength=aligned.words)
    lost = subwords == 0
    lost[aligned.unknown] = True
    lengths = np.diff(aligned.word_bounds)
    sentences = np.repeat(np.arange(len(lengths)), lengths)

    def tally(metric: str, words: NDArray[Any]) -> Tally:
        sums = np.bincount(sentences, weights=words, minlength=len(lengths))
        return micro(metric, sums, lengths, documents=document_numbers(bank))

    found = [
        tally("subwords_per_word", subwords), tally("split_words", subwords > 1), tally("unknown_words", lost)
    ]  # fmt: skip
    return {one.metric: one for one in score_all(found)}


def _form_measures(bank: Treebank) -> Iterable[Score]:
    """Forms per lemma and the share of different forms, over windows; nothing where there are no words to count."""
    words = [
        (form.casefold(), f"{lemma} {upos}" if lemma != "_" else "")
        for one in bank
        for form, lemma, upos in zip(one.words, one.lemmas, one.upos, strict=True)
        if upos not in _NO_WORDS
    ]
    windows = list(_windows(words))
    if windows:
        forms = [len({form for form, _ in window}) for window in windows]
        yield micro("type_token_ratio", forms, [len(window) for window in windows]).score()
    known = [[pair for pair in window if pair[1]] for window in windows]
    if any(known):
        pairs, lemmas = [len(set(window)) for window in known], [len({one for _, one in window}) for window in known]
        yield micro("forms_per_lemma", pairs, lemmas).score()


def _windows(words: Sequence[tuple[str, str]]) -> Iterator[Sequence[tuple[str, str]]]:
    """Stretches of `WINDOW` words; a shorter one at the end is left out unless it is the only one."""
    for start in range(0, max(1, len(words) - WINDOW + 1), WINDOW):
        if words:
            yield words[start : start + WINDOW]


def _size(metric: str, count: int) -> Score:
    """A count, which has no interval."""
    return Score(metric, float(count), np.nan, np.nan, count, "sentences")
