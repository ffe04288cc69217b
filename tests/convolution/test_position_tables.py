"""Position codes changed in one respect: each keeps what it promises to keep, and no more."""

import numpy as np
import pytest

from treeprobe.convolution import (
    matched_sinusoids,
    random_code,
    shifted_code,
    shuffled_code,
    sinusoidal_code,
    strongest_frequencies,
    without_positions,
)
from treeprobe.convolution.position_codes import cumulative_share, power_spectrum

CODE = 3 * random_code(30, 7, seed=2) + np.linspace(0, 5, 30)[:, None]


@pytest.mark.parametrize("positions", [30, 31])
def test_what_few_frequencies_leave_out_is_their_share_of_the_variance(positions: int) -> None:
    """Parseval: the error of the best k frequencies is the variance of the others, for each k, down to none."""
    code = random_code(positions, 6, seed=1)
    shares = cumulative_share(power_spectrum(code))
    variance = ((code - code.mean(0)) ** 2).sum()
    for count in range(len(shares) + 1):
        rebuilt = strongest_frequencies(code, count)
        np.testing.assert_allclose(rebuilt.mean(0), code.mean(0), atol=1e-12)
        lost = ((rebuilt - code) ** 2).sum() / variance
        assert lost == pytest.approx(1 - (shares[count - 1] if count else 0), abs=1e-9)
    np.testing.assert_allclose(strongest_frequencies(code, len(shares)), code, atol=1e-12)


def test_one_wave_is_put_together_from_one_frequency_and_noise_is_not() -> None:
    position = np.arange(64)
    waves = np.stack([np.sin(2 * np.pi * 5 * position / 64), np.cos(2 * np.pi * 5 * position / 64 + 1)], axis=1)
    np.testing.assert_allclose(strongest_frequencies(waves, 1), waves, atol=1e-12)
    noise = random_code(64, 2)
    assert ((strongest_frequencies(noise, 1) - noise) ** 2).mean() > 0.5


def test_the_others_keep_what_they_promise() -> None:
    np.testing.assert_array_equal(np.sort(shuffled_code(CODE, seed=3), axis=0), np.sort(CODE, axis=0))
    assert not np.array_equal(shuffled_code(CODE, seed=3), CODE)
    np.testing.assert_array_equal(shifted_code(CODE)[:-1], CODE[1:])
    np.testing.assert_array_equal(shifted_code(CODE)[-1], CODE[-1])
    np.testing.assert_array_equal(shifted_code(CODE, by=0), CODE)
    flat = without_positions(CODE)
    assert np.ptp(flat, axis=0).max() == 0
    np.testing.assert_allclose(flat[0], CODE.mean(0))
    waves = matched_sinusoids(CODE)
    np.testing.assert_allclose(waves.mean(0), CODE.mean(0), atol=1e-12)
    assert waves.var(0).sum() == pytest.approx(CODE.var(0).sum())
    # Up to its mean and its size it is the code of the paper.
    plain = sinusoidal_code(30, 8)[:, :7]
    scale = (waves[1] - waves[0]) / (plain[1] - plain[0])
    np.testing.assert_allclose(scale, scale[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: strongest_frequencies(CODE, 16), "16 frequencies of a code that has 15, by 30 positions"),
        (lambda: strongest_frequencies(CODE, -1), "-1 frequencies"),
        (lambda: shifted_code(CODE, by=30), "a shift by 30 of 30 positions"),
    ],
)
def test_what_a_code_does_not_have_is_refused(change, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        change()
