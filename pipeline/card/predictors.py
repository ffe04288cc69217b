"""What a card scores side by side: a checkpoint's probes, those of random weights, and the chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Scorer, Treebank
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import Probe, SplitStates, load_probes, measure, new_probes, read_states, train
from treeprobe.pipeline.results.scores import CHAIN, PROBE_OF, RANDOM_WEIGHTS, best_layer, tabulate
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DistanceProbe, States

Trees = Sequence[NDArray[np.int64]]
"""Heads of each sentence, as `Scorer.trees` has them."""
Place = tuple[str, int | None]
"""Who predicts: the name of a predictor, and the layer that it reads."""


@dataclass(frozen=True)
class Predictor:
    """Distance probes of every layer and seed, trained once and used on every text.

    Attributes:
        name: `distance` or `random weights`.
        subject: whose encoder they read; of random weights, the twin.
        states: what they were trained on and chosen by.
        best: the layer that dev chose among theirs; None where no edge was scored.
    """

    name: str
    subject: Subject
    probes: Sequence[DistanceProbe]
    states: SplitStates
    best: int | None
    options: Options

    @property
    def layers(self) -> list[int]:
        """The layers that they read."""
        return sorted({probe.layer or 0 for probe in self.probes})

    def at(self, layer: int | None) -> list[DistanceProbe]:
        """The probes of a layer, one for each seed."""
        return [probe for probe in self.probes if probe.layer == layer]

    def states_of(self, bank: Treebank) -> States:
        """The states of other sentences, through the cache as those of any treebank."""
        return self.subject.with_splits({"dev": bank}).states("dev", self.options)

    def trees(self, states: States, scorer: Scorer) -> dict[Place, list[Trees]]:
        """The trees of some sentences, by layer, one list of them for each seed."""
        found: dict[Place, list[Trees]] = {}
        for probe in self.probes:
            with self.subject.stage("recover trees"):
                found.setdefault((self.name, probe.layer), []).append(scorer.trees(probe.predict(states)))
        return found


def train_predictors(subject: Subject, options: Options) -> tuple[list[Predictor], Options]:
    """The checkpoint's distance probes and, unless told otherwise, those of the architecture with random weights.

    Of several ranks the largest is used. Probes of a run are taken over where the subject has some.

    Returns:
        The predictors, and the options that were followed.

    Raises:
        FindingsError, ProbeError: the folder of probes holds none of this checkpoint.
    """
    saved = None if subject.probes is None else load_probes(subject.probes, subject)
    options = options if saved is None else saved.training(options)
    rank = max(options.fitted(dim=subject.encoder.dim, layers=subject.encoder.layers).ranks)
    options = replace(options, ranks=(rank,))
    states = read_states(subject, options)
    probes = train_on(subject, states, options, options.layers) if saved is None else saved.distance
    found = [_predictor(PROBE_OF["uuas"], subject, probes, states, options)]
    if options.random_baseline:
        twin = subject.with_random_weights()
        states = read_states(twin, options)
        own = train_on(twin, states, options, options.layers)
        found.append(_predictor(RANDOM_WEIGHTS, twin, own, states, options))
    return found, options


def train_on(
    subject: Subject, states: SplitStates, options: Options, layers: Sequence[int] | None
) -> list[DistanceProbe]:
    """New distance probes of some layers, or of all, for every seed."""
    every: list[Probe] = new_probes(subject, replace(options, layers=layers))
    probes = [probe for probe in every if isinstance(probe, DistanceProbe)]
    train(subject, list(probes), states)
    return probes


def chain_trees(scorer: Scorer) -> dict[Place, list[Trees]]:
    """Each word joined to the next."""
    return {(CHAIN, None): [scorer.trees([chain_distances(len(sentence)) for sentence in scorer.gold])]}


def _predictor(
    name: str, subject: Subject, probes: Sequence[DistanceProbe], states: SplitStates, options: Options
) -> Predictor:
    """Trained probes with the layer that dev chooses among them."""
    dev: Mapping[Any, Treebank] = {split: bank for split, bank in subject.splits.items() if split != "test"}
    with subject.stage("choose layer"):
        scores = tabulate(measure(subject.with_splits(dev), probes, states, options))
    return Predictor(name, subject, probes, states, best_layer(scores), options)
