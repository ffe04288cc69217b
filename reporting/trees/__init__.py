"""Figures of dependency trees: arcs, trees by layer, the space of a probe, distances and depths."""
