"""What can be read from position codes: everything from sinusoids, nothing from random vectors."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import r2_score

from treeprobe.convolution import compare_codes, random_code, sinusoidal_code
from treeprobe.convolution.position_codes import (
    cumulative_share,
    describe_code,
    offset_r2,
    power_spectrum,
)
from treeprobe.extraction import position_embeddings


def test_sinusoids_shift_linearly_and_random_vectors_do_not():
    codes, table = compare_codes({"sinusoidal": sinusoidal_code(64, 32), "random": random_code(64, 32)})
    by_code = table.set_index("code")
    assert (by_code.loc["sinusoidal", ["position", "offset", "shift"]] > 0.95).all()
    assert (by_code.loc["random", ["position", "offset", "shift"]].abs() < 0.3).all()
    assert by_code.loc["sinusoidal", "held"] > by_code.loc["random", "held"] + 0.3
    # The similarity of sinusoids depends on the offset alone: every diagonal is constant.
    for offset in (1, 7):
        assert np.ptp(codes[0].similarity.diagonal(offset)) < 1e-9
        assert np.ptp(codes[1].similarity.diagonal(offset)) > 0.1


def test_offsets_are_read_as_a_fit_to_every_pair_would_read_them():
    code, places = np.random.default_rng(0).standard_normal((40, 3)).cumsum(0), np.arange(40)
    order = np.random.default_rng(0).permutation(40)
    scores = []
    for held, seen in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        first, second = np.array(list(itertools.permutations(seen, 2))).T
        weights = np.linalg.lstsq(code[second] - code[first], places[second] - places[first])[0]
        first, second = np.array(list(itertools.permutations(held, 2))).T
        scores.append(r2_score(places[second] - places[first], (code[second] - code[first]) @ weights))
    assert offset_r2(code) == pytest.approx(np.mean(scores), abs=1e-3)


@pytest.mark.parametrize("positions", [16, 17])
def test_the_spectrum_holds_all_variance(positions):
    code = np.random.default_rng(0).standard_normal((positions, 5))
    np.testing.assert_allclose(power_spectrum(code).sum(0), code.var(0))


def test_a_single_wave_stands_at_its_frequency():
    wave = np.cos(2 * np.pi * 3 * np.arange(32) / 32)[:, None]
    assert power_spectrum(wave)[:, 0].argmax() == 2
    assert cumulative_share(power_spectrum(wave))[0] == pytest.approx(1.0)


def test_the_sinusoidal_code_is_that_of_the_formula():
    code = sinusoidal_code(50, 8)
    assert code[7, 4] == pytest.approx(np.sin(7 / 10_000 ** (4 / 8)))
    assert code[7, 5] == pytest.approx(np.cos(7 / 10_000 ** (4 / 8)))
    assert code[7, 0] == pytest.approx(np.sin(7))


def test_learned_tables_leave_out_rows_that_no_position_uses(models):
    assert position_embeddings(models["bert"]).shape == (40, 24)
    assert position_embeddings(models["roberta"]).shape == (41, 24), "its padding index, 0 here, is no position"
    first = models["roberta"].model.embeddings.position_embeddings.weight[1]
    np.testing.assert_allclose(position_embeddings(models["roberta"])[0], first.numpy(), rtol=1e-6)


def test_models_and_codes_that_cannot_be_read_are_refused(models):
    with pytest.raises(ValueError, match="no table of learned position embeddings"):
        position_embeddings(models["modernbert"])
    with pytest.raises(ValueError, match="found shape"):
        describe_code(np.zeros((4, 2)), "short")
    with pytest.raises(ValueError, match="found 7"):
        sinusoidal_code(10, 7)
