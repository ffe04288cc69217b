"""Figures and tables: functions of arrays and an `Axes` that return the `Axes`; only `save_figure` writes files."""

from treeprobe.reporting.arcs import arcs_size, gold_and_recovered_arcs, tree_arcs
from treeprobe.reporting.attention_svg import attention_svg
from treeprobe.reporting.bars import category_bars, description_length_bars, selectivity_bars
from treeprobe.reporting.comparisons import paired_differences
from treeprobe.reporting.curves import layer_curves, rank_curves, step_curves
from treeprobe.reporting.grids import category_map, head_grid, heat_map
from treeprobe.reporting.head_attention import HeadExample, attention_lines, attention_size, best_head_examples
from treeprobe.reporting.heads import behaviour_by_layer, head_map, head_name
from treeprobe.reporting.images import head_centres, query_attention
from treeprobe.reporting.kernels import head_kernel, kernel_map, survival_curves
from treeprobe.reporting.matrices import depth_scatter, distance_matrices, distance_matrix
from treeprobe.reporting.metric_names import metric_name
from treeprobe.reporting.multiples import layers_size, tree_through_layers
from treeprobe.reporting.positions import fourier_spectra, share_by_number, similarity_matrix
from treeprobe.reporting.projection import Projection, project
from treeprobe.reporting.saving import bare_figure, new_figure, save_figure, save_formats
from treeprobe.reporting.seeds import merge_seeds
from treeprobe.reporting.space import space_with_tree, space_with_tree_3d
from treeprobe.reporting.tables import best_heads, headline_table, headline_text
from treeprobe.reporting.text_fonts import MissingGlyphs, font_families

__all__ = [
    "HeadExample",
    "MissingGlyphs",
    "Projection",
    "arcs_size",
    "attention_lines",
    "attention_size",
    "attention_svg",
    "bare_figure",
    "behaviour_by_layer",
    "best_head_examples",
    "best_heads",
    "category_bars",
    "category_map",
    "depth_scatter",
    "description_length_bars",
    "distance_matrices",
    "distance_matrix",
    "font_families",
    "fourier_spectra",
    "gold_and_recovered_arcs",
    "head_centres",
    "head_grid",
    "head_kernel",
    "head_map",
    "head_name",
    "headline_table",
    "headline_text",
    "heat_map",
    "kernel_map",
    "layer_curves",
    "layers_size",
    "merge_seeds",
    "metric_name",
    "new_figure",
    "paired_differences",
    "project",
    "query_attention",
    "rank_curves",
    "save_figure",
    "save_formats",
    "selectivity_bars",
    "share_by_number",
    "similarity_matrix",
    "space_with_tree",
    "space_with_tree_3d",
    "step_curves",
    "survival_curves",
    "tree_arcs",
    "tree_through_layers",
]
