"""Figures of attention heads: what they attend to, layer by layer and in single sentences."""
