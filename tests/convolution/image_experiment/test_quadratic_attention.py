"""Theorem 1 of Cordonnier et al. (2020): attention with the quadratic encoding is convolution."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from treeprobe.convolution.image_experiment import Borders, QuadraticSelfAttention

odd = st.sampled_from([1, 3, 5])
modes = st.sampled_from(["zeros", "reflect", "replicate", "circular"])


@given(
    axes=st.sampled_from([1, 2]), kernel=st.tuples(odd, odd), channels=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    sizes=st.tuples(st.integers(9, 12), st.integers(9, 12)), dilation=st.integers(1, 2), mode=modes, bias=st.booleans(),
    padding=st.sampled_from(["same", "valid", 1, 3]), seed=st.integers(0, 1000),
)  # fmt: skip
def test_attention_equals_any_convolution_everywhere(
    axes, kernel, channels, sizes, dilation, mode, bias, padding, seed
):
    torch.manual_seed(seed)
    kind = nn.Conv1d if axes == 1 else nn.Conv2d
    convolution = kind(
        *channels, kernel[:axes], padding=padding, dilation=dilation, padding_mode=mode, bias=bias, dtype=torch.float64
    )
    attention = QuadraticSelfAttention.from_convolution(convolution)
    inputs = torch.randn(2, channels[0], *sizes[:axes], dtype=torch.float64)
    torch.testing.assert_close(attention(inputs), convolution(inputs), rtol=0, atol=1e-5)
    assert len(attention.centres) == torch.tensor(kernel[:axes]).prod()


@pytest.mark.parametrize("axes", [1, 2])
def test_without_margin_borders_are_replicated_and_the_inside_is_the_convolution(axes):
    torch.manual_seed(0)
    kind = nn.Conv1d if axes == 1 else nn.Conv2d
    zeros, replicated = (
        kind(3, 2, 3, padding="same", padding_mode=m, dtype=torch.float64) for m in ("zeros", "replicate")
    )
    replicated.load_state_dict(zeros.state_dict())
    attention = QuadraticSelfAttention.from_convolution(zeros)
    attention.borders = Borders.bare(axes)
    inputs = torch.randn(2, 3, *(7, 6)[:axes], dtype=torch.float64)
    inside = (..., *(slice(1, -1),) * axes)
    torch.testing.assert_close(attention(inputs), replicated(inputs), rtol=0, atol=1e-5)
    torch.testing.assert_close(attention(inputs)[inside], zeros(inputs)[inside], rtol=0, atol=1e-5)
    assert (attention(inputs) - zeros(inputs)).abs().max() > 0.01


@pytest.mark.parametrize("axes", [1, 2])
def test_the_error_falls_as_alpha_grows_and_stays_under_its_bound(axes):
    torch.manual_seed(0)
    convolution = (nn.Conv1d if axes == 1 else nn.Conv2d)(4, 4, 3, padding="same", dtype=torch.float64)
    inputs = torch.randn(4, 4, *(11,) * axes, dtype=torch.float64)
    errors = []
    for alpha in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0):
        layer = QuadraticSelfAttention.from_convolution(convolution, alpha=alpha)
        errors.append((layer(inputs) - convolution(inputs)).abs().max().item())
        assert errors[-1] <= layer.error_bound(inputs)
    assert all(later < earlier for earlier, later in itertools.pairwise(errors))
    # The attention beside the centre is 2·axes·exp(−α) to first order: 8 more units of α, e⁻⁸ of the error.
    assert errors[-1] / errors[-2] == pytest.approx(torch.e**-8, rel=0.05)


def test_probabilities_are_the_softmax_of_the_papers_scores():
    layer = QuadraticSelfAttention(2, 3, heads=4, alpha=0.7).double()
    rows, columns = 4, 5
    attention = layer.attention((rows, columns))
    for head in range(4):
        delta, alpha = layer.centres[head], layer.alpha[head]
        for q in [(0, 0), (2, 3), (3, 4)]:
            shift = torch.tensor(
                [[[r - q[0], c - q[1]] for c in range(columns)] for r in range(rows)], dtype=torch.float64
            )
            encoding = torch.cat([shift.pow(2).sum(-1, keepdim=True), shift], dim=-1)
            v = -alpha * torch.stack([torch.ones_like(alpha), -2 * delta[0], -2 * delta[1]])
            expected = (encoding @ v).flatten().softmax(0).view(rows, columns)
            torch.testing.assert_close(attention[head][q], expected)


@pytest.mark.parametrize(
    ("convolution", "found"),
    [
        (nn.Conv1d(2, 2, 4), "kernel size"),
        (nn.Conv2d(2, 2, (3, 2)), "kernel size"),
        (nn.Conv2d(2, 2, 3, stride=2), "stride"),
        (nn.Conv1d(2, 2, 3, groups=2), "2 groups"),
        (nn.Conv3d(2, 2, 3), "Conv3d"),
        (nn.ConvTranspose1d(2, 2, 3), "ConvTranspose1d"),
    ],
)
def test_what_the_construction_does_not_cover_is_refused(convolution, found):
    with pytest.raises(ValueError, match=found):
        QuadraticSelfAttention.from_convolution(convolution)


def test_inputs_shorter_than_the_kernel_and_of_other_shapes_are_refused():
    layer = QuadraticSelfAttention.from_convolution(nn.Conv1d(2, 2, 5))
    with pytest.raises(ValueError, match="shorter than the kernel: expected at least 5"):
        layer(torch.zeros(1, 2, 4))
    for shape in [(1, 2, 4, 4), (1, 3, 9)]:
        with pytest.raises(ValueError, match=r"expected \(batch, 2 channels, length\), found shape"):
            layer(torch.zeros(shape))


@pytest.mark.parametrize(("mode", "least"), [("reflect", 3), ("circular", 2)])
def test_borders_wider_than_the_input_are_refused_where_torch_has_none(mode, least):
    convolution = nn.Conv2d(1, 1, (1, 5), padding="same", padding_mode=mode, dtype=torch.float64)
    layer = QuadraticSelfAttention.from_convolution(convolution)
    inputs = torch.randn(1, 1, 1, least, dtype=torch.float64)
    torch.testing.assert_close(layer(inputs), convolution(inputs))
    with pytest.raises(ValueError, match=f"axis 1, .*: {mode} borders of 2 expect at least {least}"):
        layer(inputs[..., 1:])


@pytest.mark.parametrize("alpha", [0, -1.0, float("nan")])
def test_an_alpha_that_attends_to_no_centre_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha must be positive"):
        QuadraticSelfAttention.from_convolution(nn.Conv1d(2, 2, 3), alpha=alpha)
