"""Probes that predict labelled trees, trained and scored on a subject, and the chain as their baseline."""

from collections import Counter

from treeprobe.parsing import choose_punctuation, score_heads
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import SplitStates
from treeprobe.pipeline.results.scores import CHAIN, Measurement, Setting
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DepProbe, fit_all

SCORES = ("las", "uas")
"""What labelled trees are scored by: heads with their relations, the headline, and heads alone."""


def labelled_probes(subject: Subject, options: Options) -> list[DepProbe]:
    """A probe, not yet trained, for each rank, layer and seed of the options."""
    return [
        DepProbe(layer, rank, seed, epochs=options.epochs, device=str(subject.encoder.device))
        for rank in options.fitted(dim=subject.encoder.dim, layers=subject.encoder.layers).ranks
        for layer in (subject.encoder.layers if options.layers is None else options.layers)
        for seed in options.seeds
    ]


def train_labelled(subject: Subject, probes: list[DepProbe], states: SplitStates) -> list[DepProbe]:
    """Train probes on the training split in one pass over the data, the dev split deciding which epoch is kept."""
    with subject.stage("train probes"):
        fit_all(
            probes,
            states["train"],
            subject.splits["train"],
            validation=(states["dev"], subject.splits["dev"]),
            progress=subject.progress,
        )
    return probes


def measure_labelled(
    subject: Subject, probes: list[DepProbe], states: SplitStates, options: Options
) -> list[Measurement]:
    """LAS and UAS of trained probes on every split that is scored; their trees are not kept."""
    found = []
    for split in subject.scored:
        bank = subject.splits[split]
        rule = choose_punctuation(bank, options.punctuation).rule
        for probe in probes:
            with subject.stage(f"predict {split}"):
                trees = probe.predict(states[split])
            with subject.stage(f"score {split}"):
                heads, relations = [tree.heads for tree in trees], [tree.relations for tree in trees]
                tallies = score_heads(bank, heads, relations=relations, punctuation=rule)
            setting = Setting(
                subject.encoder.name, bank.name, split, probe.kind, probe.layer, probe.rank, probe.seed, rule
            )
            found.append(Measurement(setting, {name: tallies[name] for name in SCORES}))
    return found


def labelled_chain(subject: Subject, options: Options) -> list[Measurement]:
    """Each word hangs from the one before it by the relation that is most frequent in training."""
    counts = Counter(relation for sentence in subject.splits["train"] for relation in sentence.relations[1:])
    common = counts.most_common(1)[0][0]
    found = []
    for split in subject.scored:
        bank = subject.splits[split]
        rule = choose_punctuation(bank, options.punctuation).rule
        heads = [range(-1, len(sentence) - 1) for sentence in bank]
        relations = [["root", *[common] * (len(sentence) - 1)][: len(sentence)] for sentence in bank]
        tallies = score_heads(bank, [list(each) for each in heads], relations=relations, punctuation=rule)
        setting = Setting(subject.encoder.name, bank.name, split, CHAIN, punctuation=rule)
        found.append(Measurement(setting, {name: tallies[name] for name in SCORES}))
    return found
