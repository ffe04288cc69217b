"""The variants of the classifier: their layers, parameters, operations and attention maps."""

import pytest
import torch
from torch import nn

from treeprobe.convolution.image_experiment import (
    ImageClassifier,
    LearnedSelfAttention,
    QuadraticSelfAttention,
    Trunk,
)
from treeprobe.convolution.image_experiment.classifier import VARIANTS, count_flops, count_parameters

IMAGE = (1, 8, 8)
CHANNELS, PIXELS, HEADS, SIDE, ENCODING = 4, 64, 9, 8, 16
EVERYWHERE = CHANNELS + CHANNELS + 2 * (2 * CHANNELS) + CHANNELS * 10 + 10  # stem, two normalisations, classes
MIXING = HEADS * CHANNELS * CHANNELS  # a 3 × 3 kernel, or the values of 9 heads
TABLES = 2 * (2 * SIDE - 1) * ENCODING + HEADS * 2 * ENCODING  # vectors of shifts, and v of each head
CONTENT = 2 * HEADS * CHANNELS * CHANNELS + HEADS * CHANNELS + HEADS * 2 * ENCODING * CHANNELS
SMALL = Trunk(CHANNELS, depth=1)


@pytest.mark.parametrize(
    ("variant", "each"),
    [
        ("convolution", MIXING),
        ("quadratic", MIXING + HEADS * 3),
        ("learned", MIXING + TABLES),
        ("learned with content", MIXING + TABLES + CONTENT),
    ],
)
def test_parameters_are_those_counted_by_hand(variant, each):
    model = ImageClassifier(variant, SMALL, image=IMAGE, classes=10)
    assert count_parameters(model) == EVERYWHERE + 2 * each


def test_flops_are_those_counted_by_hand():
    stem_and_classes = PIXELS * CHANNELS + CHANNELS * 10
    values = PIXELS * MIXING
    attending = HEADS * PIXELS * PIXELS * CHANNELS
    found = {
        variant: count_flops(ImageClassifier(variant, SMALL, image=IMAGE, classes=10), IMAGE) / 2
        for variant in VARIANTS
    }
    assert found["convolution"] == stem_and_classes + 2 * values
    assert found["quadratic"] == stem_and_classes + 2 * (attending + values)
    scores_of_shifts = 2 * HEADS * ENCODING * (2 * SIDE - 1)
    assert found["learned"] == stem_and_classes + 2 * (attending + values + scores_of_shifts)
    assert found["learned with content"] > found["learned"] + 2 * (attending + 2 * values)


def test_variants_differ_in_what_mixes_positions_and_in_nothing_else():
    mixing = nn.Conv2d, QuadraticSelfAttention, LearnedSelfAttention
    frames = []
    for variant in VARIANTS:
        model = ImageClassifier(variant, Trunk(CHANNELS, depth=2), image=IMAGE, classes=10)
        layers = [layer for block in model.blocks for layer in block.layers]
        assert sum(isinstance(layer, mixing) for layer in layers) == 4
        assert len(model.attention_layers) == (0 if variant == "convolution" else 4)
        frames.append([type(layer) for layer in layers if not isinstance(layer, mixing)])
    assert all(frame == frames[0] for frame in frames)


def test_maps_are_of_the_layers_that_the_forward_pass_runs():
    torch.manual_seed(0)
    model = ImageClassifier("learned with content", SMALL, image=IMAGE, classes=10).eval()
    images = torch.randn(3, *IMAGE)
    first, second = model.attention_layers
    block = model.blocks[0].layers
    with torch.no_grad():
        hidden = model.stem(images)
        expected = [first.attention(hidden).mean(0), second.attention(block[2](block[1](first(hidden)))).mean(0)]
    torch.testing.assert_close(model.attention_maps(images), torch.stack(expected))
    with pytest.raises(ValueError, match="no attention to show"):
        ImageClassifier("convolution", SMALL, image=IMAGE, classes=10).attention_maps(images)


def test_unknown_variants_and_patches_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="variant must be one of"):
        ImageClassifier("fourier", SMALL, image=IMAGE, classes=2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="patches of 3"):
        ImageClassifier("quadratic", Trunk(patch=3), image=IMAGE, classes=2)
