"""The figures of a run: layer curves, and sample sentences as arcs, matrices and points in the probe's space."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from treeprobe.parsing import Sentence, Treebank, head_edges, punctuation_mask
from treeprobe.pipeline.score_table import HEADLINE_METRICS
from treeprobe.pipeline.structural.analysis import ProbeOptions, Structure
from treeprobe.pipeline.structural.closing import split_title
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


def write_figures(
    folder: Path,
    structure: Structure,
    bank: Treebank,
    recovered: Sequence[Sentence],
    scores: pd.DataFrame,
    *,
    split: str,
    best: int,
    options: ProbeOptions,
) -> None:
    """Draw everything into `folder`, as PDF and PNG; sentences are those of `split`, trees those of layer `best`."""
    folder.mkdir()
    write_curves(folder, scores)
    depths = structure.depths[split, best]
    figure, axes = new_figure((4.5, 3.6))
    depth_scatter(np.concatenate([*bank.depths]), np.concatenate(depths), axes)
    save_formats(figure, folder / "depths")
    shown = sample_sentences(bank)
    points = sample_points(structure, split, shown, layer=best)
    for place in shown:
        scored = ~punctuation_mask(bank[place], options.punctuation)
        stem = f"{place + 1:05d}"
        draw_arcs(folder / f"arcs-{stem}", bank[place], recovered[place], scored=scored)
        draw_matrices(folder / f"distances-{stem}", bank[place], structure.distances[split, best][place])
        draw_space(folder / f"space-{stem}", bank[place], recovered[place], points[place], scored=scored)


def write_curves(folder: Path, scores: pd.DataFrame) -> None:
    """One figure of each headline metric by layer, a panel a split, baselines included."""
    # Description length is told of the training split alone, which has no curves.
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


def sample_points(
    structure: Structure, split: str, places: Sequence[int], *, layer: int
) -> dict[int, NDArray[np.float32]]:
    """The words of some sentences in the space of a layer's distance probe, (words, rank) each."""
    states, probe = structure.states[split], structure.distance_probe(layer)
    vectors = [states.read([place], [layer])[0] for place in places]
    return dict(zip(places, probe.transform(vectors)))


def draw_arcs(stem: Path, gold: Sentence, recovered: Sentence, *, scored: NDArray[Any]) -> None:
    """Gold arcs above the words, recovered ones below."""
    figure, axes = bare_figure(
        arcs_size(gold.words, head_edges(gold.heads), head_edges(recovered.heads), labelled=True)
    )
    labels = [gold.relations[dependent] for _, dependent in head_edges(gold.heads)]
    gold_and_recovered_arcs(
        gold.words, head_edges(gold.heads), head_edges(recovered.heads), axes, gold_labels=labels, scored=scored
    )
    save_formats(figure, stem)


def draw_matrices(stem: Path, gold: Sentence, predicted: NDArray[Any]) -> None:
    """Gold and predicted distances side by side."""
    side = max(2.4, 0.16 * len(gold) + 1.2)
    figure = Figure(figsize=(2 * side + 0.8, side), layout="constrained")
    distance_matrices(gold.words, gold.distances, predicted, figure.subplots(1, 2))
    save_formats(figure, stem)


def draw_space(stem: Path, gold: Sentence, recovered: Sentence, points: NDArray[Any], *, scored: NDArray[Any]) -> None:
    """The words where the probe puts them, with the recovered tree."""
    side = 3.6 + 0.08 * len(gold)
    figure, axes = new_figure((side * 1.25, side))
    space_with_tree(gold.words, points, head_edges(recovered.heads), axes, gold=head_edges(gold.heads), scored=scored)
    save_formats(figure, stem)
