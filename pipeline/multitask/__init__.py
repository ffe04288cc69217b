"""The steps of `multitask`: which probes are trained, how they score, and whether sharing helped."""
