"""What a language model says: log-probabilities of words, and choices between the sentences of minimal pairs."""

from treeprobe.behaviour.accuracy import accuracy_table
from treeprobe.behaviour.agreement import attractor_places, grammar_pairs, treebank_pairs
from treeprobe.behaviour.choices import read_sentences, score_pairs, why_left_out
from treeprobe.behaviour.frequency import WordFrequencies
from treeprobe.behaviour.inflection import NumberForms
from treeprobe.behaviour.items import association_table, covariates_of, critical_path, has_path
from treeprobe.behaviour.mask_filling import MASK, MaskError, fill_mask
from treeprobe.behaviour.pair_files import read_pairs
from treeprobe.behaviour.pairs import MinimalPair, PairError
from treeprobe.behaviour.word_scores import word_scores

__all__ = [
    "MASK",
    "MaskError",
    "MinimalPair",
    "NumberForms",
    "PairError",
    "WordFrequencies",
    "accuracy_table",
    "association_table",
    "attractor_places",
    "covariates_of",
    "critical_path",
    "fill_mask",
    "grammar_pairs",
    "has_path",
    "read_pairs",
    "read_sentences",
    "score_pairs",
    "treebank_pairs",
    "why_left_out",
    "word_scores",
]
