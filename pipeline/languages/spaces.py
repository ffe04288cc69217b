"""Spaces by the languages whose trees they were fitted to: one's own, all but one, all (Chi et al. 2020, section 4)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from treeprobe.parsing import Scorer, Tally, Treebank
from treeprobe.parsing.treebanks import Split
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import SplitStates, new_probes, read_states
from treeprobe.pipeline.results.scores import CHAIN, RANDOM_WEIGHTS, Setting
from treeprobe.pipeline.subjects.languages import joined_splits
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DistanceProbe, fit_all
from treeprobe.probes.states import SomeStates

ALL, TRAINED = "all", "distance"
"""What the space of all languages is called, and what tables call the probes of the checkpoint itself."""


@dataclass(frozen=True)
class Space:
    """The space of some languages: `name` is the one language, "all", or "all but" the one that is held out."""

    name: str
    languages: tuple[str, ...]

    @property
    def is_holdout(self) -> bool:
        """Whether one language is held out, on which alone it is scored."""
        return len(self.languages) > 1 and self.name != ALL


@dataclass(frozen=True)
class FittedSpace:
    """A space with its probes, one for each layer, rank and seed."""

    space: Space
    probes: Sequence[DistanceProbe]

    def probe(self, layer: int) -> DistanceProbe:
        """The probe of a layer: that of the largest rank and the first seed."""
        rank = max(probe.rank for probe in self.probes)
        return next(probe for probe in self.probes if (probe.layer, probe.rank) == (layer, rank))


@dataclass(frozen=True)
class Transferred:
    """The tallies of one probe, or of a baseline, on one language: `setting.treebank` is the language scored.

    `trained_on` is the name of the space; empty for the chain, which is trained on nothing.
    """

    trained_on: str
    setting: Setting
    tallies: Mapping[str, Tally]


@dataclass(frozen=True)
class Languages:
    """A subject whose splits are of several languages, with the states of all of them.

    Attributes:
        checkpoint, probe: what tables call the checkpoint and its probes: those of the twin are `random weights` of the
            checkpoint.
    """

    subject: Subject
    states: SplitStates
    options: Options
    checkpoint: str
    probe: str = TRAINED

    @classmethod
    def of(cls, subject: Subject, options: Options) -> list["Languages"]:
        """The subject and, where it is asked for, its twin with random weights."""
        name = subject.encoder.name
        found = [cls(subject, read_states(subject, options), options, name)]
        if options.random_baseline:
            twin = subject.with_random_weights(0)
            found.append(cls(twin, read_states(twin, options), options, name, RANDOM_WEIGHTS))
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The languages."""
        return joined_splits(self.subject.splits)["dev"].languages

    @property
    def spaces(self) -> list[Space]:
        """The space of each language, of all but each where these are several, and of all."""
        names = self.names
        own = [Space(name, (name,)) for name in names]
        held_out = [Space(f"all but {name}", tuple(other for other in names if other != name)) for name in names]
        return [*own, *(held_out if len(names) > 2 else []), Space(ALL, names)]

    def some(self, split: Split, languages: Sequence[str]) -> tuple[SomeStates, Treebank]:
        """The states and trees of some languages in a split."""
        bank = joined_splits(self.subject.splits)[split]
        rows = np.concatenate([np.arange(len(bank))[bank.rows[name]] for name in languages])
        return SomeStates(self.states[split], rows), Treebank([bank[int(row)] for row in rows])

    @cached_property
    def scorers(self) -> Mapping[tuple[Split, str], Scorer]:
        """The scorer of each language in each split that is scored."""
        return {
            (split, name): Scorer(self.some(split, (name,))[1], punctuation=self.options.punctuation)
            for split in self.subject.scored
            for name in self.names
        }

    def fit(self, space: Space) -> FittedSpace:
        """Fit the distance probes of a space; its own languages of dev alone decide which epoch is kept."""
        probes = [probe for probe in new_probes(self.subject, self.options) if isinstance(probe, DistanceProbe)]
        with self.subject.stage(f"train probes ({self.probe})"):
            fit_all(
                probes,
                *self.some("train", space.languages),
                validation=self.some("dev", space.languages),
                progress=self.subject.progress,
            )
        return FittedSpace(space, probes)

    def score(self, fitted: FittedSpace) -> Iterator[Transferred]:
        """The tallies of a space on every language; of one that held a language out, on that language."""
        space = fitted.space
        scored = [name for name in self.names if not (space.is_holdout and name in space.languages)]
        for split in self.subject.scored:
            for name in scored:
                states, _ = self.some(split, (name,))
                scorer = self.scorers[split, name]
                for probe in fitted.probes:
                    with self.subject.stage(f"score {split}"):
                        tallies = scorer.distances(probe.predict(states))
                    setting = self.setting(split, name)
                    setting = replace(setting, layer=probe.layer, rank=probe.rank, seed=probe.seed)
                    yield Transferred(space.name, setting, tallies)

    def setting(self, split: Split, language: str) -> Setting:
        """What scores of a language in a split are of, without layer, rank and seed."""
        rule = self.scorers[split, language].punctuation
        return Setting(self.checkpoint, language, split, self.probe, punctuation=rule)

    def chains(self, split: Split) -> Iterator[Transferred]:
        """The tallies of the chain, each word attached to the one before it, in every language."""
        for name in self.names:
            scorer = self.scorers[split, name]
            tallies = scorer.distances([chain_distances(len(sentence)) for sentence in scorer.gold])
            yield Transferred("", replace(self.setting(split, name), probe=CHAIN), tallies)
