"""The figures of structural probes: layer curves, and sample sentences as arcs, matrices and points in probe space."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from treeprobe.parsing import PunctuationRule, Sentence, Treebank, head_edges, punctuation_mask
from treeprobe.pipeline.closing_table import split_title
from treeprobe.pipeline.results.scores import HEADLINE_METRICS
from treeprobe.reporting import (
    arcs_size,
    bare_figure,
    depth_scatter,
    distance_matrices,
    gold_and_recovered_arcs,
    layer_curves,
    new_figure,
    save_formats,
    space_with_tree,
)

SAMPLE_LENGTHS = (6, 12, 20, 30)


@dataclass(frozen=True)
class StructureFigures:
    """What the figures are drawn of: the score table, and one layer's predictions of a split.

    `points` gives the words of some sentences, by number, in the space of the distance probe, (words, rank) each.
    """

    scores: pd.DataFrame
    split: str
    gold: Treebank
    recovered: Sequence[Sentence]
    distances: Sequence[NDArray[Any]]
    depths: Sequence[NDArray[Any]]
    points: Callable[[Sequence[int]], Sequence[NDArray[Any]]]
    punctuation: PunctuationRule

    def draw(self, folder: Path) -> None:
        """Draw everything into `folder`, as PDF and PNG."""
        _draw_curves(folder, self.scores)
        figure, axes = new_figure((4.5, 3.6))
        depth_scatter(np.concatenate([*self.gold.depths]), np.concatenate(self.depths), axes)
        save_formats(figure, folder / "depths")
        shown = sample_sentences(self.gold)
        for number, points in zip(shown, self.points(shown)):
            gold, recovered = self.gold[number], self.recovered[number]
            scored = ~punctuation_mask(gold, self.punctuation)
            _draw_arcs(folder / f"arcs-{number + 1:05d}", gold, recovered, scored=scored)
            _draw_matrices(folder / f"distances-{number + 1:05d}", gold, self.distances[number])
            _draw_space(folder / f"space-{number + 1:05d}", gold, recovered, points, scored=scored)


def _draw_curves(folder: Path, scores: pd.DataFrame) -> None:
    """One figure of each headline metric by layer, a panel a split, baselines included."""
    # Description length is of the training split alone, which has no curves.
    splits = list(dict.fromkeys(scores.loc[scores["metric"].isin(HEADLINE_METRICS), "split"]))
    for metric in HEADLINE_METRICS:
        figure = Figure(figsize=(4.8 * len(splits), 3.3), layout="constrained")
        panels = figure.subplots(1, len(splits), squeeze=False, sharey=True)[0]
        for panel, split in zip(panels, splits):
            rows = scores[scores["split"] == split]
            layer_curves(rows, panel, metric=metric)
            panel.set_title(split_title(split, rows["treebank"].iloc[0]), fontsize=9)
        save_formats(figure, folder / f"layers-{metric}")


def sample_sentences(bank: Treebank, lengths: Sequence[int] = SAMPLE_LENGTHS) -> list[int]:
    """For each length the sentence that comes nearest to it, the first on a tie; no sentence twice."""
    found: list[int] = []
    for length in lengths:
        free = [place for place in range(len(bank)) if place not in found and len(bank[place]) > 2]
        if free:
            found.append(min(free, key=lambda place: abs(len(bank[place]) - length)))
    return sorted(found)


def _draw_arcs(stem: Path, gold: Sentence, recovered: Sentence, *, scored: NDArray[Any]) -> None:
    """Gold arcs above the words, recovered ones below."""
    figure, axes = bare_figure(arcs_size(gold.words, gold.heads, recovered.heads, relations=gold.relations))
    gold_and_recovered_arcs(gold.words, gold.heads, recovered.heads, axes, relations=gold.relations, scored=scored)
    save_formats(figure, stem)


def _draw_matrices(stem: Path, gold: Sentence, predicted: NDArray[Any]) -> None:
    """Gold and predicted distances side by side."""
    side = max(2.4, 0.16 * len(gold) + 1.2)
    figure = Figure(figsize=(2 * side + 0.8, side), layout="constrained")
    distance_matrices(gold.words, gold.distances, predicted, figure.subplots(1, 2))
    save_formats(figure, stem)


def _draw_space(stem: Path, gold: Sentence, recovered: Sentence, points: NDArray[Any], *, scored: NDArray[Any]) -> None:
    """The words where the probe puts them, with the recovered tree."""
    side = 3.6 + 0.08 * len(gold)
    figure, axes = new_figure((side * 1.25, side))
    space_with_tree(gold.words, points, head_edges(recovered.heads), axes, gold=head_edges(gold.heads), scored=scored)
    save_formats(figure, stem)
