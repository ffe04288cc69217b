"""Comparisons of what was found: checkpoints, layers and steps of a sweep, or two runs."""
