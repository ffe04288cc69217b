"""Which sentence of each minimal pair a language model finds more probable."""

from collections.abc import Collection, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from treeprobe.behaviour.frequency import WordFrequencies
from treeprobe.behaviour.pairs import MinimalPair
from treeprobe.behaviour.word_scores import word_scores
from treeprobe.extraction import Encoder, LanguageModel
from treeprobe.extraction.subwords import Subwords
from treeprobe.extraction.text import Text

Comparison = Literal["sentence", "target"]
"""What is compared: the log-probabilities of the two whole sentences, or of the words that differ alone."""

COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
Written = tuple[tuple[str, ...], tuple[bool, ...]]
"""A sentence as the model reads it: its words, and whether a space follows each."""

TOO_LONG, UNKNOWN = "longer than the model takes", "a target that the tokenizer does not know"
"""Why a pair is left out."""


def score_pairs(
    model: LanguageModel,
    pairs: Sequence[MinimalPair],
    *,
    natural: bool = False,
    comparisons: Collection[Comparison] = COMPARISONS,
    frequencies: WordFrequencies | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """One row a pair: both scores by each comparison, and whether the good sentence has the higher one.

    A pair is right when the model finds the good sentence more probable (Marvin & Linzen 2018; Warstadt et al. 2020);
    equal scores are half right. What edits the model's encoder meanwhile acts on the scores.

    Args:
        natural: read sentences as they are written where their tree says how, and not with spaces between all words.
        comparisons: "target" alone takes a masked model two forward passes a subword of the target and no more.
        progress: show a progress bar.
        frequencies: of words in the text that the baseline is to know; without them, there is no baseline.

    Returns:
        columns pair (its number, from 1), source, identifier, construction, target, controller (words, from 1),
        distance, attractors, words, good, bad (the targets, or the sentences), for each comparison NAME_good and
        NAME_bad (nats) and NAME_right (1, 0.5 or 0), the baseline's frequency_gain (nats by which it prefers the good
        sentence) and frequency_right, and left_out: why the pair has no scores, empty where it has.

    Raises:
        ValueError: there are no pairs.
    """
    if not pairs:
        raise ValueError("no minimal pairs to score; expected at least one")
    reasons = why_left_out(model.encoder, pairs, natural=natural)
    kept = np.array([not reason for reason in reasons])
    table = pd.DataFrame([describe_pair(number, pair) for number, pair in enumerate(pairs, 1)])
    table = table.astype(dict.fromkeys(("target", "controller", "distance", "attractors"), "Int64"))
    chosen = [pair for pair, keep in zip(pairs, kept) if keep]
    for name, values in _scores(model, chosen, natural=natural, comparisons=comparisons, progress=progress).items():
        column = np.full(len(pairs), np.nan)
        column[kept] = values
        table[name] = column
    for name in comparisons:
        table[f"{name}_right"] = right(table[f"{name}_good"], table[f"{name}_bad"])
    if frequencies is not None:
        gains = [frequencies.preference(pair) for pair in pairs]
        table = table.assign(frequency_gain=gains, frequency_right=right(gains, np.zeros(len(gains))))
    return table.assign(left_out=reasons)


def read_sentences(pairs: Sequence[MinimalPair], *, natural: bool = False) -> list[Written]:
    """The distinct sentences of some pairs in the order in which `score_pairs` reads those that it does not leave out.

    An edit of states that differs by sentence finds the number of a sentence (`Places.sentences`) in this list.
    """
    sides = ((pair, words) for pair in pairs for words in (pair.good, pair.bad))
    return list(dict.fromkeys((words, _spaces(pair, words, natural=natural)) for pair, words in sides))


def right(good: ArrayLike, bad: ArrayLike) -> NDArray[np.float64]:
    """1 where the good score is higher, 0 where the bad one is, 0.5 where they are equal, nan where one is missing."""
    return (np.sign(np.asarray(good, dtype=float) - np.asarray(bad, dtype=float)) + 1) / 2


def describe_pair(number: int, pair: MinimalPair) -> dict[str, object]:
    """What a row says of a pair besides its scores."""
    shown = pair.targets or range(max(len(pair.good), len(pair.bad)))
    return {
        "pair": number,
        "source": pair.source,
        "identifier": pair.identifier,
        "construction": pair.construction,
        "target": min(pair.targets) + 1 if pair.targets else None,
        "controller": None if pair.controller is None else pair.controller + 1,
        "distance": pair.distance,
        "attractors": pair.attractors,
        "words": len(pair.good),
        "good": " ".join(pair.good[place] for place in shown if place < len(pair.good)),
        "bad": " ".join(pair.bad[place] for place in shown if place < len(pair.bad)),
    }


def _scores(
    model: LanguageModel,
    pairs: Sequence[MinimalPair],
    *,
    natural: bool,
    comparisons: Collection[Comparison],
    progress: bool,
) -> dict[str, list[float]]:
    """Both scores of each pair by each comparison. A sentence of several pairs is scored once."""
    sentences = read_sentences(pairs, natural=natural)
    places: dict[Written, set[int]] = {written: set() for written in sentences}
    for pair in pairs:
        for words in (pair.good, pair.bad):
            asked = range(len(words)) if "sentence" in comparisons else pair.targets
            places[words, _spaces(pair, words, natural=natural)].update(asked)
    found = word_scores(
        model,
        [words for words, _ in sentences],
        space_after=[spaces for _, spaces in sentences],
        places=[sorted(places[one]) for one in sentences],
        progress=progress,
    )
    scores = dict(zip(sentences, found))
    table: dict[str, list[float]] = {f"{name}_{side}": [] for name in comparisons for side in ("good", "bad")}
    for pair in pairs:
        for side, words in (("good", pair.good), ("bad", pair.bad)):
            values = scores[words, _spaces(pair, words, natural=natural)]
            if "sentence" in comparisons:
                table[f"sentence_{side}"].append(float(np.nansum(values)))
            if "target" in comparisons:
                table[f"target_{side}"].append(float(np.sum(values[list(pair.targets)])) if pair.targets else np.nan)
    return table


def _spaces(pair: MinimalPair, words: tuple[str, ...], *, natural: bool) -> tuple[bool, ...]:
    """Whether a space follows each word of one of a pair's sentences."""
    if natural and pair.sentence is not None and len(words) == len(pair.good):
        return pair.sentence.space_after
    return (True,) * len(words)


def why_left_out(encoder: Encoder, pairs: Sequence[MinimalPair], *, natural: bool) -> list[str]:
    """Why each pair cannot be scored by an encoder with a head; empty where it can."""
    reasons = [""] * len(pairs)
    for side in ("good", "bad"):
        sentences = [getattr(pair, side) for pair in pairs]
        spaces = [_spaces(pair, words, natural=natural) for pair, words in zip(pairs, sentences)]
        text = Text.checked(sentences, spaces)
        subwords = Subwords.of(encoder, text, any_length=True)
        lost = ~subwords.has_subwords
        lost[subwords.alignment.unknown] = True
        for number, pair in enumerate(pairs):
            first = int(subwords.word_bounds[number])
            if any(lost[first + place] for place in pair.targets):
                reasons[number] = UNKNOWN
            elif subwords.too_long[number]:
                reasons[number] = TOO_LONG
    return reasons
