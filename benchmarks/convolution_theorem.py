"""How far attention with the quadratic encoding is from the convolution that it stands for, as α grows.

    python -m benchmarks.convolution_theorem

A random kernel of 3 over 8 channels, a line of 32 positions and an image of 16 × 16, in float64: the largest error at
any output, and the bound that follows from α.
"""

import torch
from torch import nn

from treeprobe.convolution import QuadraticSelfAttention

ALPHAS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 50.0)
CHANNELS = 8


@torch.no_grad()
def main() -> None:
    torch.manual_seed(0)
    print("α            " + "".join(f"{alpha:>10g}" for alpha in ALPHAS))
    for kind, sizes in ((nn.Conv1d, (32,)), (nn.Conv2d, (16, 16))):
        convolution = kind(CHANNELS, CHANNELS, 3, padding="same", dtype=torch.float64)
        inputs = torch.randn(4, CHANNELS, *sizes, dtype=torch.float64)
        layers = [QuadraticSelfAttention.from_convolution(convolution, alpha=alpha) for alpha in ALPHAS]
        errors = [float((layer(inputs) - convolution(inputs)).abs().max()) for layer in layers]
        for name, values in (("error", errors), ("bound", [layer.error_bound(inputs) for layer in layers])):
            print(f"{kind.__name__} {name:6}" + "".join(f"{value:10.1e}" for value in values))


if __name__ == "__main__":
    main()
