"""Log-probabilities of words, in nats, by what a language model predicts: pseudo-log-likelihoods or surprisals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from treeprobe.behaviour.left_to_right import left_to_right_scores
from treeprobe.behaviour.pseudo_likelihood import pseudo_log_likelihoods
from treeprobe.extraction import LanguageModel
from treeprobe.extraction.subwords import Subwords
from treeprobe.extraction.text import Text


def word_scores(
    model: LanguageModel,
    words: Sequence[Sequence[str]],
    *,
    space_after: Sequence[Sequence[bool]] | None = None,
    places: Sequence[Sequence[int]] | None = None,
    progress: bool = False,
) -> list[NDArray[np.float64]]:
    """Log-probability of every word in its sentence; minus it is the word's surprisal.

    A masked model sees both sides of a word (`pseudo_log_likelihoods`), one that predicts the next subword the words
    before it alone (`left_to_right_scores`). What edits the model's encoder meanwhile acts on the scores.

    Args:
        model: from `treeprobe.extraction.language_model`.
        words: one non-empty sequence of words per sentence.
        space_after: like `words`, whether a space follows each word in the natural sentence; words are joined by
            single spaces where None.
        places: the words of each sentence to score, counted from 0; all where None. A masked model takes a forward
            pass for each subword of these words, another model one for each sentence.
        progress: show a progress bar of forward passes.

    Returns:
        one (words,) array per sentence, in nats; nan for words that are not among `places`, and for words that the
        tokenizer leaves no subword of. Their sum is the (pseudo-)log-likelihood of the sentence.

    Raises:
        ValueError: `words`, `space_after` or `places` is not as described, or a sentence is longer than the model
            takes; the sentence is named.
    """
    text = Text.checked(words, space_after)
    wanted = _wanted(text, places)
    subwords = Subwords.of(model.encoder, text)
    score = pseudo_log_likelihoods if model.prediction == "masked" else left_to_right_scores
    scores = np.where(wanted, score(model.encoder, subwords, wanted, progress=progress), np.nan)
    return np.split(scores, subwords.word_bounds[1:-1]) if len(text) else []


def _wanted(text: Text, places: Sequence[Sequence[int]] | None) -> NDArray[np.bool_]:
    """Which words of the whole text are to be scored, (words,)."""
    lengths = text.lengths
    if places is None:
        return np.ones(int(lengths.sum()), bool)
    if len(places) != len(text):
        raise ValueError(f"places covers {len(places)} sentences, expected {len(text)}")
    wanted = np.zeros(int(lengths.sum()), bool)
    for number, (first, length) in enumerate(zip(np.cumsum(lengths) - lengths, lengths)):
        if outside := [place for place in places[number] if not 0 <= place < length]:
            raise ValueError(f"sentence {number + 1} has {length} words, but places asks for word {outside[0] + 1}")
        wanted[first + np.asarray(places[number], dtype=np.int64)] = True
    return wanted
