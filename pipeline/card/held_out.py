"""Constructions held out from training: probes that have not seen one, and probes of as many other sentences."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Scorer, Treebank
from treeprobe.parsing.scores import WordPairs
from treeprobe.parsing.treebanks import ConstructionFilter, Split
from treeprobe.pipeline.card.cells import Cell, Pairs
from treeprobe.pipeline.card.predictors import Place, Predictor, Trees, chain_trees, train_on
from treeprobe.pipeline.card.rows import MATCHED, UUAS, Compared, joined_by, measure_cell
from treeprobe.pipeline.card.texts import ORIGINAL
from treeprobe.pipeline.results.scores import CHAIN
from treeprobe.probes import DistanceProbe, SomeStates
from treeprobe.reporting.scores.card import SENTENCES_WITH

EVERY = "all"
"""The training of the headline's probes."""
WITHOUT, SIZE_MATCHED = "without {}", "size-matched to without {}"
LEAST_SCORED, LEAST_TRAINED = 5, 20
"""Sentences with a construction that are scored, and sentences to train on, that are too few to compare below."""
_SEED = 0


@dataclass(frozen=True)
class TrainingSets:
    """Two training sets of the same number of sentences, and nearly of words; sentences by number.

    Attributes:
        without: every sentence without the construction.
        matched: every sentence but some without the construction: for each that has it, one of about its length is left
            out. So it holds the construction as often as the whole does.
    """

    without: NDArray[np.int64]
    matched: NDArray[np.int64]


def training_sets(bank: Treebank, construction: ConstructionFilter) -> TrainingSets | str:
    """The two sets of a construction, or why there are none: none has it, or more sentences have it than have not."""
    has = np.array([sentence in construction for sentence in bank], dtype=bool)
    own, rest = np.flatnonzero(has), np.flatnonzero(~has)
    if not len(own):
        return "no training sentence has it"
    if len(rest) < max(len(own), LEAST_TRAINED):
        return f"{len(own)} training sentences have it and {len(rest)} do not, of which as many cannot be left out"
    partners = _partners(
        [len(bank[number]) for number in own.tolist()], {number: len(bank[number]) for number in rest.tolist()}
    )
    matched = np.setdiff1d(np.arange(len(bank)), partners)
    return TrainingSets(rest, matched)


def held_out_rows(
    text: Treebank, split: Split, predictors: Sequence[Predictor], names: Sequence[str]
) -> tuple[list[list[Compared]], dict[str, str]]:
    """Each construction by probes that have not seen it, beside probes of a size-matched set and of everything.

    Epochs are chosen on dev without the construction, for both sets. Probes are those of each predictor's best layer.

    Args:
        text: the scored sentences; `split` is which they are.
        predictors: trained on everything.
        names: of constructions (`ConstructionFilter.named`).

    Returns:
        The rows of each construction, which are over the same sentences, and why others are left out.
    """
    found: list[list[Compared]] = []
    left_out: dict[str, str] = {}
    splits = predictors[0].subject.splits
    for name in names:
        construction = ConstructionFilter.named(name)
        scored = np.array([number for number, one in enumerate(text) if one in construction], dtype=np.int64)
        dev = np.array([number for number, one in enumerate(splits["dev"]) if one not in construction], dtype=np.int64)
        sets = training_sets(splits["train"], construction)
        if isinstance(sets, str):
            left_out[name] = sets
        elif len(scored) < LEAST_SCORED or not len(dev):
            left_out[name] = f"{len(scored)} sentences of {split} have it; expected {LEAST_SCORED} or more"
        else:
            with predictors[0].subject.stage(f"hold out {name}"):
                found.append(_rows(_Held(construction, sets, dev, scored), text, split, predictors))
    return found, left_out


@dataclass(frozen=True)
class _Held:
    """A construction, what it is trained without and chosen on, and the sentences with it that are scored."""

    construction: ConstructionFilter
    sets: TrainingSets
    dev: NDArray[np.int64]
    scored: NDArray[np.int64]


def _rows(held: _Held, text: Treebank, split: Split, predictors: Sequence[Predictor]) -> list[Compared]:
    """The rows of one construction."""
    bank = Treebank([text[number] for number in held.scored.tolist()], name=text.name)
    scorer = Scorer(bank, punctuation=predictors[0].options.punctuation)
    pairs = Pairs(scorer, WordPairs.of(scorer), [])
    cells = _cells(pairs, held.construction)
    name = held.construction.name
    rows = _compared(pairs, cells, {EVERY: chain_trees(scorer)})
    for one in (one for one in predictors if one.best is not None):
        states = SomeStates(one.states[split], held.scored)
        trained: dict[str, Mapping[Place, Sequence[Trees]]] = {}
        trained[EVERY] = _trees(one, one.at(one.best), states, scorer)
        for told, rows_of in ((SIZE_MATCHED, held.sets.matched), (WITHOUT, held.sets.without)):
            trained[told.format(name)] = _trees(one, _trained(one, rows_of, held.dev), states, scorer)
        rows += _compared(pairs, cells, trained, without=WITHOUT.format(name), beside=SIZE_MATCHED.format(name))
    return rows


def _cells(text: Pairs, construction: ConstructionFilter) -> list[Cell]:
    """The construction's own edges, and all of its sentences where these are others."""
    pairs = text.pairs
    own = np.zeros(len(pairs), dtype=bool)
    parts = [construction.edges(sentence) for sentence in pairs.gold]
    for place in pairs.edges.tolist():
        sentence, word = pairs.sentence[place], pairs.dependent[place]
        own[place] = parts[sentence][word] and pairs.gold[sentence].heads[word] == pairs.head[place]
    whole = Cell(np.ones(len(pairs), dtype=bool), edges=f"{SENTENCES_WITH}{construction.name}")
    # Of a question every edge is its own, but for those that replace paths through punctuation.
    return [whole] if all(part.all() for part in parts) else [Cell(own, edges=construction.name), whole]


def _trained(predictor: Predictor, rows: NDArray[np.int64], dev: NDArray[np.int64]) -> list[DistanceProbe]:
    """Probes of the best layer, trained on some sentences."""
    subject = predictor.subject
    chosen: dict[Split, NDArray[np.int64]] = {"train": rows, "dev": dev}
    banks = {split: Treebank([subject.splits[split][number] for number in own]) for split, own in chosen.items()}
    states = {split: SomeStates(predictor.states[split], own) for split, own in chosen.items()}
    layers = None if predictor.best is None else (predictor.best,)
    return train_on(subject.with_splits(banks), states, predictor.options, layers)


def _trees(
    predictor: Predictor, probes: Sequence[DistanceProbe], states: SomeStates, scorer: Scorer
) -> Mapping[Place, Sequence[Trees]]:
    return {(predictor.name, predictor.best): [scorer.trees(probe.predict(states)) for probe in probes]}


def _compared(
    text: Pairs,
    cells: Sequence[Cell],
    trained: Mapping[str, Mapping[Place, Sequence[Trees]]],
    *,
    without: str | None = None,
    beside: str | None = None,
) -> list[Compared]:
    """UUAS and its matched value of every cell and training; those of `without` beside those of `beside`."""
    rows = []
    joined = {training: joined_by(text, trees) for training, trees in trained.items()}
    for cell in cells:
        measured = {
            training: {place: measure_cell(text, cell, found) for place, found in own.items()}
            for training, own in joined.items()
        }
        for training, own in measured.items():
            for place, found in own.items():
                for metric in (UUAS, MATCHED):
                    names = {"probe": place[0], "layer": place[1], **cell.names, "condition": ORIGINAL}
                    base = measured[beside][place][metric].tally if beside and training == without else None
                    told = None if base is None else "size-matched training"
                    named = {**names, "training": training if place[0] != CHAIN else EVERY, "metric": metric}
                    rows.append(Compared(named, found[metric], base, told))
    return rows


def _partners(wanted: Sequence[int], lengths: Mapping[int, int]) -> list[int]:
    """For each wanted length a sentence of the nearest length, each taken once; longest first, ties drawn by a seed."""
    generator = Random(_SEED)
    keys = sorted((length, generator.random(), number) for number, length in lengths.items())
    found = []
    for length in sorted(wanted, reverse=True):
        after = bisect_left(keys, (length, 0.0, -1))
        near = [place for place in (after - 1, after) if 0 <= place < len(keys)]
        chosen = min(near, key=lambda place: (abs(keys[place][0] - length), keys[place][1]))
        found.append(keys.pop(chosen)[2])
    return found
