"""Figures of analyses: what is drawn is large enough to see, and its numbers say what they are."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from treeprobe.pipeline.analyses import convolution_figures, head_figures


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved from now on, in place of their files."""
    figures: list[Figure] = []
    for module in (convolution_figures, head_figures):
        monkeypatch.setattr(module, "save_formats", lambda figure, stem, **options: figures.append(figure))
    return figures


def test_each_share_of_attention_has_a_panel_and_a_scale_of_its_own(saved: list[Figure]) -> None:
    rng = np.random.default_rng(0)
    largest = {"last_special": 0.9, "punctuation": 0.2, "same": 0.02, "previous": 0.3}
    behaviour: Any = SimpleNamespace(**{name: most * rng.random((6, 12)) for name, most in largest.items()})
    labels = {"last_special": "[SEP]", **{name: name for name in ("punctuation", "same", "previous")}}
    head_figures._draw_behaviour(Path("behaviour"), behaviour, labels)
    (figure,) = saved
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title() for panel in panels] == [
        "to [SEP]",
        "to punctuation",
        "to the word itself",
        "to the previous word",
    ]
    for panel, most in zip(panels, largest.values(), strict=True):
        low, high = panel.get_ylim()
        assert low == 0
        assert most * 0.8 < high < most * 1.2, "values fill the panel"


def test_percentages_of_kernels_are_explained(saved: list[Figure]) -> None:
    kernels = SimpleNamespace(span=3, near=lambda reach: np.full((1, 2, 2 * reach + 1), 1 / (2 * reach + 1)))
    fit: Any = SimpleNamespace(
        free=kernels, quadratic=kernels, share=np.array([[0.98, 0.5]]), quadratic_share=np.array([[0.9, 0.4]])
    )
    convolution_figures._draw_kernels(Path("kernels"), fit)
    (figure,) = saved
    assert [panel.get_title() for panel in figure.axes[:2]] == [
        "1-1: 98% (quadratic 90%)",
        "1-2: 50% (quadratic 40%)",
    ]
    assert "share of the deviance from uniform attention" in figure.get_supxlabel()
