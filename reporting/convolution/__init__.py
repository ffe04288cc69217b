"""Figures of attention as convolution: kernels, surviving syntax, position codes, attention over images."""
