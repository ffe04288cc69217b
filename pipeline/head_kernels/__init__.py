"""How much of attention is a convolution: tables and figures of one checkpoint."""
