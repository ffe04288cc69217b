"""Treebanks, trees, decoding and scores. Knows nothing of models."""

from parsing.comparison import Comparison
from parsing.conllu_files import format_conllu, read_conllu, write_conllu
from parsing.intervals import Difference, Score, Tally, paired_difference
from parsing.punctuation import punctuation_mask
from parsing.scores import score_depths, score_distances
from parsing.treebank import Sentence, Treebank, TreebankError
from parsing.trees import tree_depths, tree_distances

__all__ = [
    "Comparison",
    "Difference",
    "Score",
    "Sentence",
    "Tally",
    "Treebank",
    "TreebankError",
    "format_conllu",
    "paired_difference",
    "punctuation_mask",
    "read_conllu",
    "score_depths",
    "score_distances",
    "tree_depths",
    "tree_distances",
    "write_conllu",
]
