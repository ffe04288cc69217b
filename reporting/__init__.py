"""Figures and tables: functions of arrays and an `Axes` that return the `Axes`; only `save_figure` writes files."""

from reporting.arcs import arcs_size, gold_and_recovered_arcs, head_edges, tree_arcs
from reporting.curves import layer_curves, rank_curves, step_curves
from reporting.matrices import depth_scatter, distance_matrices, distance_matrix
from reporting.projection import Projection, project
from reporting.saving import bare_figure, new_figure, save_figure, save_formats
from reporting.space import space_with_tree, space_with_tree_3d
from reporting.text_fonts import MissingGlyphs, font_families

__all__ = [
    "MissingGlyphs",
    "Projection",
    "arcs_size",
    "bare_figure",
    "depth_scatter",
    "distance_matrices",
    "distance_matrix",
    "font_families",
    "gold_and_recovered_arcs",
    "head_edges",
    "layer_curves",
    "new_figure",
    "project",
    "rank_curves",
    "save_figure",
    "save_formats",
    "space_with_tree",
    "space_with_tree_3d",
    "step_curves",
    "tree_arcs",
]
