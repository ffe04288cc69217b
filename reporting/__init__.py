"""Figures, tables and the report page.

Figures are functions of arrays, or of the score table, and of an `Axes`, which they return; only `save_figure` and
`save_formats` write files. Interactive pages for notebooks are `attention_picker`, `tree_picker` and `space_page`;
the page of a report is in `treeprobe.reporting.html`.
"""

from treeprobe.reporting.convolution.images import head_centres, query_attention
from treeprobe.reporting.convolution.input_parts import parts_beside_layers
from treeprobe.reporting.convolution.input_sum import input_size, input_sum
from treeprobe.reporting.convolution.kernels import head_kernel, kernel_legend, kernel_map
from treeprobe.reporting.convolution.position_codes import fourier_spectra, share_by_number, similarity_matrix
from treeprobe.reporting.convolution.survival import survival_curves
from treeprobe.reporting.convolution.walk import animation_gif, centre_lines, save_animation, walking_centres
from treeprobe.reporting.convolution.waves import position_waves, rebuilt_wave
from treeprobe.reporting.heads.attention_lines import HeadExample, attention_lines, attention_size, best_head_examples
from treeprobe.reporting.heads.attention_svg import attention_svg
from treeprobe.reporting.heads.by_layer import behaviour_by_layer, head_grid
from treeprobe.reporting.heads.map import head_map
from treeprobe.reporting.html.pickers import Picker, attention_picker, tree_picker
from treeprobe.reporting.html.sentence import space_page
from treeprobe.reporting.scores.associations import association_by_layer, gain_by_layer
from treeprobe.reporting.scores.bars import category_bars, description_length_bars, selectivity_bars
from treeprobe.reporting.scores.card import card_figure
from treeprobe.reporting.scores.choices import choice_accuracy
from treeprobe.reporting.scores.curves import layer_curves, rank_curves, step_curves
from treeprobe.reporting.scores.differences import paired_differences
from treeprobe.reporting.scores.effects import effect_by_layer
from treeprobe.reporting.scores.effort import effort_by_layer, effort_curve, effort_figure
from treeprobe.reporting.scores.heat_maps import category_map, heat_map
from treeprobe.reporting.scores.language_map import language_map
from treeprobe.reporting.scores.moved import moved_curves, moved_figure
from treeprobe.reporting.scores.pretraining import accuracy_by_step, loss_by_step
from treeprobe.reporting.scores.ranking import ranked_scores, ranking_size
from treeprobe.reporting.scores.sentences import sentence_accuracy, sentence_accuracy_figure
from treeprobe.reporting.scores.sharing import sharing_curves, sharing_figure
from treeprobe.reporting.scores.untrained import untrained_figure, untrained_layers, untrained_points
from treeprobe.reporting.scores.variants import size_points, variant_curves, variant_points
from treeprobe.reporting.style.missing_glyphs import MissingGlyphs
from treeprobe.reporting.style.names import head_name, metric_name
from treeprobe.reporting.style.saving import (
    COLUMN_WIDTH,
    PAGE_WIDTH,
    bare_figure,
    new_figure,
    save_figure,
    save_formats,
)
from treeprobe.reporting.style.text_fonts import font_families
from treeprobe.reporting.tables import best_heads, best_layer, headline_table, headline_text, merge_seeds
from treeprobe.reporting.trees.arcs import arcs_size, gold_and_recovered_arcs, tree_arcs
from treeprobe.reporting.trees.distances import depth_scatter, distance_matrices, distance_matrix
from treeprobe.reporting.trees.layers import layers_size, tree_through_layers
from treeprobe.reporting.trees.projection import Projection, project
from treeprobe.reporting.trees.relation_clusters import relation_clusters
from treeprobe.reporting.trees.space import space_with_tree, space_with_tree_3d, spaces_with_tree
from treeprobe.reporting.trees.word_by_word import trees_word_by_word, word_by_word_size

__all__ = [
    "COLUMN_WIDTH",
    "PAGE_WIDTH",
    "HeadExample",
    "MissingGlyphs",
    "Picker",
    "Projection",
    "accuracy_by_step",
    "animation_gif",
    "arcs_size",
    "association_by_layer",
    "attention_lines",
    "attention_picker",
    "attention_size",
    "attention_svg",
    "bare_figure",
    "behaviour_by_layer",
    "best_head_examples",
    "best_heads",
    "best_layer",
    "card_figure",
    "category_bars",
    "category_map",
    "centre_lines",
    "choice_accuracy",
    "depth_scatter",
    "description_length_bars",
    "distance_matrices",
    "distance_matrix",
    "effect_by_layer",
    "effort_by_layer",
    "effort_curve",
    "effort_figure",
    "font_families",
    "fourier_spectra",
    "gain_by_layer",
    "gold_and_recovered_arcs",
    "head_centres",
    "head_grid",
    "head_kernel",
    "head_map",
    "head_name",
    "headline_table",
    "headline_text",
    "heat_map",
    "input_size",
    "input_sum",
    "kernel_legend",
    "kernel_map",
    "language_map",
    "layer_curves",
    "layers_size",
    "loss_by_step",
    "merge_seeds",
    "metric_name",
    "moved_curves",
    "moved_figure",
    "new_figure",
    "paired_differences",
    "parts_beside_layers",
    "position_waves",
    "project",
    "query_attention",
    "rank_curves",
    "ranked_scores",
    "ranking_size",
    "rebuilt_wave",
    "relation_clusters",
    "save_animation",
    "save_figure",
    "save_formats",
    "selectivity_bars",
    "sentence_accuracy",
    "sentence_accuracy_figure",
    "share_by_number",
    "sharing_curves",
    "sharing_figure",
    "similarity_matrix",
    "size_points",
    "space_page",
    "space_with_tree",
    "space_with_tree_3d",
    "spaces_with_tree",
    "step_curves",
    "survival_curves",
    "tree_arcs",
    "tree_picker",
    "tree_through_layers",
    "trees_word_by_word",
    "untrained_figure",
    "untrained_layers",
    "untrained_points",
    "variant_curves",
    "variant_points",
    "walking_centres",
    "word_by_word_size",
]
