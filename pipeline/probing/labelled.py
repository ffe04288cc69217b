"""Probes of labelled trees, beside the structural probes: DepProbe, the polar probe, and one of attention alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from treeprobe.attention import AttentionProbe
from treeprobe.parsing import Scorer, Sentence, Tally, Treebank, score_heads, score_relations
from treeprobe.parsing.treebanks import Split, check_relations, universal_relation
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.attention_trees import best_trees, head_scores, training_features
from treeprobe.pipeline.probing.probes import SplitStates, probe_folder, train
from treeprobe.pipeline.results.scores import ATTENTION_ONLY, LABEL_METRICS, Measurement, Setting, control_of
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DepProbe, PolarProbe, control_relations, relation_shares

TreeProbe = DepProbe | PolarProbe
FAMILIES: tuple[type[DepProbe] | type[PolarProbe], ...] = (DepProbe, PolarProbe)


@dataclass(frozen=True)
class Labelled:
    """The trained probes, everything that was measured of them and beside them, and what training did not see.

    `unseen` has for each split that is scored the relations that no training sentence has, and their number of words.
    """

    probes: Sequence[TreeProbe]
    measurements: Sequence[Measurement]
    unseen: Mapping[Split, Mapping[str, int]]

    def save(self, folder: Path) -> None:
        """Write every probe into a folder of its own."""
        for probe in self.probes:
            probe.save_pretrained(folder / probe_folder(probe.kind, probe.layer, probe.rank, probe.seed))


def labelled_probes(subject: Subject, states: SplitStates, options: Options) -> Labelled:
    """DepProbe and PolarProbe for every layer, rank and seed, with control labels, and the attention-only probe.

    Relations are those of LAS, without subtypes. In the control (Hewitt & Liang 2019), which the options can leave out,
    every word type draws its relation, and the gold tree stays. The probe of attention has heads but no relations: UAS
    is all that is scored of it.

    Nothing where the options do not ask for it. Raises TreebankError when a treebank does not name its relations.
    """
    if not options.labelled:
        return Labelled([], [], {})
    subject = subject.with_splits({split: universal_bank(bank) for split, bank in subject.splits.items()})
    for bank in subject.splits.values():
        check_relations(bank, str(bank.path or bank.name))
    probes = train(subject, new_tree_probes(subject, options), states)
    found = measure_trees(subject, probes, states, options)
    if options.control:
        found += _control(subject, states, options)
    found += _attention_only(subject, options)
    unseen = {split: Counter(probes[0].unseen(subject.splits[split])) for split in subject.scored}
    return Labelled(probes, found, unseen)


def universal_bank(bank: Treebank) -> Treebank:
    """The treebank with relations as LAS compares them, without their subtypes."""
    return _with_relations(bank, lambda sentence: tuple(map(universal_relation, sentence.relations)))


def new_tree_probes(
    subject: Subject, options: Options, families: Sequence[type[DepProbe] | type[PolarProbe]] = FAMILIES
) -> list[TreeProbe]:
    """A probe of each family, not yet trained, for each rank, layer and seed of the options."""
    return [
        kind(layer, rank, seed, epochs=options.epochs, device=str(subject.encoder.device))
        for rank in options.fitted(dim=subject.encoder.dim, layers=subject.encoder.layers).ranks
        for kind in families
        for layer in (subject.encoder.layers if options.layers is None else options.layers)
        for seed in options.seeds
    ]


def measure_trees(
    subject: Subject, probes: Sequence[TreeProbe], states: SplitStates, options: Options
) -> list[Measurement]:
    """Tallies on every split that is scored: edges under B, heads, heads with relations, relations."""
    found = []
    for split in subject.scored:
        bank = subject.splits[split]
        scorer = Scorer(bank, punctuation=options.punctuation)
        for probe in probes:
            with subject.stage(f"predict {split}"):
                trees, distances = probe.predict(states[split]), probe.distances(states[split])
            relations = [tree.relations for tree in trees]
            with subject.stage(f"score {split}"):
                heads = score_heads(
                    bank, [tree.heads for tree in trees], relations=relations, punctuation=options.punctuation
                )
                labels = score_relations(bank, relations, punctuation=options.punctuation)
                tallies = {**scorer.distances(distances), "uas": heads["uas"], "las": heads["las"], **labels}
            found.append(_measurement(subject, split, probe.kind, tallies, scorer.punctuation, probe))
    return found


def _control(subject: Subject, states: SplitStates, options: Options) -> list[Measurement]:
    """The same probes trained and scored on control labels; scores that have no label in them are left out."""
    shares = relation_shares([sentence.relations for sentence in subject.splits["train"]])

    def drawn(sentence: Sentence) -> tuple[str, ...]:
        return control_relations(sentence.words, sentence.heads, shares=shares)

    controlled = subject.with_splits({split: _with_relations(bank, drawn) for split, bank in subject.splits.items()})
    probes = train(controlled, new_tree_probes(subject, options), states)
    return [
        Measurement(
            replace(one.setting, probe=control_of(one.setting.probe)),
            {metric: one.tallies[metric] for metric in LABEL_METRICS},
        )
        for one in measure_trees(controlled, probes, states, options)
    ]


def _attention_only(subject: Subject, options: Options) -> list[Measurement]:
    """UAS of the attention-only probe (Clark et al. 2019, section 5), which reads all layers and predicts no relation.

    A sentence too long for the model to attend to as a whole has each word attached to the next one.
    """
    with subject.stage("attention-only probe"):
        sample, features = training_features(subject, options)
        probe = AttentionProbe().fit(features, sample)
        del features
        found = []
        for split in subject.scored:
            bank = subject.splits[split]
            trees = [np.append(np.arange(1, len(sentence)), -1) for sentence in bank]
            for numbers, scores in head_scores(subject, bank, probe, options):
                for number, tree in zip(numbers, best_trees(scores)):
                    trees[number] = tree
            uas = score_heads(bank, trees, punctuation=options.punctuation)["uas"]
            punctuation = Scorer(bank, punctuation=options.punctuation).punctuation
            found.append(_measurement(subject, split, ATTENTION_ONLY, {"uas": uas}, punctuation))
    return found


def _measurement(
    subject: Subject,
    split: Split,
    name: str,
    tallies: Mapping[str, Tally],
    punctuation: str,
    probe: TreeProbe | None = None,
) -> Measurement:
    place: dict[str, Any] = {} if probe is None else {"layer": probe.layer, "rank": probe.rank, "seed": probe.seed}
    treebank = subject.splits[split].name
    return Measurement(Setting(subject.encoder.name, treebank, split, name, punctuation=punctuation, **place), tallies)


def _with_relations(bank: Treebank, relations: Any) -> Treebank:
    """The same trees with other relations, given each sentence."""
    sentences = [replace(sentence, relations=relations(sentence)) for sentence in bank]
    return Treebank(sentences, name=bank.name, path=bank.path)
