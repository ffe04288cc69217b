"""Figures of attention heads: quantities by layer, maps, and attention in single sentences."""
