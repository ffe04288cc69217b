"""Controlled English sentences with exact dependency trees, from a seeded grammar."""

from parsing.stimuli.constructions import CONSTRUCTIONS, NESTING, Construction
from parsing.stimuli.generation import generate

__all__ = ["CONSTRUCTIONS", "NESTING", "Construction", "generate"]
