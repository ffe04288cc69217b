"""Treebanks, trees, decoding and scores. Knows nothing of models."""

from parsing.attachment import score_heads
from parsing.breakdown import attachment_table, break_down, edge_table, score_frame, split_tally
from parsing.comparison import Comparison
from parsing.conllu_files import format_conllu, read_conllu, write_conllu
from parsing.intervals import Difference, Score, Tally, paired_difference, paired_differences, score_all
from parsing.named_treebanks import load_treebank
from parsing.punctuation import punctuation_mask
from parsing.scores import Scorer, score_depths, score_distances
from parsing.treebank import Sentence, Treebank, TreebankError
from parsing.trees import head_edges, tree_depths, tree_distances

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
