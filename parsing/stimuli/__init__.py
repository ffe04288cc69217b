"""Sentences that come with the package, each with its gold tree: from a seeded grammar, and annotated by hand."""

from treeprobe.parsing.stimuli.generation import generate
from treeprobe.parsing.stimuli.grammar.constructions import CONSTRUCTIONS, NESTING, Construction
from treeprobe.parsing.stimuli.natural import natural_sentences

__all__ = ["CONSTRUCTIONS", "NESTING", "Construction", "generate", "natural_sentences"]
