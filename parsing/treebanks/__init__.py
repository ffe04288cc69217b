"""Sentences with gold trees: read from CoNLL-U, loaded by name, held side by side."""

from treeprobe.parsing.treebanks.comparison import Comparison
from treeprobe.parsing.treebanks.conllu import read_conllu
from treeprobe.parsing.treebanks.conllu_writing import format_conllu, write_conllu
from treeprobe.parsing.treebanks.construction_filters import ConstructionFilter
from treeprobe.parsing.treebanks.documents import document_numbers
from treeprobe.parsing.treebanks.features import features_of
from treeprobe.parsing.treebanks.loading import load_treebank, treebank_path
from treeprobe.parsing.treebanks.punctuation import (
    PunctuationChoice,
    PunctuationRule,
    choose_punctuation,
    punctuation_mask,
    punctuation_masks,
)
from treeprobe.parsing.treebanks.relations import check_relations, labelled_edges, universal_relation
from treeprobe.parsing.treebanks.sentence_labels import (
    SentenceLabel,
    sentence_labels,
    shift_bigram,
    top_constituents,
)
from treeprobe.parsing.treebanks.treebank import MultiwordToken, Sentence, Treebank, TreebankError
from treeprobe.parsing.treebanks.universal_dependencies import Split

__all__ = [
    "Comparison",
    "ConstructionFilter",
    "MultiwordToken",
    "PunctuationChoice",
    "PunctuationRule",
    "Sentence",
    "SentenceLabel",
    "Split",
    "Treebank",
    "TreebankError",
    "check_relations",
    "choose_punctuation",
    "document_numbers",
    "features_of",
    "format_conllu",
    "labelled_edges",
    "load_treebank",
    "punctuation_mask",
    "punctuation_masks",
    "read_conllu",
    "sentence_labels",
    "shift_bigram",
    "top_constituents",
    "treebank_path",
    "universal_relation",
    "write_conllu",
]
