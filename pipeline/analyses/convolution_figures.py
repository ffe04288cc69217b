"""The figures of a convolution analysis: kernels, what they explain, what survives, and position codes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treeprobe.convolution import KernelFit, PositionCode
from treeprobe.pipeline.analyses.head_kernels import HeadKernels
from treeprobe.pipeline.analyses.kernel_survival import Survival
from treeprobe.pipeline.probing.conditions import INTACT
from treeprobe.reporting import (
    behaviour_by_layer,
    fourier_spectra,
    head_kernel,
    head_name,
    kernel_legend,
    kernel_map,
    merge_seeds,
    new_figure,
    save_formats,
    share_by_number,
    similarity_matrix,
    survival_curves,
)

REACH = 12
"""Offsets shown to each side."""

PANELS = 9


def draw_convolution(folder: Path, kernels: HeadKernels, survival: Survival) -> None:
    """Draw everything into `folder`, as PDF and PNG."""
    _draw_kernel_map(folder / "kernel-map", kernels.words)
    _draw_kernels(folder / "kernels", kernels.words)
    _draw_shares(folder / "shares", kernels.words)
    _draw_survival(folder / "survival", survival)
    if kernels.codes:
        _draw_codes(folder, kernels.codes)


def _draw_shares(stem: Path, kernels: KernelFit) -> None:
    """How much of each head's attention a kernel explains, layer by layer."""
    figure, axes = new_figure((4.8, 3.3))
    shares = {"any kernel": kernels.share, "quadratic kernel": kernels.quadratic_share}
    behaviour_by_layer(shares, axes, label="share of deviance explained")
    save_formats(figure, stem)


def _draw_survival(stem: Path, survival: Survival) -> None:
    """The one figure: UUAS layer by layer under every condition, seeds averaged."""
    figure, axes = new_figure((5.6, 3.6))
    uuas = merge_seeds(survival.uuas)
    intact = uuas.loc[uuas.condition == INTACT, "value"].max()
    # Shares of what stands above the floor have no meaning for a model that does not reach it.
    survival_curves(uuas, axes, floor=survival.floor if intact > survival.floor else None)
    save_formats(figure, stem)


def _draw_kernel_map(stem: Path, kernels: KernelFit) -> None:
    """Every head's kernel, most convolutional first."""
    offsets, weights, _ = _shown_kernels(kernels)
    order = _order(kernels)
    names = [_name(kernels, place) for place in order]
    figure, axes = new_figure((5.0, min(9.0, 1.5 + 0.09 * len(order))))
    kernel_map(offsets, weights[order], axes, names=names, label="kernel, over the offsets shown")
    save_formats(figure, stem)


def _draw_kernels(stem: Path, kernels: KernelFit) -> None:
    """The kernels of the heads that they explain best, free-form and quadratic."""
    offsets, weights, quadratic = _shown_kernels(kernels)
    chosen = _order(kernels)[:PANELS]
    figure = Figure(figsize=(7.2, 5.6), layout="constrained")
    panels = figure.subplots(-(-len(chosen) // 3), 3, squeeze=False).ravel()
    explained = "per cent: share of the deviance from uniform attention that the free-form (quadratic) kernel explains"
    figure.supxlabel(f"relative offset (words; negative: to the left)\n{explained}", fontsize=9)
    figure.supylabel("kernel, over the offsets shown", fontsize=9)
    for panel, place in zip(panels, chosen):
        share, quadratic_share = kernels.share.ravel()[place], kernels.quadratic_share.ravel()[place]
        title = f"{_name(kernels, place)}: {share:.0%} (quadratic {quadratic_share:.0%})"
        head_kernel(offsets, weights[place], panel, fitted=quadratic[place], title=title)
    kernel_legend(panels[1] if len(chosen) > 1 else panels[0])
    for panel in panels[len(chosen) :]:
        panel.set_visible(False)
    save_formats(figure, stem)


def _draw_codes(folder: Path, codes: Sequence[PositionCode]) -> None:
    """Similarities and spectra of the codes side by side, and how few frequencies hold them."""
    for stem, draw in (("position-similarity", _draw_similarity), ("position-spectra", _draw_spectrum)):
        figure = Figure(figsize=(3.6 * len(codes), 3.2), layout="constrained")
        for panel, code in zip(figure.subplots(1, len(codes), squeeze=False)[0], codes):
            draw(code, panel)
        save_formats(figure, folder / stem, dpi=200)
    figure, axes = new_figure((4.8, 3.3))
    share_by_number(
        {code.name: code.cumulative for code in codes},
        axes,
        label="share of variance",
        along="number of frequencies, strongest first",
    )
    save_formats(figure, folder / "position-frequencies")


def _shown_kernels(kernels: KernelFit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets near the query, and the free and quadratic kernels of all heads over them, each summing to 1."""
    reach = min(REACH, kernels.free.span)
    offsets = np.arange(-reach, reach + 1)
    free, quadratic = (form.near(reach).reshape(-1, len(offsets)) for form in (kernels.free, kernels.quadratic))
    return offsets, free, quadratic


def _draw_similarity(code: PositionCode, axes: Axes) -> None:
    similarity_matrix(code.similarity, axes, title=code.name)


def _draw_spectrum(code: PositionCode, axes: Axes) -> None:
    fourier_spectra(code.spectrum, axes, title=code.name)


def _order(kernels: KernelFit) -> np.ndarray:
    """Heads, all layers in one row, the most convolutional first."""
    return np.argsort(-np.nan_to_num(kernels.share.ravel()), kind="stable")


def _name(kernels: KernelFit, place: int) -> str:
    """The name of the head at a place among all layers' heads."""
    return head_name(*divmod(int(place), kernels.share.shape[1]))
