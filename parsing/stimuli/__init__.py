"""Controlled English sentences with exact dependency trees, from a seeded grammar."""

from treeprobe.parsing.stimuli.constructions import CONSTRUCTIONS, NESTING, Construction
from treeprobe.parsing.stimuli.generation import generate

__all__ = ["CONSTRUCTIONS", "NESTING", "Construction", "generate"]
