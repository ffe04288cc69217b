"""What training moved, by layer or by training step: trees found, states, subspaces, from the table `moved.csv`."""

from collections.abc import Mapping
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import clean_axes, legend_above
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import GREY, LineStyle, baseline_styles, series_styles

MOVED_NAMES: Mapping[str, str] = {
    "uuas_before": "before",
    "uuas_after": "after",
    "uuas_old_probe": "old probe, new states",
    "uuas_change": "change of UUAS",
    "uuas_lost": "UUAS that the old probe misses",
    "cka": "CKA of states before and after",
    "state_change": "states moved (spreads)",
    "weight_change": "weights moved (norms)",
    "angle": "before and after",
    "angle_of_seeds": "two seeds after",
}
"""What measures are called in figures."""

_PANELS: Mapping[str, tuple[str, ...]] = {
    "UUAS": ("uuas_before", "uuas_after", "uuas_old_probe"),
    "CKA": ("cka",),
    "how far they moved": ("state_change", "weight_change"),
    "mean angle (degrees)": ("angle", "angle_of_seeds"),
}
_BASELINES = ("angle_of_seeds",)
_LIMITS: Mapping[str, tuple[float, float]] = {"cka": (0.0, 1.03), "angle": (0.0, 92.0), "state_change": (0.0, 0.1)}
"""What the vertical axis holds at least, so that what is nothing looks like nothing."""
_ALONG = {"layer": "layer (0: embeddings)", "step": "training step"}


def moved_figure(table: pd.DataFrame, *, split: str | None = None) -> Figure:
    """Four panels by layer: trees found before and after, states alike, how far they moved, angles of probes.

    Args:
        table: The table `moved.csv` of one checkpoint.
        split: Which split; test where there is one, or else dev.
    """
    figure = Figure(figsize=(7.2, 5.2), layout="constrained")
    for ax, (label, measures) in zip(figure.subplots(2, 2).ravel(), _PANELS.items()):
        found = [measure for measure in measures if (table["measure"] == measure).any()]
        moved_curves({MOVED_NAMES[measure]: (table, measure) for measure in found}, ax, split=split)
        ax.set_ylabel(label)
    return figure


def moved_curves(
    curves: Mapping[str, tuple[pd.DataFrame, str]],
    ax: Axes,
    *,
    split: str | None = None,
    along: Literal["layer", "step"] = "layer",
) -> Axes:
    """Draw measures by layer or by step, with bands of 95 % where the table has intervals.

    Args:
        curves: By name, a table `moved.csv` and one of its measures; for steps, with a column `step`.
        ax: The axes, returned.
        split: Which split; test where there is one, or else dev.
        along: The column of the horizontal axis.

    Raises:
        ValueError: A table has no such measure.
    """
    styles, greys = series_styles(), baseline_styles()
    for name, (table, measure) in curves.items():
        rows = measure_rows(table, measure, split=split).sort_values(along)
        _draw(rows, ax, along=along, style=next(greys if measure in _BASELINES else styles), label=name)
    measures = {measure for _, measure in curves.values()}
    if any(measure.endswith(("_change", "_lost")) and measure.startswith("uuas") for measure in measures):
        ax.axhline(0.0, color=GREY, linewidth=1.0, linestyle=(0, (5, 3)), zorder=0)
    ax.set_xlabel(_ALONG[along])
    if len(measures) == 1:
        (only,) = measures
        ax.set_ylabel(MOVED_NAMES.get(only, metric_name(only)))
    for measure in measures & _LIMITS.keys():
        low, high = ax.get_ylim()
        ax.set_ylim(min(low, _LIMITS[measure][0]), max(high, _LIMITS[measure][1]))
    if along == "layer":
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if len(curves) > 1:
        legend_above(ax, ncols=min(3, len(curves)))
    return clean_axes(ax)


def measure_rows(table: pd.DataFrame, measure: str, *, split: str | None = None) -> pd.DataFrame:
    """The rows of a measure, of one split where it is of scored sentences. Raises ValueError where there are none."""
    rows = table[table["measure"] == measure]
    if rows.empty:
        raise ValueError(f"no measure {measure!r}; found {', '.join(map(str, table['measure'].unique()))}")
    scored = rows["split"].isin(["dev", "test"])
    wanted = split or ("test" if (rows["split"] == "test").any() else "dev")
    return rows[~scored | (rows["split"] == wanted)]


def _draw(rows: pd.DataFrame, ax: Axes, *, along: str, style: LineStyle, label: str) -> None:
    """One curve with its band."""
    at, value, low, high = (rows[name].to_numpy(dtype=float) for name in (along, "value", "low", "high"))
    ax.fill_between(at, low, high, color=style.color, alpha=0.16, linewidth=0)
    ax.plot(at, value, **style.line, marker=style.marker, markersize=4.5, label=label, zorder=3)
