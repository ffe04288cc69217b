"""What a language model says: log-probabilities of words, and choices between minimal pairs."""

from treeprobe.behaviour.word_scores import word_scores

__all__ = ["word_scores"]
