"""Trees over words as arrays: heads, distances, depths and edges, and two trees compared edge by edge."""

from treeprobe.parsing.trees.edge_comparison import EdgeStatus, compare_edges
from treeprobe.parsing.trees.heads import (
    chain_distances,
    check_heads,
    head_edges,
    projective_arcs,
    tree_depths,
    tree_distances,
    tree_edges,
)
from treeprobe.parsing.trees.word_by_word import WordByWord

__all__ = [
    "EdgeStatus",
    "WordByWord",
    "chain_distances",
    "check_heads",
    "compare_edges",
    "head_edges",
    "projective_arcs",
    "tree_depths",
    "tree_distances",
    "tree_edges",
]
