"""Figures and tables: functions of arrays and an `Axes` that return the `Axes`; only `save_figure` writes files."""

from reporting.arcs import arcs_size, gold_and_recovered_arcs, tree_arcs
from reporting.attention_svg import attention_svg
from reporting.bars import category_bars, description_length_bars, selectivity_bars
from reporting.comparisons import paired_differences
from reporting.curves import layer_curves, rank_curves, step_curves
from reporting.grids import category_map, head_grid, heat_map
from reporting.head_attention import HeadExample, attention_lines, attention_size, best_head_examples
from reporting.heads import behaviour_by_layer, head_map, head_name
from reporting.images import head_centres, query_attention
from reporting.kernels import head_kernel, kernel_map, survival_curves
from reporting.matrices import depth_scatter, distance_matrices, distance_matrix
from reporting.metric_names import metric_name
from reporting.multiples import layers_size, tree_through_layers
from reporting.positions import fourier_spectra, share_by_number, similarity_matrix
from reporting.projection import Projection, project
from reporting.saving import bare_figure, new_figure, save_figure, save_formats
from reporting.seeds import merge_seeds
from reporting.space import space_with_tree, space_with_tree_3d
from reporting.tables import best_heads, headline_table, headline_text
from reporting.text_fonts import MissingGlyphs, font_families

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
