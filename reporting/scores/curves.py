"""Curves of a metric over layers, ranks or training steps, with intervals and baselines, from the table of scores."""

from collections.abc import Collection
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import clean
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import LineStyle, baseline_styles, series_styles
from treeprobe.reporting.tables import BASELINES

# Columns that tell one curve from another, in the order in which their values are named.
IDENTITY = ("checkpoint", "treebank", "split", "probe", "rank")

Along = Literal["layer", "rank", "step"]


def layer_curves(
    scores: pd.DataFrame,
    ax: Axes,
    *,
    metric: str = "uuas",
    baselines: Collection[str] = BASELINES,
    labels: bool = True,
) -> Axes:
    """A metric by layer, one curve for each checkpoint, treebank, split, probe and rank in the table.

    `scores` has the columns of the score table (checkpoint, treebank, split, layer, probe, rank, seed, metric, value,
    low, high, n). Bands are the 95 % intervals. Several seeds are drawn as their mean, within the widest of their
    intervals. Rows without a layer, such as the left-to-right chain, are level lines. Layer 0, the embeddings, is
    marked by a hollow point, since no block of attention has seen it.

    Raises ValueError when the table has no row of the metric.
    """
    rows = rows_of(scores, metric)
    metric_curves(rows, ax, along="layer", metric=metric, baselines=baselines)
    ax.set_xlabel("layer (0: embeddings)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if labels:
        write_end_labels(end_labels(rows, along="layer", baselines=baselines), ax)
    return ax


def rank_curves(
    scores: pd.DataFrame,
    ax: Axes,
    *,
    metric: str = "uuas",
    baselines: Collection[str] = BASELINES,
    labels: bool = True,
) -> Axes:
    """A metric by the rank of the probe, on a doubling scale, one curve for each checkpoint, split, probe and layer.

    Takes the score table; raises ValueError when it has no row of the metric.
    """
    rows = rows_of(scores, metric)
    metric_curves(rows, ax, along="rank", metric=metric, baselines=baselines)
    ranks = sorted(rows["rank"].dropna().unique())
    ax.set_xscale("log", base=2)
    ax.set_xticks(ranks, [str(int(rank)) for rank in ranks])
    ax.minorticks_off()
    ax.set_xlabel("rank of the probe")
    if labels:
        write_end_labels(end_labels(rows, along="rank", baselines=baselines), ax)
    return ax


def step_curves(
    scores: pd.DataFrame,
    ax: Axes,
    *,
    metric: str = "uuas",
    baselines: Collection[str] = BASELINES,
    labels: bool = True,
) -> Axes:
    """A metric over training: the score table with a column `step` in place of the checkpoint.

    Raises ValueError when there is no such column, or no row of the metric.
    """
    if "step" not in scores:
        raise ValueError(f"expected a column 'step'; found {', '.join(scores.columns)}")
    rows = rows_of(scores, metric)
    rows = rows.drop(columns="checkpoint", errors="ignore")
    metric_curves(rows, ax, along="step", metric=metric, baselines=baselines)
    ax.set_xlabel("training step")
    if labels:
        write_end_labels(end_labels(rows, along="step", baselines=baselines), ax)
    return ax


def metric_curves(rows: pd.DataFrame, ax: Axes, *, along: Along, metric: str, baselines: Collection[str]) -> Axes:
    """Draw one curve for each series of the rows; see `layer_curves`. Names are written later, once limits stand."""
    for (_, series), style in styled(rows, along=along, baselines=baselines):
        draw_series(series, ax, along=along, style=style)
    ax.set_ylabel(metric_name(metric))
    return clean(ax)


def draw_series(series: pd.DataFrame, ax: Axes, *, along: Along, style: LineStyle) -> None:
    """One series: a curve with its band, or a level line when it does not depend on `along`."""
    if series[along].isna().all():
        ax.axhline(series["value"].mean(), **style.line, zorder=1.5)
        ax.axhspan(series["low"].min(), series["high"].max(), color=style.color, alpha=0.10, linewidth=0)
        return
    curve = curve_points(series.dropna(subset=[along]), along)
    x, y = curve.index.to_numpy(dtype=float), curve["value"].to_numpy(dtype=float)
    low, high = curve["low"].to_numpy(dtype=float), curve["high"].to_numpy(dtype=float)
    ax.fill_between(x, low, high, color=style.color, alpha=0.16, linewidth=0)
    ax.plot(x, y, **style.line, marker=style.marker, markersize=4.5, zorder=3)
    if along == "layer" and (x == 0).any():
        ax.plot(0.0, y[x == 0], marker=style.marker or "o", markersize=4.5, color=style.color,
                markerfacecolor="white", zorder=4, linestyle="none")  # fmt: skip


def styled(
    rows: pd.DataFrame, *, along: Along, baselines: Collection[str]
) -> list[tuple[tuple[str, pd.DataFrame], LineStyle]]:
    """Each series with its name and style: colours for probes, grey for baselines."""
    colours, greys = series_styles(), baseline_styles()
    found = []
    for name, series in named_series(rows, along=along):
        plain = series["probe"].isin(list(baselines)).all() or series[along].isna().all()
        found.append(((name, series), next(greys if plain else colours)))
    return found


def named_series(rows: pd.DataFrame, *, along: Along) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each curve, named by what tells it from the others."""
    columns = [name for name in (*IDENTITY, "layer") if name != along and name in rows]
    # A baseline has no rank: that alone does not make ranks worth naming.
    varying = [name for name in columns if rows[name].dropna().nunique() > 1]
    keys = [name for name in columns if name in varying or name == "probe"]
    return [
        (series_name(series.iloc[0], varying), series) for _, series in rows.groupby(keys, dropna=False, sort=False)
    ]


def series_name(row: "pd.Series[Any]", varying: Collection[str]) -> str:
    """What tells a series from the others: "distance, rank 64"."""
    values = [(name, row[name]) for name in varying if not pd.isna(row[name])]
    shown = [f"{name} {int(value)}" if name in {"rank", "layer"} else str(value) for name, value in values]
    return ", ".join(shown) or str(row["probe"])


def curve_points(series: pd.DataFrame, along: Along) -> pd.DataFrame:
    """Mean value over seeds, and the widest of their intervals, by layer, rank or step."""
    return series.groupby(along).agg(value=("value", "mean"), low=("low", "min"), high=("high", "max")).sort_index()


def end_labels(rows: pd.DataFrame, *, along: Along, baselines: Collection[str]) -> list[EndLabel]:
    """The name of each series, at the height where it ends on the right."""
    found = []
    for (name, series), style in styled(rows, along=along, baselines=baselines):
        level = series[along].isna().all()
        end = series["value"].mean() if level else curve_points(series.dropna(subset=[along]), along)["value"].iloc[-1]
        found.append(EndLabel(name, float(end), style.color))
    return found


def rows_of(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of one metric, their numbers as floats; where checkpoints have a `step`, in the order of training.

    Raises ValueError that lists the metrics there are when there is none of it.
    """
    rows = scores[scores["metric"] == metric]
    if rows.empty:
        found = ", ".join(map(str, scores["metric"].unique())) or "a table without rows"
        raise ValueError(f"no scores of {metric!r}; found {found}")
    if "step" in rows:
        rows = rows.sort_values("step", kind="stable")
    return rows.astype(dict.fromkeys(("value", "low", "high"), float))
