"""Attention with a learned relative encoding, against equation 8 one key at a time."""

import pytest
import torch
from torch import nn

from treeprobe.convolution.image_experiment import LearnedSelfAttention


@pytest.mark.parametrize("content", [False, True])
def test_learned_attention_is_that_of_the_formula(content):
    torch.manual_seed(0)
    layer = LearnedSelfAttention(4, 5, 2, size=(3, 4), content=content, encoding=3).double()
    if content:
        nn.init.normal_(layer.key_bias)
    image = torch.randn(2, 4, 3, 4, dtype=torch.float64)
    attention = layer.attention(image)
    places = [(r, c) for r in range(3) for c in range(4)]
    for head, (qr, qc) in [(0, (0, 0)), (1, (2, 1))]:
        scores = []
        for kr, kc in places:
            shift = torch.cat([layer.rows[kr - qr + 2], layer.columns[kc - qc + 3]])
            score = layer.position[head] @ shift
            if content:
                x_q, x_k = image[1, :, qr, qc], image[1, :, kr, kc]
                query, key = x_q @ layer.query[head], x_k @ layer.key[head]
                terms = query @ key + query @ (shift @ layer.shift_key[head]) + layer.key_bias[head] @ key
                score = score + terms / 4**0.5
            scores.append(score)
        expected = torch.stack(scores).softmax(0).view(3, 4)
        torch.testing.assert_close(attention[1 if content else 0, head, qr, qc], expected)
    assert layer(image).shape == (2, 5, 3, 4)
    with pytest.raises(ValueError, match=r"expected images of \(3, 4\)"):
        layer(image[..., :2])
