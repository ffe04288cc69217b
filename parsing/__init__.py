"""Treebanks, trees, decoding, scores, drawing and stimuli. Independent of models.

The names of first use stand here; the sub-packages have the others.
"""

from treeprobe.parsing.scores import (
    Difference,
    Score,
    Scorer,
    Tally,
    attachment_table,
    break_down,
    edge_table,
    paired_difference,
    paired_differences,
    score_all,
    score_depths,
    score_distances,
    score_frame,
    score_heads,
    split_tally,
)
from treeprobe.parsing.treebanks import (
    Comparison,
    PunctuationRule,
    Sentence,
    Treebank,
    TreebankError,
    format_conllu,
    load_treebank,
    punctuation_mask,
    read_conllu,
    universal_relation,
    write_conllu,
)
from treeprobe.parsing.trees import head_edges, tree_depths, tree_distances

__all__ = [
    "Comparison",
    "Difference",
    "PunctuationRule",
    "Score",
    "Scorer",
    "Sentence",
    "Tally",
    "Treebank",
    "TreebankError",
    "attachment_table",
    "break_down",
    "edge_table",
    "format_conllu",
    "head_edges",
    "load_treebank",
    "paired_difference",
    "paired_differences",
    "punctuation_mask",
    "read_conllu",
    "score_all",
    "score_depths",
    "score_distances",
    "score_frame",
    "score_heads",
    "split_tally",
    "tree_depths",
    "tree_distances",
    "universal_relation",
    "write_conllu",
]
