"""Figures of attention as convolution: kernels, what survives without the rest, position codes, images."""
