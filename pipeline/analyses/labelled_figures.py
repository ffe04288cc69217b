"""The figures of probes of labelled trees: LAS by layer, and directions of edges as points, coloured by relation."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from treeprobe.parsing import Treebank
from treeprobe.pipeline.closing_table import split_title
from treeprobe.pipeline.languages.relations import Edges, agreement, drawn_points, sample_edges
from treeprobe.pipeline.results.scores import TREE_PROBES
from treeprobe.probes import SomeStates, States
from treeprobe.probes.states import Vectors
from treeprobe.reporting import layer_curves, new_figure, relation_clusters, save_formats


class Space(Protocol):
    """A trained probe with a map."""

    def transform(self, states: Vectors) -> list[NDArray[np.float32]]:
        """Project words into its space, one (words, rank) array a sentence."""


@dataclass(frozen=True)
class LabelledFigures:
    """What the figures are drawn of: the score table, a split with its states, and probes of one layer by name."""

    scores: pd.DataFrame
    split: str
    bank: Treebank
    states: States
    spaces: Mapping[str, Space]

    def draw(self, folder: Path) -> None:
        """Draw everything into `folder`, as PDF and PNG."""
        rows = self.scores[self.scores["probe"].isin(TREE_PROBES) & (self.scores["split"] == self.split)]
        figure, axes = new_figure((4.8, 3.3))
        layer_curves(rows, axes, metric="las")
        axes.set_title(split_title(self.split, self.bank.name), fontsize=9)
        save_formats(figure, folder / "layers-las")
        edges = sample_edges({self.bank.name: self.bank})
        if not len(edges):
            return
        figure = Figure(figsize=(3.4 * len(self.spaces) + 1.4, 3.5), layout="constrained")
        panels = figure.subplots(1, len(self.spaces), squeeze=False)[0]
        for place, (panel, (name, space)) in enumerate(zip(panels, self.spaces.items()), start=1):
            directions = edge_directions(space, self.states, edges)
            points = drawn_points(directions, edges, space=name)
            relation_clusters(points, panel, legend=place == len(self.spaces))
            panel.set_title(f"{name}: nearest alike {agreement(directions, edges)['within']:.0%}", fontsize=9)
        save_formats(figure, folder / "relations")


def edge_directions(space: Space, states: States, edges: Edges) -> NDArray[np.float32]:
    """The direction of each edge from dependent to head in a probe's space, of length 1, (edges, rank)."""
    numbers, places = np.unique(edges.sentence, return_inverse=True)
    placed = space.transform(SomeStates(states, numbers))
    differences = np.stack(
        [
            placed[place][head] - placed[place][dependent]
            for place, head, dependent in zip(places, edges.head, edges.dependent, strict=True)
        ]
    )
    lengths = np.linalg.norm(differences, axis=1, keepdims=True)
    return np.divide(differences, lengths, where=lengths > 0, out=np.zeros_like(differences))
