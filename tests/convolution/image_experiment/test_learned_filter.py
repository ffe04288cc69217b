"""Heads that learn a known convolution find its places, on photographs and in sequences."""

import numpy as np
import pytest
import torch

from treeprobe.convolution import FilterTraining, filter_bank, learn_convolution, photograph_patches, photographs
from treeprobe.convolution.image_experiment.learned_filter import mean_shifts
from treeprobe.convolution.image_experiment.quadratic_attention import QuadraticSelfAttention

QUICK = FilterTraining(steps=250, every=50)


def sequences(channels: int) -> torch.Tensor:
    return torch.randn(128, channels, 14, generator=torch.Generator().manual_seed(1))


def test_heads_of_a_sequence_become_the_convolution() -> None:
    """Heads may mix places, since values are linear: what they add up to at each place is the kernel there."""
    torch.manual_seed(0)
    convolution = torch.nn.Conv1d(6, 6, 3)
    run = learn_convolution(convolution, sequences(6), training=FilterTraining(steps=400, every=100))
    assert run.centres.shape == (5, 3, 1)
    assert run.errors[0] == pytest.approx(1, abs=0.05)
    assert run.errors[-1] < 0.05
    assert run.taken >= 2
    attention = run.layer.attention([11])[:, 2, 4:7].detach()
    learned = torch.einsum("hk,hio->oik", attention, run.layer.value.detach()).flatten(1).numpy()
    kernel = convolution.weight.detach().flatten(1).numpy()
    for one, other in zip(learned, kernel, strict=True):  # up to the standardisation of each output
        assert np.corrcoef(one, other)[0, 1] > 0.95
    assert abs(np.corrcoef(learned[0], kernel[1])[0, 1]) < 0.9


def test_a_head_that_has_nothing_to_do_at_a_place_leaves_it() -> None:
    """Control: of a kernel that is zero beside its middle, no error is left, wherever the other heads go."""
    convolution = torch.nn.Conv1d(4, 4, 3)
    with torch.no_grad():
        convolution.weight[:, :, 0] = convolution.weight[:, :, 2] = 0
    run = learn_convolution(convolution, sequences(4), training=QUICK)
    assert run.errors[-1] < 0.02
    assert (0,) in run.places


def test_on_photographs_errors_fall_and_centres_walk_to_whole_positions() -> None:
    run = learn_convolution(filter_bank(), photograph_patches(96, size=10), training=QUICK)
    assert run.steps.tolist() == [0, 50, 100, 150, 200, 250]
    assert run.centres.shape == (6, 9, 2)
    assert run.errors[-1] < 0.25 < run.errors[0]
    assert run.taken >= 5
    again = learn_convolution(filter_bank(), photograph_patches(96, size=10), training=QUICK)
    np.testing.assert_array_equal(again.centres, run.centres)


def test_the_mean_shift_is_the_centre_for_wide_heads_and_the_nearest_place_for_sharp_ones() -> None:
    layer = QuadraticSelfAttention(1, 1, 2)
    with torch.no_grad():
        layer.borders = type(layer.borders)((0, 0), (6, 6))
        layer.centres.copy_(torch.tensor([[0.3, -1.2], [0.3, -1.2]]))
        layer.alpha.copy_(torch.tensor([0.5, 60.0]))
    np.testing.assert_allclose(mean_shifts(layer), [[0.3, -1.2], [0, -1]], atol=0.02)


def test_photographs_are_the_two_of_scikit_learn_and_patches_are_cut_out_of_them() -> None:
    pictures = photographs()
    assert sorted(pictures) == ["china", "flower"]
    patches = photograph_patches(5, size=9, seed=4)
    assert patches.shape == (5, 1, 9, 9)
    windows = [picture.unfold(0, 9, 1).unfold(1, 9, 1).flatten(0, 1) for picture in pictures.values()]
    assert any(bool((each == patches[0, 0]).all((1, 2)).any()) for each in windows)


@pytest.mark.parametrize(
    ("convolution", "inputs", "message"),
    [
        (torch.nn.Conv1d(2, 2, 4), torch.zeros(8, 2, 20), "kernel size"),
        (torch.nn.Conv1d(2, 2, 3, dilation=2), torch.zeros(8, 2, 20), "without gaps"),
        (torch.nn.Conv1d(2, 2, 3), torch.zeros(8, 3, 20), "inputs of 2 channels"),
        (torch.nn.Conv1d(2, 2, 3), torch.zeros(8, 2, 6), r"at least \(7,\) positions"),
        (torch.nn.Conv2d(1, 2, 3), torch.zeros(3, 1, 9, 9), "at least 4"),
    ],
)
def test_what_cannot_be_learned_is_refused(convolution, inputs, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        learn_convolution(convolution, inputs)


def test_patches_larger_than_the_photographs_are_refused() -> None:
    with pytest.raises(ValueError, match="patches of 500 pixels; expected from 1 to 427"):
        photograph_patches(2, size=500)
