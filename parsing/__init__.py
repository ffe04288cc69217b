"""Treebanks, trees, decoding and scores. Knows nothing of models."""

from treeprobe.parsing.attachment import score_heads
from treeprobe.parsing.breakdown import attachment_table, break_down, edge_table, score_frame, split_tally
from treeprobe.parsing.comparison import Comparison
from treeprobe.parsing.conllu_files import format_conllu, read_conllu, write_conllu
from treeprobe.parsing.intervals import Difference, Score, Tally, paired_difference, paired_differences, score_all
from treeprobe.parsing.named_treebanks import load_treebank
from treeprobe.parsing.punctuation import punctuation_mask
from treeprobe.parsing.scores import Scorer, score_depths, score_distances
from treeprobe.parsing.treebank import Sentence, Treebank, TreebankError
from treeprobe.parsing.trees import head_edges, tree_depths, tree_distances

__all__ = [
    "Comparison",
    "Difference",
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
    "write_conllu",
]
