"""Probes of the layers, and of what an edit leaves at the layer itself: completeness and selectivity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Scorer, Sentence
from treeprobe.pipeline.effects.asked import Asked, OtherTrees, asked_of_sentences
from treeprobe.pipeline.effects.conditions import Condition
from treeprobe.pipeline.effects.edited_words import edited_words
from treeprobe.pipeline.effects.measures import UUAS, Measure, Measured
from treeprobe.pipeline.effects.properties import Properties
from treeprobe.probes import DistanceProbe, fit_all
from treeprobe.probes.states import SomeStates, States
from treeprobe.probes.targets import GoldTargets

FRESH = "fresh_uuas"
"""Share of the gold edges that a probe finds which was trained on edited states."""

HELD_OUT = 10
"""One training sentence in so many decides which epoch of a probe is kept."""


@dataclass(frozen=True)
class Settled:
    """How probes are trained."""

    rank: int
    seed: int
    epochs: int | None
    device: str

    def probe(self, layer: int) -> DistanceProbe:
        """A probe of a layer, not yet trained."""
        return DistanceProbe(layer, self.rank, self.seed, epochs=self.epochs, device=self.device)


def train_probes(
    settled: Settled, layers: Sequence[int], states: States, sentences: Sequence[Sentence], *, progress: bool = False
) -> list[DistanceProbe]:
    """A distance probe for each layer; a tenth of the sentences decides which epoch is kept."""
    numbers = np.arange(len(sentences))
    held = numbers % HELD_OUT == 0
    distances = [sentence.distances for sentence in sentences]
    parts = [
        (SomeStates(states, numbers[chosen]), GoldTargets([distances[number] for number in numbers[chosen]]))
        for chosen in (~held, held)
    ]
    probes = [settled.probe(layer) for layer in layers]
    fit_all(probes, *parts[0], validation=parts[1], progress=progress)
    return probes


@dataclass(frozen=True)
class LayerWords:
    """The words of a text as they are at every layer, with what counterfactuals ask of it."""

    states: States
    sentences: Sequence[Sentence]
    asked: Asked

    @classmethod
    def of(cls, states: States, sentences: Sequence[Sentence], others: OtherTrees) -> "LayerWords":
        """Ask for another tree of every sentence."""
        return cls(states, sentences, asked_of_sentences(sentences, others))

    def under(self, condition: Condition | None, layer: int) -> list[NDArray[np.float32]]:
        """The vectors of a layer, one (words, dim) array a sentence, as a condition leaves them."""
        if condition is None:
            words, lengths = self.states.read(slice(None), [layer])[0], np.asarray(self.states.lengths)
            return list(np.split(words, np.cumsum(lengths)[:-1]))
        return edited_words(self.states, layer, condition.edit(self.asked))


def measure_fresh(
    train: LayerWords,
    scored: LayerWords,
    layer: int,
    conditions: Sequence[Condition | None],
    *,
    settled: Settled,
    properties: Properties,
    scorer: Scorer,
) -> list[Measured]:
    """What can still be read at a layer under each condition, by probes and classifiers that never saw it otherwise.

    The probes of all conditions are trained side by side.
    """
    fitted = [train.under(condition, layer) for condition in conditions]
    held_out = [scored.under(condition, layer) for condition in conditions]
    probes = train_probes(settled, range(len(conditions)), SideBySide(fitted), train.sentences)
    found: list[Measured] = []
    for probe, before, after in zip(probes, fitted, held_out):
        uuas = scorer.distances(probe.predict(after))[UUAS]
        accuracies = properties.accuracies(before, after)
        found.append(
            {Measure(FRESH, layer): uuas, **{Measure(name, layer): tally for name, tally in accuracies.items()}}
        )
    return found


class SideBySide:
    """Several versions of the same words, numbered as if they were layers."""

    def __init__(self, versions: Sequence[Sequence[NDArray[np.float32]]]) -> None:
        self._versions = versions
        self.layers = tuple(range(len(versions)))
        self.lengths = np.array([len(words) for words in versions[0]], dtype=np.int64)
        self.dim = int(versions[0][0].shape[1])

    def read(self, sentences: Any, layers: Iterable[int] | None = None) -> NDArray[np.float32]:
        """The words of some sentences back to back, (versions, words, dim)."""
        wanted = np.arange(len(self.lengths))[sentences]
        chosen = self.layers if layers is None else layers
        return np.stack([np.concatenate([self._versions[one][number] for number in wanted]) for one in chosen])
