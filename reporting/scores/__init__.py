"""Figures of scores: curves, bars, paired differences and heat maps."""
