"""Sentences that come with the package, each with its gold tree: from seeded grammars, and annotated by hand."""

from treeprobe.parsing.stimuli.agreement import AgreementPair, agreement_pairs
from treeprobe.parsing.stimuli.generation import generate
from treeprobe.parsing.stimuli.grammar.agreement import AGREEMENT, NOUNS_BETWEEN, AgreementConstruction
from treeprobe.parsing.stimuli.grammar.constructions import CONSTRUCTIONS, NESTING, Construction
from treeprobe.parsing.stimuli.natural import natural_sentences

__all__ = [
    "AGREEMENT",
    "CONSTRUCTIONS",
    "NESTING",
    "NOUNS_BETWEEN",
    "AgreementConstruction",
    "AgreementPair",
    "Construction",
    "agreement_pairs",
    "generate",
    "natural_sentences",
]
