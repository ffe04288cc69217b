"""Every metric by layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.pipeline.report.results import (
    BASELINES,
    METRICS,
    MOST_LISTED,
    MOST_SHOWN,
    TITLES,
    Results,
    spread,
)
from treeprobe.pipeline.results.file_names import file_names
from treeprobe.pipeline.results.scores import best_rows, probe_rows
from treeprobe.reporting import heat_map, layer_curves, new_figure
from treeprobe.reporting.html import Picture, Section, curve_size, picture


def layers_section(results: Results, bank: str) -> Section | None:
    """Curves of every metric over layers; a map too, where curves would be too many to tell apart.

    Metrics that no sentence has are left out, such as rank correlations where all sentences are shorter than they take.
    """
    rows = results.structure_rows(bank)
    rows = rows[rows["split"] == "dev"].dropna(subset="value")
    metrics = [metric for metric in METRICS if not probe_rows(rows, metric).empty]
    if not metrics:
        return None
    names, shown = list(dict.fromkeys(rows["checkpoint"])), spread(rows)
    maps = [layer_map(probe_rows(rows, metric), names, metric) for metric in metrics] if len(names) > MOST_SHOWN else []
    best = best_rows(rows, by=["checkpoint"])
    owner = str(names[0] if best.empty else best["checkpoint"].iloc[int(best["value"].argmax())])
    curves = [layer_picture(rows[rows["checkpoint"].isin({*shown, owner})], metric, bank, owner) for metric in metrics]
    text = "Scores of the development sentences. "
    text += "Bands are 95 % intervals; the hollow point is layer 0, the embeddings; grey lines are baselines"
    text += f", those of {owner}." if len(names) > 1 else "."
    if maps:
        text += " In the maps each row is a checkpoint, and a dot its best layer."
    if len(shown) < len(names):
        text += f" Curves show {len(shown)} of {len(names)} checkpoints, spread over the range of their best scores."
    identifier = f"layers-{file_names(results.treebanks)[bank]}"
    return Section(identifier, f"Layers: {bank}", text, pictures=[*maps, *curves])


def layer_picture(rows: pd.DataFrame, metric: str, bank: str, owner: str) -> Picture:
    """Curves of one metric, and the baselines of one checkpoint: the chain is the same for all."""
    own = rows[rows["metric"] == metric]
    own = own[~own["probe"].isin(list(BASELINES)) | (own["checkpoint"] == owner)]
    grey = own["probe"].isin(list(BASELINES))
    own = pd.concat([own[~grey].assign(probe=own["checkpoint"]), own[grey]])  # baselines last, in the legend too
    figure, axes = new_figure(curve_size(own["probe"].nunique()))
    layer_curves(own[["layer", "probe", "metric", "value", "low", "high"]], axes, metric=metric, labels="legend")
    title = TITLES[metric]
    return picture(figure, title=f"{title} by layer, {bank}", description=_curve_text(own, title))


def layer_map(rows: pd.DataFrame, names: Sequence[str], metric: str, *, of: str = "") -> Picture:
    """A metric of every checkpoint and layer, shaded, with a dot at the highest of each.

    Above `MOST_LISTED` rows become narrow, and no longer have all their names.
    """
    table = rows.pivot_table(index="checkpoint", columns="layer", values="value").reindex(list(names))
    values = table.to_numpy(dtype=float)
    figure, axes = new_figure((5.4, 1.0 + 0.21 * min(len(names), MOST_LISTED)))
    heat_map(
        values,
        axes,
        rows=[str(name) for name in table.index],
        columns=[str(layer) for layer in table.columns],
        label=METRICS[metric],
    )
    known = np.flatnonzero(np.isfinite(values).any(axis=1))
    highest = np.nanargmax(values[known], axis=1)
    if len(names) > MOST_LISTED:  # in few rows the numbers stand in the cells
        axes.scatter(highest, known, s=1.5, color="black", linewidths=0)
    axes.set_xlabel("layer", fontsize=9)
    title = f"{TITLES[metric]} of {of}," if of else f"{TITLES[metric]} of"
    layers = table.columns.to_numpy()[highest]
    return picture(
        figure,
        title=f"{title} every checkpoint and layer",
        description=f"Heat map of {TITLES[metric]}, {len(names)} checkpoints by {table.shape[1]} layers; the best "
        f"layer is {_range_of(layers)}, {int(np.median(layers))} in the median",
        shaded=True,
    )


def _range_of(layers: NDArray[Any]) -> str:
    """The least and the greatest of some layers."""
    low, high = int(layers.min()), int(layers.max())
    return f"{low} of all" if low == high else f"{low} to {high}"


def _curve_text(rows: pd.DataFrame, title: str) -> str:
    """What the curves show, for those who cannot see them."""
    parts = []
    for name, own in rows[~rows["probe"].isin(list(BASELINES))].groupby("probe", sort=False):
        best = own.iloc[int(own["value"].argmax())]
        parts.append(f"{name} peaks at layer {int(best['layer'])} with {best['value']:.3f}")
    return f"{title} by layer: {'; '.join(parts)}"
