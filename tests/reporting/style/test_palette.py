"""Colours and dashes: what they distinguish stays distinct to readers who do not see red or green."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from treeprobe.parsing.drawing.svg import STYLES
from treeprobe.reporting.style.palette import EDGES, GREEN

# Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)


def seen(color: str, sight: NDArray[np.float64]) -> NDArray[np.float64]:
    """A colour in CIE Lab, as it is seen."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = TO_XYZ @ np.clip(sight @ linear, 0, 1) / WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: str, other: str, sight: NDArray[np.float64] = DEUTERANOPIA) -> float:
    """The distance of two colours (CIE 1976); about 2 can just be noticed side by side."""
    return float(np.linalg.norm(seen(one, sight) - seen(other, sight)))


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(EDGES, 2)))
def test_kinds_of_edges_differ_in_dash_and_to_a_reader_who_sees_no_green(one: str, other: str) -> None:
    styles = EDGES[one], EDGES[other]  # type: ignore[index]
    assert styles[0].dashes != styles[1].dashes
    assert difference(styles[0].color, styles[1].color) > 15


def test_the_measure_knows_colours_that_such_a_reader_confuses() -> None:
    # The grey of baselines, once that of unscored edges.
    assert difference("#767676", GREEN, np.eye(3)) > 30
    assert difference("#767676", GREEN) < 15


def test_screen_and_print_have_the_same_colours() -> None:
    for status, style in EDGES.items():
        assert style.color.lower() in STYLES[status].lower()
