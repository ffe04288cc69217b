"""Position codes: similarities, spectra and cumulative shares."""

import numpy as np
import pytest
from matplotlib.axes import Axes

from treeprobe.reporting import fourier_spectra, share_by_number, similarity_matrix


def test_waves_stand_in_the_order_of_their_frequencies(ax: Axes) -> None:
    positions = np.arange(64)[:, None]
    waves = np.cos(2 * np.pi * positions * np.array([9, 2, 30, 5]) / 64)
    power = np.abs(np.fft.rfft(waves, axis=0)[1:]) ** 2
    assert fourier_spectra(power, ax) is ax
    assert ax.images[0].get_array().argmax(axis=0).tolist() == [1, 4, 8, 29]
    assert ax.images[0].get_extent() == [-0.5, 3.5, 0.5, 32.5]
    with pytest.raises(ValueError, match="at least 0"):
        fourier_spectra(-power, ax)


def test_similarity_runs_from_minus_one_to_one(ax: Axes) -> None:
    assert similarity_matrix(np.eye(4), ax) is ax
    assert ax.images[0].get_clim() == (-1, 1)
    with pytest.raises(ValueError, match="square"):
        similarity_matrix(np.ones((3, 4)), ax)


def test_shares_are_counted_from_one(ax: Axes) -> None:
    assert share_by_number({"learned": [0.5, 0.9]}, ax, label="share", along="frequencies") is ax
    assert ax.lines[0].get_xdata().tolist() == [1, 2]
