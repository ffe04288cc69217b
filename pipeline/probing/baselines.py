"""Baselines of structural probes, in the same rows: the chain, the states alone, random weights, control trees."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from treeprobe.parsing import Scorer, Sentence, Treebank
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import SplitStates, measure, new_probes, read_states, train
from treeprobe.pipeline.results.scores import CHAIN, CONTROL, RANDOM_WEIGHTS, UNTRANSFORMED, Measurement, Setting
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import TreeShape, control_heads, untransformed_distances


def chain_baseline(subject: Subject, options: Options) -> list[Measurement]:
    """The left-to-right chain on every split that is scored: each word is attached to the one before it."""
    found = []
    for split in subject.scored:
        bank = subject.splits[split]
        scorer = Scorer(bank, punctuation=options.punctuation)
        distances = scorer.distances([chain_distances(len(sentence)) for sentence in bank])
        depths = scorer.depths([np.arange(len(sentence)) for sentence in bank])
        setting = Setting(subject.encoder.name, bank.name, split, CHAIN, punctuation=scorer.punctuation)
        found.append(Measurement(setting, {**distances, **depths}))
    return found


def untransformed_baseline(subject: Subject, states: SplitStates, options: Options) -> list[Measurement]:
    """The squared L2 distances of each layer's states, on every split that is scored: a distance probe with B = I."""
    found = []
    for split in subject.scored:
        bank = subject.splits[split]
        scorer = Scorer(bank, punctuation=options.punctuation)
        for layer in subject.encoder.layers if options.layers is None else options.layers:
            setting = Setting(
                subject.encoder.name, bank.name, split, UNTRANSFORMED, layer, punctuation=scorer.punctuation
            )
            with subject.stage(f"score {split}"):
                tallies = scorer.distances(untransformed_distances(states[split], layer=layer))
            found.append(Measurement(setting, tallies))
    return found


def structural_probes(subject: Subject, options: Options) -> list[Measurement]:
    """New distance and depth probes of a subject, trained and scored."""
    states = read_states(subject, options)
    return measure(subject, train(subject, new_probes(subject, options), states), states, options)


def random_weights_baseline(
    subject: Subject,
    options: Options,
    measured: Callable[[Subject, Options], list[Measurement]] = structural_probes,
) -> list[Measurement]:
    """Probes of the largest rank on the same architecture with random weights, as the checkpoint's baseline.

    The column `seed` is that of the weights and of their probes: each twin is one draw of both.

    Args:
        measured: trains probes on a subject and scores them.
    """
    ranks = options.fitted(dim=subject.encoder.dim, layers=subject.encoder.layers).ranks
    found: list[Measurement] = []
    for seed in range(options.twins):
        own = replace(options, ranks=(max(ranks),), seeds=(seed,))
        found += measured(subject.with_random_weights(seed), own)
    return [measurement.as_baseline(subject.encoder.name, RANDOM_WEIGHTS) for measurement in found]


def control_baseline(subject: Subject, states: SplitStates, options: Options) -> list[Measurement]:
    """New probes trained and scored on control trees of the same sentences, reported as the baseline `control`.

    A control tree follows from the word types and their order alone, and has about the shape of the training trees
    (Hewitt & Liang 2019; `probes.control_heads`).
    """
    shape = TreeShape.of([sentence.heads for sentence in subject.splits["train"]])
    controlled = subject.with_splits({split: control_bank(bank, shape) for split, bank in subject.splits.items()})
    found = measure(controlled, train(controlled, new_probes(controlled, options), states), states, options)
    return [measurement.as_baseline(subject.encoder.name, CONTROL) for measurement in found]


def control_bank(bank: Treebank, shape: TreeShape) -> Treebank:
    """The same sentences with their control trees in place of the gold ones; no relation but `root` and `dep`."""
    return Treebank([control_sentence(sentence, shape) for sentence in bank], name=bank.name, path=bank.path)


def control_sentence(sentence: Sentence, shape: TreeShape) -> Sentence:
    """One sentence with its control tree."""
    heads = tuple(control_heads(sentence.words, shape=shape).tolist())
    return replace(sentence, heads=heads, relations=tuple("root" if head < 0 else "dep" for head in heads))
