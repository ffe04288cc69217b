"""The figures of the ablations, each on the axes of the paper's table or figure."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from treeprobe.pipeline.ablations import published
from treeprobe.pipeline.ablations.collecting import MASKED_LOSS, NEXT_LOSS, UUAS
from treeprobe.pipeline.ablations.telling import NAMES
from treeprobe.pipeline.ablations.variants import Experiment, Size, Variant
from treeprobe.reporting import save_formats, size_points, variant_curves, variant_points
from treeprobe.reporting.scores.variants import Point

_PANEL = (2.9, 0.34, 1.2)
"""Width of a panel in inches, height of a row, and what is above and below the rows."""
_UNITS: Mapping[str, str] = {MASKED_LOSS: " (nats)", NEXT_LOSS: " (nats)"}


def draw(table: pd.DataFrame, variants: list[Variant], folder: Path, *, vocabulary: int, positions: int) -> list[Path]:
    """Draw a figure for each experiment of the table into a folder that exists; returns the files.

    Args:
        table: from `compare_variants`.
        variants: in the order of the paper.
        vocabulary, positions: of the models, for counting parameters.
    """
    files: list[Path] = []
    for experiment in dict.fromkeys(variant.experiment for variant in variants):
        own = table[table["experiment"] == experiment]
        names = [variant.name for variant in variants if variant.experiment == experiment]
        if own.empty:
            continue
        figure = (
            _size_figure(own, names, vocabulary=vocabulary, positions=positions)
            if experiment == "sizes"
            else _curve_figure(own, names)
            if experiment == "steps"
            else _row_figure(own, names, experiment)
        )
        files += save_formats(figure, folder / experiment)
    return files


def _row_figure(table: pd.DataFrame, names: list[str], experiment: Experiment) -> Figure:
    """A row a variant, as in tables 5 and 8; a panel a measure."""
    measures = _measures(table)
    width, row, around = _PANEL
    figure = Figure(figsize=(1.6 + width * len(measures), around + row * len(names)), layout="constrained")
    for ax, measure in zip(figure.subplots(1, len(measures), squeeze=False, sharey=True)[0], measures):
        variant_points(table, ax, names=names, measure=measure, label=label_of(measure))
    if experiment == "masking":
        figure.axes[0].set_ylabel("shown as [MASK] / as it is / as a random subword (%)", fontsize=7)
    return figure


def _size_figure(table: pd.DataFrame, names: list[str], *, vocabulary: int, positions: int) -> Figure:
    """Measures by the number of parameters; perplexity with that of table 6 in the same axes."""
    counts = {
        name: published.parameters(size.layers, size.dim, vocabulary=vocabulary, positions=positions)
        for name in names
        if (size := Size.read(name))
    }
    measures = _measures(table)
    figure = Figure(figsize=(0.6 + 3.4 * len(measures), 3.0), layout="constrained")
    for ax, measure in zip(figure.subplots(1, len(measures), squeeze=False)[0], measures):
        rows = table[table["measure"] == measure]
        own = np.column_stack([rows["variant"].map(counts), rows[["value", "low", "high"]]]).astype(float)
        if measure == MASKED_LOSS:
            own[:, 1:] = np.exp(own[:, 1:])
            series = {"here": _points(own), "Devlin et al. (2019), table 6": _published_perplexities()}
            size_points(series, ax, label="perplexity of masked subwords", logarithmic=True)
        else:
            size_points({"here": _points(own)}, ax, label=label_of(measure))
    return figure


def _points(rows: NDArray[np.float64]) -> list[Point]:
    """Points of the rows of an array, (points, 4)."""
    return [(size, value, low, high) for size, value, low, high in rows.tolist()]


def _curve_figure(table: pd.DataFrame, names: list[str]) -> Figure:
    """Measures by step, as in figure 5; losses are left out, since the two are different quantities.

    So are measures of the last step alone, which make no curve.
    """
    steps = table.groupby("measure")["step"].nunique()
    most = [measure for measure in _measures(table) if steps[measure] == steps.max()]
    measures = [measure for measure in most if measure not in (MASKED_LOSS, NEXT_LOSS)]
    figure = Figure(figsize=(4.6 * len(measures), 3.0), layout="constrained")
    for ax, measure in zip(figure.subplots(1, len(measures), squeeze=False)[0], measures):
        variant_curves(table, ax, names=names, measure=measure, label=label_of(measure))
    return figure


def _published_perplexities() -> list[Point]:
    """The perplexities of table 6 by the parameters of the encoder; the paper reports no intervals."""
    return [
        (float(published.parameters(layers, dim)), *(scores["perplexity"],) * 3)
        for (layers, dim, _), scores in published.SIZES.items()
    ]


def label_of(measure: str) -> str:
    """What the axis of a measure is called."""
    return f"{NAMES.get(measure, measure)}{_UNITS.get(measure, '')}"


def _measures(table: pd.DataFrame) -> list[str]:
    """The measures of a table: losses, UUAS, then tasks."""
    order = {MASKED_LOSS: 0, NEXT_LOSS: 1, UUAS: 2}
    return sorted(table["measure"].unique(), key=lambda measure: order.get(measure, 3))
