"""Scores of predicted distances, depths and heads, with bootstrap intervals, and their parts by category."""

from treeprobe.parsing.scores.attachment import score_heads, score_relations
from treeprobe.parsing.scores.brackets import score_brackets
from treeprobe.parsing.scores.breakdown import (
    LENGTH_CLASSES,
    Category,
    attachment_table,
    break_down,
    category_scores,
    category_tallies,
    edge_table,
    score_frame,
    split_tally,
)
from treeprobe.parsing.scores.intervals import (
    Difference,
    Resampled,
    Score,
    Tally,
    mean_tally,
    micro,
    p_text,
    paired_difference,
    paired_differences,
    resample,
    score_all,
)
from treeprobe.parsing.scores.matched import MatchedTally, matched_tally, precision_tally, recall_tally
from treeprobe.parsing.scores.ranking import Agreement, Ranked, RankedScore, rank_agreement, rank_tallies
from treeprobe.parsing.scores.scorer import SPEARMAN_LENGTHS, Scorer, score_depths, score_distances
from treeprobe.parsing.scores.word_pairs import WordPairs

__all__ = [
    "LENGTH_CLASSES",
    "SPEARMAN_LENGTHS",
    "Agreement",
    "Category",
    "Difference",
    "MatchedTally",
    "Ranked",
    "RankedScore",
    "Resampled",
    "Score",
    "Scorer",
    "Tally",
    "WordPairs",
    "attachment_table",
    "break_down",
    "category_scores",
    "category_tallies",
    "edge_table",
    "matched_tally",
    "mean_tally",
    "micro",
    "p_text",
    "paired_difference",
    "paired_differences",
    "precision_tally",
    "rank_agreement",
    "rank_tallies",
    "recall_tally",
    "resample",
    "score_all",
    "score_brackets",
    "score_depths",
    "score_distances",
    "score_frame",
    "score_heads",
    "score_relations",
    "split_tally",
]
