"""Structural probes of every layer: which layers' states hold the tree, and the trees that they give."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.parsing import Sentence, TreebankError, write_conllu
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.analyses.labelled_figures import LabelledFigures, Space
from treeprobe.pipeline.analyses.structure_figures import StructureFigures
from treeprobe.pipeline.closing_table import closing_table, split_title
from treeprobe.pipeline.labelled_table import with_labelled
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.baselines import (
    chain_baseline,
    control_baseline,
    random_weights_baseline,
    untransformed_baseline,
)
from treeprobe.pipeline.probing.concatenation import concatenation_probes
from treeprobe.pipeline.probing.labelled import Labelled, labelled_probes
from treeprobe.pipeline.probing.probes import (
    Predictions,
    Probe,
    SplitStates,
    kind_of,
    measure_split,
    new_probes,
    read_states,
    save_probes,
    train,
)
from treeprobe.pipeline.probing.recovered_trees import annotate_predictions
from treeprobe.pipeline.results.findings import Findings, Writer
from treeprobe.pipeline.results.scores import (
    CHAIN,
    CHOSEN_ON,
    RANDOM_WEIGHTS,
    Setting,
    best_layer,
    best_rows,
    probe_rows,
    reported_split,
    tabulate,
)
from treeprobe.pipeline.results.tally_files import write_tallies
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DepthProbe, DistanceProbe, PolarProbe, online_codes
from treeprobe.probes.description_length import HELD_OUT


def structure(subject: Subject, options: Options) -> Findings:
    """Train the distance and depth probes of every layer, score them on dev and test, and recover trees.

    The best layer is the one that `best_layer` chooses; its trees, directed by predicted depth, are written for the
    last split given. Baselines in the same table: the left-to-right chain, the states without a probe, layer 0,
    the same architecture with random weights, and the same probes on control trees, from which follows the selectivity
    of every score. With `options.labelled` there are probes of labelled trees too (`probing.labelled`).

    Raises TreebankError when the treebank is too small for what is asked.
    """
    if options.description_length:
        _check_codable(subject)
    states = read_states(subject, options)
    probes = train(subject, new_probes(subject, options), states)
    measured = [measure_split(subject, split, probes, states[split], options) for split in subject.scored]
    measurements = [one for split in measured for one in split.measurements]
    measurements += chain_baseline(subject, options) + untransformed_baseline(subject, states, options)
    joined, found = concatenation_probes(subject, states, options)
    measurements += found
    labelled = labelled_probes(subject, states, options)
    measurements += labelled.measurements
    if options.control:
        measurements += control_baseline(subject, states, options)
    codes = _code_rows(subject, states, options) if options.description_length else []
    if options.random_baseline:
        measurements += random_weights_baseline(subject, options)
    with subject.stage("bootstrap"):
        scores = tabulate(measurements, more=codes)
    best = best_layer(scores)
    edges = {split.name: split.edges for split in measured}
    trees = _BestTrees.of(subject, probes, states, best, options)
    closing = closing_table(scores)
    return Findings(
        summary=_summary(subject, scores),
        tables={"scores": scores},
        artefacts={
            "probes": partial(save_probes, probes),
            **({"concatenation": partial(save_probes, joined)} if joined else {}),
            **({"labelled": labelled.save} if labelled.probes else {}),
            "tallies": partial(write_tallies, measurements=measurements, edges=edges),
            "trees.json": partial(measured[0].samples.write, punctuation=options.punctuation),
            "predictions.conllu": trees.write,
        },
        figures=partial(_draw_all, _drawings(trees, labelled, scores)),
        details={"best_layer": best, **({"unseen_relations": labelled.unseen} if labelled.probes else {})},
        closing=with_labelled(closing, scores, labelled.unseen) if labelled.probes else closing,
    )


def _drawings(trees: "_BestTrees", labelled: Labelled, scores: pd.DataFrame) -> list[Writer]:
    """What draws the figures: of the best layer's trees, and of that layer's labelled probes where there are any."""
    drawings: list[Writer] = [trees.figures(scores).draw]
    own = trees.probe
    spaces: dict[str, Space] = {f"distance probe, layer {own.layer}": own}
    for probe in labelled.probes:
        if isinstance(probe, PolarProbe) and (probe.layer, probe.rank, probe.seed) == (own.layer, own.rank, own.seed):
            spaces[f"polar probe, layer {own.layer}"] = probe
    if labelled.probes:
        bank, states = trees.subject.splits[trees.split], trees.states[trees.split]
        drawings.append(LabelledFigures(scores, trees.split, bank, states, spaces).draw)
    return drawings


def _draw_all(drawings: Sequence[Writer], folder: Path) -> None:
    for draw in drawings:
        draw(folder)


@dataclass(frozen=True)
class _BestTrees:
    """What the best layer's probes (largest rank, first seed) predict of the last split, and the states they read."""

    subject: Subject
    split: Split
    layer: int
    states: SplitStates
    probe: DistanceProbe
    distances: Predictions
    depths: Predictions
    options: Options

    @classmethod
    def of(
        cls, subject: Subject, probes: Sequence[Probe], states: SplitStates, layer: int | None, options: Options
    ) -> "_BestTrees":
        """Predict the last split with the probes of a layer; of the first layer where no score is defined."""
        split = subject.scored[-1]
        layer = layer if layer is not None else min(probe.layer or 0 for probe in probes)
        rank = max(probe.rank for probe in probes)
        chosen = [probe for probe in probes if (probe.layer, probe.rank, probe.seed) == (layer, rank, options.seeds[0])]
        distance = next(probe for probe in chosen if isinstance(probe, DistanceProbe))
        depth = next(probe for probe in chosen if isinstance(probe, DepthProbe))
        with subject.stage(f"predict {split}"):
            distances, depths = distance.predict(states[split]), depth.predict(states[split])
        return cls(subject, split, layer, states, distance, distances, depths, options)

    def write(self, path: Path) -> None:
        """Write the recovered trees as CoNLL-U."""
        write_conllu(self._recovered, path)

    def figures(self, scores: pd.DataFrame) -> StructureFigures:
        """What the figures are drawn of."""
        return StructureFigures(
            scores=scores,
            split=self.split,
            gold=self.subject.splits[self.split],
            recovered=self._recovered,
            distances=self.distances,
            depths=self.depths,
            points=self._points,
            punctuation=self.options.punctuation,
        )

    @cached_property
    def _recovered(self) -> list[Sentence]:
        """The recovered trees, which the file and the figures share."""
        bank = self.subject.splits[self.split]
        return annotate_predictions(bank, self.distances, self.depths, punctuation=self.options.punctuation)

    def _points(self, numbers: Sequence[int]) -> list[Any]:
        """The words of some sentences in the space of the distance probe, (words, rank) each."""
        vectors = [self.states[self.split].read([number], [self.layer])[0] for number in numbers]
        return self.probe.transform(vectors)


def _summary(subject: Subject, scores: pd.DataFrame) -> str:
    """The result in one sentence: UUAS on the reported split, at the layer that dev chose."""
    split = reported_split(scores)
    best = best_rows(scores, by=["checkpoint"], split=split).dropna(subset="value")
    if best.empty:
        return f"{subject.encoder.name}: {split_title(split, subject.splits[split].name)} has no edge to score."
    row = best.sort_values("rank").iloc[-1]
    seeds = f" (mean of {row['seeds']} seeds, sd {row['seed_sd']:.1%})" if row["seeds"] > 1 else ""
    return (
        f"{subject.encoder.name}: the distance probe of layer {row['layer']}, {CHOSEN_ON[split]}, finds "
        f"{row['value']:.1%} of the edges of {split_title(split, row['treebank'])}{seeds}, against "
        f"{_baselines(scores, split)}."
    )


def _baselines(scores: pd.DataFrame, split: Split) -> str:
    """The chain's UUAS in words, and that of the best layer of random weights where they were probed."""
    chain = probe_rows(scores, "uuas", probe=CHAIN).query("split == @split")["value"].iloc[0]
    told = f"{chain:.1%} when each word is joined to the next"
    layer = best_layer(scores, probe=RANDOM_WEIGHTS)
    if layer is None:
        return told
    rows = probe_rows(scores, "uuas", probe=RANDOM_WEIGHTS).query("split == @split and layer == @layer")
    networks = "one network" if len(rows) == 1 else f"{len(rows)} networks"
    return f"{told} and {rows['value'].mean():.1%} in {networks} of random weights"


def _check_codable(subject: Subject) -> None:
    """Refuse a training split too small for a code: its first block takes ten sentences, and one must follow."""
    bank = subject.splits["train"]
    if len(bank) <= HELD_OUT:
        raise TreebankError(
            f"{bank.path or bank.name}: {len(bank)} sentences; description length needs more than {HELD_OUT}"
        )


def _code_rows(subject: Subject, states: SplitStates, options: Options) -> list[dict[str, Any]]:
    """The online code of the training trees by the first seed's probe of every layer (`probes.online_codes`).

    Rows are of the split `train`, metrics `codelength` (bits) and `compression` (uniform code / online code), n the
    sentences coded. A code has no interval: it is a length of these very trees in one order.
    """
    ranks = options.fitted(dim=subject.encoder.dim, layers=subject.encoder.layers).ranks
    first = [
        probe for probe in new_probes(subject, options) if (probe.rank, probe.seed) == (max(ranks), options.seeds[0])
    ]
    bank = subject.splits["train"]
    with subject.stage("description length"):
        codes = online_codes(first, states["train"], bank, progress=subject.progress)
    rows: list[dict[str, Any]] = []
    for probe, code in zip(first, codes):
        sentences = sum(block.sentences for block in code.blocks)
        setting = Setting(subject.encoder.name, bank.name, "train", kind_of(probe), probe.layer, probe.rank, probe.seed)
        values = {"codelength": code.bits, "compression": code.compression}
        rows += [{**vars(setting), "metric": name, "value": value, "n": sentences} for name, value in values.items()]
    return rows
