"""The figures of an analysis of positions: UUAS and heads under other codes, and the parts of the input."""

from pathlib import Path

import pandas as pd

from treeprobe.pipeline.probing.conditions import INTACT
from treeprobe.reporting import (
    heat_map,
    merge_seeds,
    new_figure,
    parts_beside_layers,
    save_formats,
    survival_curves,
)


def draw_positions(
    folder: Path, uuas: pd.DataFrame, offsets: pd.DataFrame, parts: pd.DataFrame | None, *, floor: float
) -> None:
    """Draw everything into `folder`, as PDF and PNG."""
    merged = merge_seeds(uuas)
    best = merged.loc[merged["condition"] == INTACT, "value"].max()
    figure, axes = new_figure((6.8, 4.0))
    survival_curves(merged, axes, floor=floor if best > floor else None)
    save_formats(figure, folder / "positions")
    _draw_moved(folder / "heads-moved", offsets)
    if parts is not None:
        figure, axes = new_figure((5.6, 3.4))
        layers = merged[merged["condition"] == INTACT]
        parts_beside_layers(layers, merge_seeds(parts), axes, floor=floor)
        save_formats(figure, folder / "input-parts")


def _draw_moved(stem: Path, offsets: pd.DataFrame) -> None:
    """How much of its attention a head moves, averaged over the heads of a layer."""
    table = offsets[offsets["condition"] != INTACT].pivot_table(
        index="condition", columns="layer", values="moved", sort=False
    )
    figure, axes = new_figure((1.6 + 0.55 * len(table.columns), 0.9 + 0.34 * len(table)))
    heat_map(
        table.to_numpy(),
        axes,
        rows=[str(name) for name in table.index],
        columns=[str(layer) for layer in table.columns],
        label="attention moved",
        low=0.0,
        high=1.0,
    )
    axes.set_xlabel("layer")
    save_formats(figure, stem)
