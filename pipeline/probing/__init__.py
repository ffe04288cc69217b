"""Structural probes of a subject, their baselines, and the trees that they recover."""
