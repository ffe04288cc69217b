"""Labelled trees in every layer's states: heads and relations by DepProbe, LAS and UAS."""

from collections import Counter
from functools import partial
from pathlib import Path

import pandas as pd

from treeprobe.parsing import choose_punctuation, score_heads
from treeprobe.parsing.treebanks import check_relations
from treeprobe.pipeline.closing_table import aligned, split_title
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.baselines import random_weights_baseline
from treeprobe.pipeline.probing.labelled import measure_trees, new_tree_probes, universal_bank
from treeprobe.pipeline.probing.probes import read_states, train
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.results.scores import (
    CHAIN,
    CHOSEN_ON,
    RANDOM_WEIGHTS,
    Measurement,
    Setting,
    best_layer,
    tabulate,
)
from treeprobe.pipeline.results.tally_files import write_tallies
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DepProbe
from treeprobe.reporting import layer_curves, merge_seeds, metric_name, new_figure, save_formats

SCORES = ("las", "uas")
"""What is shown: heads with their relations, the headline, and heads alone."""

LEGEND = """\
LAS: share of the words with the gold head and relation; UAS: with the gold head.
Punctuation is left out; relations are compared without subtypes. Seeds averaged.
±: half the width of the 95 % interval. *: the best layer by LAS on dev."""


def labelled_trees(subject: Subject, options: Options) -> Findings:
    """Train DepProbe on every layer (Müller-Eberstein et al. 2022) and score its trees on dev and test.

    The best layer is the one of the highest LAS on dev. Baselines in the same table: the left-to-right chain with the
    most frequent relation, and the same architecture with random weights.

    Raises TreebankError for a split without relations.
    """
    subject = subject.with_splits({split: universal_bank(bank) for split, bank in subject.splits.items()})
    for bank in subject.splits.values():
        check_relations(bank, str(bank.path or bank.name))
    measurements = [*_probed(subject, options), *_chain(subject, options)]
    if options.random_baseline:
        measurements += random_weights_baseline(subject, options, _probed)
    with subject.stage("bootstrap"):
        scores = tabulate(measurements)
    best = best_layer(scores, metric="las", probe=DepProbe.kind)
    return Findings(
        summary=_summary(subject, scores, best),
        tables={"scores": scores},
        artefacts={"tallies": partial(write_tallies, measurements=measurements, edges={})},
        figures=partial(_draw, scores),
        details={"best_layer": best},
        closing=_closing(scores, best),
    )


def _probed(subject: Subject, options: Options) -> list[Measurement]:
    """New probes of a subject, trained and scored."""
    states = read_states(subject, options)
    probes = train(subject, new_tree_probes(subject, options, (DepProbe,)), states)
    return measure_trees(subject, probes, states, options)


def _chain(subject: Subject, options: Options) -> list[Measurement]:
    """Each word hangs from the one before it by the relation that is most frequent in training."""
    counts = Counter(relation for sentence in subject.splits["train"] for relation in sentence.relations)
    common = max((relation for relation in counts if relation != "root"), key=counts.__getitem__)
    found = []
    for split in subject.scored:
        bank = subject.splits[split]
        rule = choose_punctuation(bank, options.punctuation).rule
        heads = [list(range(-1, len(sentence) - 1)) for sentence in bank]
        relations = [["root", *[common] * (len(sentence) - 1)] for sentence in bank]
        tallies = score_heads(bank, heads, relations=relations, punctuation=rule)
        setting = Setting(subject.encoder.name, bank.name, split, CHAIN, punctuation=rule)
        found.append(Measurement(setting, {name: tallies[name] for name in SCORES}))
    return found


def _summary(subject: Subject, scores: pd.DataFrame, best: int | None) -> str:
    """The result in one sentence."""
    split = subject.scored[-1]
    title = split_title(split, subject.splits[split].name)
    if best is None:
        return f"{subject.encoder.name}: {title} has no word to score."
    rows = merge_seeds(scores[(scores["split"] == split) & (scores["metric"] == "las")])
    own = rows[(rows["probe"] == DepProbe.kind) & (rows["layer"] == best)].sort_values("rank").iloc[-1]
    chain = rows.loc[rows["probe"] == CHAIN, "value"].iloc[0]
    twin = rows[rows["probe"] == RANDOM_WEIGHTS]
    told = f" and {twin['value'].max():.1%} at the best layer of random weights" if len(twin) else ""
    return (
        f"{subject.encoder.name}: DepProbe at layer {best}, {CHOSEN_ON[split]}, gives {own['value']:.1%} of the words "
        f"of {title} their head and relation ({own['low']:.1%} to {own['high']:.1%}), against {chain:.1%} when each "
        f"word hangs from the one before it{told}."
    )


def _closing(scores: pd.DataFrame, best: int | None) -> Closing:
    """LAS and UAS by split: the best layer and the baselines; in full, every layer."""
    rows = merge_seeds(scores[scores["metric"].isin(SCORES)])
    shown = rows["probe"].map({name: best_layer(scores, metric="las", probe=name) for name in rows["probe"].unique()})
    first = rows[rows["layer"].isna() | (rows["layer"] == shown).fillna(False).astype(bool)]
    return Closing(text=_text(first, best), full=_text(rows, best), rows=rows)


def _text(rows: pd.DataFrame, best: int | None) -> str:
    """The rows as a terminal shows them, what is reported first."""
    blocks = []
    for split, block in sorted(rows.groupby("split", sort=False), key=lambda pair: pair[0] != "test"):
        lines = [["", "layer", "rank", *map(metric_name, SCORES)]]
        for _, own in block.groupby(["probe", "layer", "rank"], sort=False, dropna=False):
            first, *others = own.sort_values("metric", key=lambda names: names.map(SCORES.index)).to_dict("records")
            cells = [f"{row['value']:.3f} ±{(row['high'] - row['low']) / 2:.3f}" for row in (first, *others)]
            layer, rank = ("" if pd.isna(first[name]) else str(first[name]) for name in ("layer", "rank"))
            mark = "*" if first["probe"] == DepProbe.kind and layer == str(best) else ""
            lines.append([str(first["probe"]), f"{layer}{mark}", rank, *cells])
        blocks.append("\n".join([split_title(str(split), block["treebank"].iloc[0]), *aligned(lines)]))
    return "\n\n".join([*blocks, LEGEND])


def _draw(scores: pd.DataFrame, folder: Path) -> None:
    """LAS and UAS by layer."""
    for metric in SCORES:
        figure, axes = new_figure()
        layer_curves(scores[scores["metric"] == metric], axes, metric=metric)
        save_formats(figure, folder / f"{metric}-by-layer")
