"""Images, the variants of the trunk, their counts, and a short training."""

import numpy as np
import pytest
import torch
from torch import nn

from treeprobe.convolution import (
    Images,
    LearnedSelfAttention,
    QuadraticSelfAttention,
    cifar10,
    digits,
    experiment_table,
    run_experiment,
)
from treeprobe.convolution.classifier import VARIANTS, ImageClassifier, count_flops, count_parameters
from treeprobe.convolution.images import CIFAR_BATCHES, CIFAR_TEST, ImageError

IMAGE = (1, 8, 8)


@pytest.fixture(scope="module")
def few() -> Images:
    whole = digits()
    return Images("few", whole.train[:96], whole.train_classes[:96], whole.test[:32], whole.test_classes[:32])


def write_cifar(folder, *, records=4, last=None):
    generator = np.random.default_rng(0)
    for name in (*CIFAR_BATCHES, CIFAR_TEST):
        content = generator.integers(0, 256, (records, 3073), np.uint8)
        content[:, 0] %= 10
        content[:, 0][0] = 9
        content.tofile(folder / name)
    return content


def test_cifar_is_read_record_by_record(tmp_path):
    written = write_cifar(tmp_path)
    images = cifar10(tmp_path)
    assert images.train.shape == (20, 3, 32, 32)
    assert images.test_classes.tolist() == written[:, 0].tolist()
    # Record 1, green, row 2, column 5.
    expected = (written[1, 1 + 1024 + 2 * 32 + 5] / 255 - 0.4822) / 0.2435
    assert images.test[1, 1, 2, 5].item() == pytest.approx(expected, abs=1e-5)
    assert images.classes == 10


def test_damaged_cifar_folders_are_refused(tmp_path):
    with pytest.raises(ImageError, match=r"lacks data_batch_1\.bin"):
        cifar10(tmp_path)
    write_cifar(tmp_path)
    content = (tmp_path / CIFAR_TEST).read_bytes()
    (tmp_path / CIFAR_TEST).write_bytes(content[:-1])
    with pytest.raises(ImageError, match="12291 bytes; expected records of 3073"):
        cifar10(tmp_path)
    (tmp_path / CIFAR_TEST).write_bytes(bytes([200]) + content[1:])
    with pytest.raises(ImageError, match="record 1 has class 200"):
        cifar10(tmp_path)


def test_digits_are_split_with_equal_shares_of_classes():
    images = digits()
    assert len(images.train) + len(images.test) == 1797
    shares = torch.bincount(images.test_classes) / torch.bincount(images.train_classes)
    assert shares.max() - shares.min() < 0.03


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


CHANNELS, PIXELS, HEADS, SIDE, ENCODING = 4, 64, 9, 8, 16
EVERYWHERE = CHANNELS + CHANNELS + 2 * (2 * CHANNELS) + CHANNELS * 10 + 10  # stem, two normalisations, classes
MIXING = HEADS * CHANNELS * CHANNELS  # a 3 × 3 kernel, or the values of 9 heads
TABLES = 2 * (2 * SIDE - 1) * ENCODING + HEADS * 2 * ENCODING  # vectors of shifts, and v of each head
CONTENT = 2 * HEADS * CHANNELS * CHANNELS + HEADS * CHANNELS + HEADS * 2 * ENCODING * CHANNELS


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
    model = ImageClassifier(variant, image=IMAGE, classes=10, channels=CHANNELS, depth=1)
    assert count_parameters(model) == EVERYWHERE + 2 * each


def test_flops_are_those_counted_by_hand():
    stem_and_classes = PIXELS * CHANNELS + CHANNELS * 10
    values = PIXELS * MIXING
    attending = HEADS * PIXELS * PIXELS * CHANNELS
    found = {
        variant: count_flops(ImageClassifier(variant, image=IMAGE, classes=10, channels=CHANNELS, depth=1), IMAGE) / 2
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
        model = ImageClassifier(variant, image=IMAGE, classes=10, channels=CHANNELS, depth=2)
        layers = [layer for block in model.blocks for layer in block.layers]
        assert sum(isinstance(layer, mixing) for layer in layers) == 4
        assert len(model.attention_layers) == (0 if variant == "convolution" else 4)
        frames.append([type(layer) for layer in layers if not isinstance(layer, mixing)])
    assert all(frame == frames[0] for frame in frames)


def test_maps_are_of_the_layers_that_the_forward_pass_runs():
    torch.manual_seed(0)
    model = ImageClassifier("learned with content", image=IMAGE, classes=10, channels=CHANNELS, depth=1).eval()
    images = torch.randn(3, *IMAGE)
    first, second = model.attention_layers
    block = model.blocks[0].layers
    with torch.no_grad():
        hidden = model.stem(images)
        expected = [first.attention(hidden).mean(0), second.attention(block[2](block[1](first(hidden)))).mean(0)]
    torch.testing.assert_close(model.maps(images), torch.stack(expected))
    with pytest.raises(ValueError, match="no attention to show"):
        ImageClassifier("convolution", image=IMAGE, classes=10).maps(images)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_learns_and_can_be_repeated(few, variant):
    one, again = (
        run_experiment(few, variants=[variant], epochs=3, channels=8, depth=1, batch_size=16)[0] for _ in range(2)
    )
    assert one.history.loss.iloc[-1] < one.history.loss.iloc[1]
    assert one.history.equals(again.history)
    if variant == "convolution":
        assert one.centres is one.attention is None
        return
    assert one.centres.shape == (4, 2, 9, 2)
    assert np.abs(one.centres[-1] - one.centres[0]).max() > 1e-3, "centres move"
    np.testing.assert_allclose(one.attention.sum((2, 3)), 1.0, rtol=1e-5)


def test_the_table_sets_the_papers_numbers_beside(few):
    runs = run_experiment(few, variants=["convolution"], epochs=1, channels=4, depth=1)
    table = experiment_table(runs)
    assert table.source.tolist() == ["here"] + ["Cordonnier et al. (2020)"] * 4
    assert table.accuracy.tolist()[1:] == [0.938, 0.938, 0.918, 0.871]


def test_unknown_variants_and_patches_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="variant must be one of"):
        ImageClassifier("fourier", image=IMAGE, classes=2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="patches of 3"):
        ImageClassifier("quadratic", image=IMAGE, classes=2, patch=3)
