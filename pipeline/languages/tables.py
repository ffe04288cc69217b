"""Tables of transfer: from each space to each language, and by kind of space averaged over languages."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from treeprobe.parsing import Tally
from treeprobe.parsing.scores import mean_tally, paired_differences, resample, score_all
from treeprobe.pipeline.languages.spaces import ALL, TRAINED, Transferred
from treeprobe.pipeline.results.scores import CHAIN, RANDOM_WEIGHTS, Setting

Kind = Literal["own", "other", "best other", "holdout", "all"]
"""A space as a language sees it: its own, one of another (their mean, or that which is best on dev), that of all others
together, that of all."""
KINDS: tuple[Kind, ...] = get_args(Kind)

AVERAGE = "average"
"""What the column of languages says where scores are averaged over them."""

_COMPARED: tuple[tuple[Kind, Kind], ...] = (("own", "other"), ("own", "holdout"), ("own", "all"), ("holdout", "other"))


@dataclass(frozen=True)
class Cell:
    """A space on a language, seeds averaged; `setting.seed` is None."""

    trained_on: str
    setting: Setting
    seeds: int
    tallies: Mapping[str, Tally]


def merged_seeds(found: Sequence[Transferred]) -> list[Cell]:
    """The cells of a transfer matrix, the tallies of each averaged over its seeds."""
    groups: dict[tuple[str, Setting], list[Transferred]] = {}
    for one in found:
        groups.setdefault((one.trained_on, replace(one.setting, seed=None)), []).append(one)
    return [
        Cell(
            trained_on,
            setting,
            len(group),
            {metric: mean_tally([one.tallies[metric] for one in group]) for metric in group[0].tallies},
        )
        for (trained_on, setting), group in groups.items()
    ]


def transfer_table(cells: Sequence[Cell]) -> pd.DataFrame:
    """Every space on every language, by layer: a row a metric, with its 95 % interval."""
    rows: list[dict[str, Any]] = []
    sentences = dict.fromkeys((cell.setting.split, cell.setting.treebank) for cell in cells)
    for place in sentences:
        own = [cell for cell in cells if (cell.setting.split, cell.setting.treebank) == place]
        measured = [(cell, tally) for cell in own for tally in cell.tallies.values()]
        for (cell, _), score in zip(measured, score_all([tally for _, tally in measured]), strict=True):
            named = {name: value for name, value in vars(cell.setting).items() if name != "seed"}
            rows.append({"trained_on": cell.trained_on, **named, "seeds": cell.seeds, **vars(score)})
    return pd.DataFrame(rows).astype(dict.fromkeys(("layer", "rank", "n"), "Int64"))


@dataclass(frozen=True)
class Kinds:
    """UUAS of kinds of spaces: the tally of each (probe, split, layer, rank, kind, language), the average among them.

    `chosen` is the layer that is reported of each probe: that whose own spaces are best on dev, averaged over
    languages, at the largest rank.
    """

    tallies: Mapping[tuple[str, str, int, int, Kind, str], Tally]
    chains: Mapping[tuple[str, str], Tally]
    chosen: Mapping[str, int]
    rank: int

    @classmethod
    def of(cls, cells: Sequence[Cell], languages: Sequence[str]) -> "Kinds":
        """Sort the cells of a matrix by kind."""
        uuas = {
            (one.setting.probe, one.setting.split, one.setting.layer, one.setting.rank, one.trained_on, language): tally
            for one in cells
            for language, tally in [(one.setting.treebank, one.tallies["uuas"])]
        }
        chains = {(split, name): tally for (probe, split, _, _, _, name), tally in uuas.items() if probe == CHAIN}
        trained = {key[:4]: None for key in uuas if key[0] != CHAIN}
        tallies: dict[tuple[str, str, int, int, Kind, str], Tally] = {}
        for probe, split, layer, rank in trained:
            if layer is None or rank is None:
                continue  # of no probe
            for language in languages:
                dev = {name: uuas.get((probe, "dev", layer, rank, name, language)) for name in languages}
                here = {
                    name: uuas[probe, split, layer, rank, name, language]
                    for name in (*languages, f"all but {language}", ALL)
                    if (probe, split, layer, rank, name, language) in uuas
                }
                for kind, tally in _kinds(here, language, dev):
                    tallies[probe, split, layer, rank, kind, language] = tally
            for kind in KINDS:
                own = [tallies.get((probe, split, layer, rank, kind, language)) for language in languages]
                if found := [tally for tally in own if tally is not None]:
                    tallies[probe, split, layer, rank, kind, AVERAGE] = average_tally(found)
        for split in {split for split, _ in chains}:
            chains[split, AVERAGE] = average_tally([chains[split, language] for language in languages])
        rank = max(key[3] for key in tallies)
        return cls(tallies, chains, _best_layers(tallies, rank), rank)

    def at(self, probe: str, split: str, kind: Kind, language: str = AVERAGE) -> Tally | None:
        """The tally of a kind at the layer that is reported; None where there is none of the kind."""
        return self.tallies.get((probe, split, self.chosen[probe], self.rank, kind, language))

    def best_baseline(self, split: str, language: str) -> float:
        """The better of the chain and, where it was probed, of the twin's own space, on a language."""
        values = [self.chains[split, language].value]
        if RANDOM_WEIGHTS in self.chosen and (twin := self.at(RANDOM_WEIGHTS, split, "own", language)):
            values.append(twin.value)
        return max(values)

    def improvement(self, split: str, kind: Kind) -> float:
        """How much of the way from the best baseline to the own space a kind goes, averages over languages.

        1 for the own space itself, 0 for what finds no more than the baseline (Chi et al. 2020, as their post of 2020
        reports it); nan where the own spaces find no more either.
        """
        languages = [name for name in dict.fromkeys(key[5] for key in self.tallies) if name != AVERAGE]
        base = float(np.mean([self.best_baseline(split, language) for language in languages]))
        own, found = self.at(TRAINED, split, "own"), self.at(TRAINED, split, kind)
        if own is None or found is None or own.value <= base:
            return math.nan
        return (found.value - base) / (own.value - base)


def kind_table(kinds: Kinds) -> pd.DataFrame:
    """UUAS by kind of space, for each language and averaged over languages, with 95 % intervals."""
    rows: list[dict[str, Any]] = []
    for (probe, split, layer, rank, kind, language), score in _scored(kinds.tallies):
        reported = layer == kinds.chosen[probe] and rank == kinds.rank
        told = probe == TRAINED and reported and language == AVERAGE
        rows.append(
            {"probe": probe, "kind": kind, "treebank": language, "split": split, "layer": layer, "rank": rank}
            | vars(score)
            | {"reported": reported, "improvement": kinds.improvement(split, kind) if told else math.nan}
        )
    for (split, language), score in _scored(kinds.chains):
        rows.append({"probe": CHAIN, "kind": "", "treebank": language, "split": split} | vars(score))
    table = pd.DataFrame(rows).astype(dict.fromkeys(("layer", "rank", "n"), "Int64"))
    return table.assign(reported=table["reported"].fillna(True).astype(bool))


def difference_table(kinds: Kinds, *, split: str) -> pd.DataFrame:
    """Paired differences of UUAS at the reported layers, on the same sentences: `first` less `second`.

    Kinds of spaces of the checkpoint among each other, each against the same kind of the twin, and against the chain.
    """
    rows: list[dict[str, Any]] = []
    languages = dict.fromkeys(key[5] for key in kinds.tallies)
    for language in languages:
        found = {kind: kinds.at(TRAINED, split, kind, language) for kind in KINDS}
        named = [(str(one), str(other), found[one], found[other]) for one, other in _COMPARED]
        for kind, ours in found.items():
            if RANDOM_WEIGHTS in kinds.chosen:
                named.append((kind, f"{kind}, {RANDOM_WEIGHTS}", ours, kinds.at(RANDOM_WEIGHTS, split, kind, language)))
            named.append((kind, CHAIN, ours, kinds.chains[split, language]))
        pairs = [(first, second, (one, other)) for first, second, one, other in named if one and other]
        for (first, second, _), gap in zip(pairs, paired_differences([pair for _, _, pair in pairs]), strict=True):
            rows.append({"treebank": language, "split": split, "first": first, "second": second, **vars(gap)})
    return pd.DataFrame(rows)


def average_tally(tallies: Sequence[Tally]) -> Tally:
    """The tally of the mean over languages of a micro average: every language is a stratum, whatever its size.

    Where the languages have as many sentences and the same documents, as a text and its translations have, a document
    and its translation are resampled together; elsewhere the documents of each language are its own.
    """
    documents = None
    if all(one.documents is not None for one in tallies):
        known = [one.documents for one in tallies if one.documents is not None]
        same = all(np.array_equal(known[0], one) for one in known)
        sizes = np.cumsum([0, *(0 if same else int(one.max()) + 1 for one in known[:-1])])
        documents = np.concatenate([one + size for one, size in zip(known, sizes, strict=True)])
    return Tally(
        tallies[0].metric,
        np.concatenate([one.numerators for one in tallies]),
        np.concatenate([one.denominators for one in tallies]),
        np.repeat(np.arange(len(tallies)), [len(one.numerators) for one in tallies]),
        documents,
    )


def _kinds(here: Mapping[str, Tally], language: str, dev: Mapping[str, Tally | None]) -> Iterator[tuple[Kind, Tally]]:
    """What each kind of space finds of a language, from the tallies of spaces by name; `dev` chooses the best other."""
    others = [name for name in dev if name != language]
    yield "own", here[language]
    yield "other", mean_tally([here[name] for name in others])
    if len(others) > 1:
        values = {name: tally.value for name, tally in dev.items() if name != language and tally is not None}
        yield "best other", here[max(values, key=lambda name: values[name])]
        yield "holdout", here[f"all but {language}"]
    yield "all", here[ALL]


def _best_layers(tallies: Mapping[tuple[str, str, int, int, Kind, str], Tally], rank: int) -> dict[str, int]:
    """For each probe the layer whose own spaces are best on dev, averaged over languages; the lowest of equal ones."""
    best: dict[str, tuple[float, int]] = {}
    for (probe, split, layer, one, kind, language), tally in tallies.items():
        if (split, one, kind, language) == ("dev", rank, "own", AVERAGE):
            best[probe] = max(best.get(probe, (-math.inf, 0)), (tally.value, -layer))
    return {probe: -layer for probe, (_, layer) in best.items()}


def _scored(tallies: Mapping[Any, Tally]) -> Iterator[tuple[Any, Any]]:
    """The keys, languages last, with the scores of their tallies; those over the same sentences are resampled alike."""
    for place in dict.fromkeys((key[-1], _split_of(key)) for key in tallies):
        keys = [key for key in tallies if (key[-1], _split_of(key)) == place]
        found = resample([tallies[key] for key in keys])
        yield from ((key, found.score(number)) for number, key in enumerate(keys))


def _split_of(key: Sequence[Any]) -> Any:
    return key[1] if len(key) > 2 else key[0]
