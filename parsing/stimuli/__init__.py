"""Sentences that come with the package, each with its gold tree: from seeded grammars, and annotated by hand."""

from treeprobe.parsing.stimuli.agreement import AgreementPair, agreement_pairs, other_number
from treeprobe.parsing.stimuli.generation import generate
from treeprobe.parsing.stimuli.grammar.agreement import (
    AGREEMENT,
    AGREEMENT_WORDS,
    NOUNS_BETWEEN,
    AgreementConstruction,
)
from treeprobe.parsing.stimuli.grammar.constructions import CONSTRUCTIONS, NESTING, Construction
from treeprobe.parsing.stimuli.natural import chef_sentence, natural_sentences
from treeprobe.parsing.stimuli.pseudowords import PseudoWordError, PseudoWords
from treeprobe.parsing.stimuli.scrambling import scramble

__all__ = [
    "AGREEMENT",
    "AGREEMENT_WORDS",
    "CONSTRUCTIONS",
    "NESTING",
    "NOUNS_BETWEEN",
    "AgreementConstruction",
    "AgreementPair",
    "Construction",
    "PseudoWordError",
    "PseudoWords",
    "agreement_pairs",
    "chef_sentence",
    "generate",
    "natural_sentences",
    "other_number",
    "scramble",
]
