"""An atlas of languages: the main analysis of each, what their probes share, and what goes with it."""
