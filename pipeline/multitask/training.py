"""Training and scoring of the ladder on samples of a treebank; of each rung, the strength that dev prefers."""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Scorer, Tally, Treebank, score_relations
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.multitask.schemes import Scheme, balanced_weights, schemes_of
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import SplitStates
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import MultitaskProbe, SomeStates, fit_all
from treeprobe.probes.states import evenly_spaced

HEADLINES: Mapping[str, str] = {"distance": "uuas", "depth": "nspr", "relation": "relation_accuracy"}
"""The score of each task that decides."""

EPOCH_SENTENCES = 200
"""Sentences of dev, spread through it, on which the epoch of each probe is chosen; all of dev chooses all else."""

Tallies = Mapping[str, Tally]


@dataclass(frozen=True)
class Place:
    """What a comparison holds fixed: the states, the width of the maps, and the sentences trained on."""

    layer: int
    rank: int
    sentences: int


@dataclass(frozen=True)
class Fitted:
    """A fitted probe of a rung and its tallies by metric, on dev and on test."""

    place: Place
    scheme: Scheme
    probe: MultitaskProbe
    dev: Tallies
    test: Tallies

    @property
    def preference(self) -> float:
        """The mean over its tasks of their headline scores on dev."""
        return float(np.mean([self.dev[HEADLINES[task]].value for task in self.probe.tasks]))


class Ladder:
    """The ladder on a subject: states are read once, probes of one sample are trained in one pass."""

    def __init__(self, subject: Subject, states: SplitStates, options: Options) -> None:
        self._subject, self._states, self._options = subject, states, options
        self._scorers: dict[Split, Scorer] = {
            split: Scorer(subject.splits[split], punctuation=options.punctuation) for split in subject.scored
        }

    def fitted(self) -> Iterator[Fitted]:
        """Every rung at every size, seed by seed. Strengths are compared with the first seed, and one is kept."""
        first, *others = self._options.seeds
        for size in sizes_of(self._options, available=len(self._subject.splits["train"])):
            kept = list(preferred(self._fit(size, first, schemes_of(self._options))))
            yield from kept
            for seed in others:
                yield from self._fit_again(size, seed, kept)

    def _fit(self, size: int, seed: int, schemes: Sequence[Scheme]) -> list[Fitted]:
        """New probes of some schemes at every layer and rank."""
        layers = self._subject.encoder.layers if self._options.layers is None else self._options.layers
        rungs = [
            (Place(layer, rank, size), scheme) for layer in layers for rank in self._options.ranks for scheme in schemes
        ]
        return self._fit_rungs(size, seed, rungs)

    def _fit_again(self, size: int, seed: int, kept: Sequence[Fitted]) -> list[Fitted]:
        """The probes that were kept, trained on another sample from another start."""
        rungs = list(dict.fromkeys((one.place, one.scheme) for one in kept))
        return self._fit_rungs(size, seed, rungs, only={(one.place, one.scheme, one.probe.tasks) for one in kept})

    def _fit_rungs(
        self, size: int, seed: int, rungs: Sequence[tuple[Place, Scheme]], *, only: Container[object] | None = None
    ) -> list[Fitted]:
        """New probes of some rungs on one sample, in one pass; `only` says which of the probes of separate tasks."""
        bank, rows = self._sample(size, seed)
        weights, device = balanced_weights(bank), str(self._subject.encoder.device)
        untrained = [
            (place, scheme, probe)
            for place, scheme in rungs
            for probe in scheme.probes(
                place.layer, place.rank, seed, weights=weights, epochs=self._options.epochs, device=device
            )
            if only is None or (place, scheme, probe.tasks) in only
        ]
        self._train([probe for *_, probe in untrained], bank, rows)
        return [self._measured(*each) for each in untrained]

    def _sample(self, size: int, seed: int) -> tuple[Treebank, NDArray[np.int64]]:
        """So many sentences of the training split; those of a smaller size are among those of a larger one."""
        bank = self._subject.splits["train"]
        rows = np.random.default_rng(seed).permutation(len(bank))[:size]
        return Treebank([bank[row] for row in rows.tolist()], name=bank.name), rows

    def _train(self, probes: Sequence[MultitaskProbe], bank: Treebank, rows: NDArray[np.int64]) -> None:
        """Fit probes in one pass; sentences of dev choose the epoch of each."""
        dev = self._subject.splits["dev"]
        chosen = evenly_spaced(len(dev), most=EPOCH_SENTENCES)
        held_out = Treebank([dev[row] for row in chosen.tolist()], name=dev.name)
        with self._subject.stage(f"train probes on {len(bank)} sentences"):
            fit_all(
                probes,
                SomeStates(self._states["train"], rows),
                bank,
                validation=(SomeStates(self._states["dev"], chosen), held_out),
                progress=self._subject.progress,
            )

    def _measured(self, place: Place, scheme: Scheme, probe: MultitaskProbe) -> Fitted:
        """The probe with its tallies."""
        with self._subject.stage("score"):
            return Fitted(place, scheme, probe, self._tallies(probe, "dev"), self._tallies(probe, "test"))

    def _tallies(self, probe: MultitaskProbe, split: Split) -> Tallies:
        """Tallies of a probe's tasks on a split, by metric."""
        predicted, scorer = probe.predict(self._states[split]), self._scorers[split]
        found: dict[str, Tally] = {}
        if "distance" in probe.tasks:
            found |= scorer.distances([one.distances for one in predicted])
        if "depth" in probe.tasks:
            found |= scorer.depths([one.depths for one in predicted])
        if "relation" in probe.tasks:
            relations = [one.relations for one in predicted]
            found |= score_relations(self._subject.splits[split], relations, punctuation=scorer.punctuation)
        return found


def sizes_of(options: Options, *, available: int) -> list[int]:
    """The sizes of samples, none above what there is, each once."""
    return sorted({min(size, available) for size in options.train_sizes})


def preferred(fitted: Sequence[Fitted]) -> list[Fitted]:
    """Of probes that differ only in the strength of their penalty, the one that dev prefers; the weaker on a tie."""
    alike: dict[object, list[Fitted]] = defaultdict(list)
    for one in fitted:
        alike[one.place, one.scheme.sharing, one.scheme.weighting, tuple(one.probe.tasks)].append(one)
    return [max(several, key=lambda one: one.preference) for several in alike.values()]
