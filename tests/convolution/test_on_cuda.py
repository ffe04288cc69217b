"""Kernels of heads on a GPU, beside the CPU."""

import copy

import numpy as np
import pytest

from tests.convolution.known_attention import random_words
from treeprobe.convolution import fit_kernels, measure_offsets, replace_heads, split_logits, state_change
from treeprobe.extraction import Encoder, extract, stream_attention

pytestmark = pytest.mark.cuda

TEXT = random_words(40, seed=3)


@pytest.fixture(scope="module", params=["bert", "gpt2"])
def pair(models: dict[str, Encoder], request: pytest.FixtureRequest) -> tuple[Encoder, Encoder]:
    here = models[request.param]
    there = Encoder.from_parts(copy.deepcopy(here.model), here.tokenizer, name=here.name, device="cuda")
    return here, there


@pytest.mark.parametrize("level", ["words", "subwords"])
def test_sums_and_kernels_are_the_same(pair: tuple[Encoder, Encoder], level: str) -> None:
    here, there = (measure_offsets(stream_attention(encoder, TEXT, level=level)) for encoder in pair)
    np.testing.assert_array_equal(there.borders, here.borders)
    for name in ("offsets", "specials", "special_rows", "entropy"):
        np.testing.assert_allclose(getattr(there, name), getattr(here, name), atol=1e-3, err_msg=name)
    expected, found = fit_kernels(here), fit_kernels(there)
    np.testing.assert_allclose(found.share, expected.share, atol=2e-3)
    np.testing.assert_allclose(found.centre, expected.centre, atol=2e-3)


def test_replaced_heads_leave_the_same_states(pair: tuple[Encoder, Encoder]) -> None:
    kernels = fit_kernels(measure_offsets(stream_attention(pair[0], TEXT, level="subwords"))).free
    moved = []
    for encoder in pair:
        before = extract(encoder, TEXT)
        with replace_heads(encoder, kernels):
            after = extract(encoder, TEXT)
        moved.append((state_change(before, after), after.read(slice(None))))
    (here, states_here), (there, states_there) = moved
    np.testing.assert_allclose(states_there, states_here, atol=2e-3)
    np.testing.assert_allclose(there.relative, here.relative, atol=2e-3)
    assert here.relative.max() > 0.005


def test_scores_split_alike(models: dict[str, Encoder]) -> None:
    here = models["bert"]
    there = Encoder.from_parts(copy.deepcopy(here.model), here.tokenizer, name="bert", device="cuda")
    expected, found = split_logits(here, TEXT), split_logits(there, TEXT)
    np.testing.assert_allclose(found.shares, expected.shares, atol=1e-3)
