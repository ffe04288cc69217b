"""Curves of a metric over layers, ranks or training steps, with intervals and baselines, from the table of scores."""

from collections.abc import Collection, Iterator
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import SMALL_FONTSIZE, clean_axes, legend_above
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import LineStyle, baseline_styles, series_styles
from treeprobe.reporting.style.text_fonts import text_width
from treeprobe.reporting.tables import BASELINES, merge_seeds

# Columns that identify a curve, in the order in which its label names their values.
_IDENTITY = ("checkpoint", "treebank", "split", "probe", "rank", "layer")

_HANDLE = 36.0
"""Width in points of a line in the legend and the space around its name."""
_MARGIN = 45.0
"""Width in points beside the axes, for ticks and their label."""

_Along = Literal["layer", "rank", "step"]

Labels = Literal["ends", "legend", "none"]
"""Where curves are named: at their right ends, in a legend above the axes, or nowhere."""


def layer_curves(
    scores: pd.DataFrame,
    ax: Axes,
    *,
    metric: str = "uuas",
    baselines: Collection[str] = BASELINES,
    labels: Labels = "ends",
) -> Axes:
    """Draw a metric by layer, one curve for each checkpoint, treebank, split, probe and rank.

    Several seeds are drawn as their mean, and bands are its 95 % intervals (`merge_seeds`). Scores without a layer,
    such as those of the left-to-right chain, are horizontal lines, one line where several checkpoints share them.
    Layer 0, the embeddings, has a hollow marker, since no attention precedes it.

    Args:
        scores: The score table: checkpoint, treebank, split, layer, probe, rank, seed, metric, value, low, high, n.
        ax: The axes, returned.
        metric: One of those in the table.
        baselines: Probes that are drawn in grey.
        labels: Where curves are named; in a narrow figure a legend leaves more space to them.

    Raises:
        ValueError: The table has no scores of the metric.
    """
    _draw_curves(_metric_rows(scores, metric), ax, along="layer", baselines=baselines, labels=labels)
    ax.set_xlabel("layer (0: embeddings)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return ax


def rank_curves(
    scores: pd.DataFrame,
    ax: Axes,
    *,
    metric: str = "uuas",
    baselines: Collection[str] = BASELINES,
    labels: Labels = "ends",
) -> Axes:
    """Draw a metric by the rank of the probe, on a logarithmic axis; otherwise like `layer_curves`.

    Args:
        scores: The score table.
        ax: The axes, returned.
        metric: One of those in the table.
        baselines: Probes that are drawn in grey.
        labels: Where curves are named; in a narrow figure a legend leaves more space to them.

    Raises:
        ValueError: The table has no scores of the metric.
    """
    rows = _metric_rows(scores, metric)
    _draw_curves(rows, ax, along="rank", baselines=baselines, labels=labels)
    ranks = sorted(rows["rank"].dropna().unique())
    ax.set_xscale("log", base=2)
    ax.set_xticks(ranks, [str(int(rank)) for rank in ranks])
    ax.minorticks_off()
    ax.set_xlabel("probe rank")
    return ax


def step_curves(
    scores: pd.DataFrame,
    ax: Axes,
    *,
    metric: str = "uuas",
    baselines: Collection[str] = BASELINES,
    labels: Labels = "ends",
) -> Axes:
    """Draw a metric by training step, all checkpoints on one curve; otherwise like `layer_curves`.

    Args:
        scores: The score table with a further column `step`.
        ax: The axes, returned.
        metric: One of those in the table.
        baselines: Probes that are drawn in grey.
        labels: Where curves are named; in a narrow figure a legend leaves more space to them.

    Raises:
        ValueError: The table has no column `step`, or no scores of the metric.
    """
    if "step" not in scores:
        raise ValueError(f"expected a column 'step'; found {', '.join(scores.columns)}")
    rows = _metric_rows(scores, metric).drop(columns="checkpoint", errors="ignore")
    _draw_curves(rows, ax, along="step", baselines=baselines, labels=labels)
    ax.set_xlabel("training step")
    return ax


def _metric_rows(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The scores of one metric as floats, in the order of training where checkpoints have a `step`."""
    rows = scores[scores["metric"] == metric]
    if rows.empty:
        found = ", ".join(map(str, scores["metric"].unique())) or "a table without rows"
        raise ValueError(f"no scores of {metric!r}; found {found}")
    if "step" in rows:
        rows = rows.sort_values("step", kind="stable")
    return merge_seeds(rows).astype(dict.fromkeys(("value", "low", "high"), float))


def _draw_curves(rows: pd.DataFrame, ax: Axes, *, along: _Along, baselines: Collection[str], labels: Labels) -> None:
    """One curve for each series in the scores of one metric: colours for probes, grey for baselines."""
    colours, greys = series_styles(), baseline_styles()
    ends, handles = [], []
    for name, series in _named_series(_shared_once(rows, along), along):
        grey = series["probe"].isin(list(baselines)).all() or series[along].isna().all()
        style = next(greys if grey else colours)
        ends.append(EndLabel(name, _draw_series(series, ax, along=along, style=style), style.color))
        handles.append(Line2D([], [], **style.line, marker=style.marker, markersize=4.5, label=name))
    ax.set_ylabel(metric_name(rows["metric"].iloc[0]))
    clean_axes(ax)
    if labels == "ends":
        write_end_labels(ends, ax)
    elif labels == "legend":
        figure = ax.get_figure(root=True)
        space = 0.0 if figure is None else figure.get_figwidth() * 72 - _MARGIN
        widest = max(text_width(end.text, fontsize=SMALL_FONTSIZE) for end in ends) + _HANDLE
        # From the left edge, since centred above narrow axes a long name would run over the left edge of the figure.
        legend_above(
            ax, handles=handles, ncols=max(1, int(space / widest)), loc="lower left", bbox_to_anchor=(0.0, 1.0)
        )


def _shared_once(rows: pd.DataFrame, along: _Along) -> pd.DataFrame:
    """The rows with baselines of the treebank, such as the chain, under the name of no checkpoint.

    They are those without a value of `along` that score the same for every checkpoint that has them.
    """
    if "checkpoint" not in rows:
        return rows
    same = [name for name in (*_IDENTITY, along, "value", "low", "high") if name in rows and name != "checkpoint"]
    flat = rows[along].isna() & (rows.groupby(same, dropna=False)["checkpoint"].transform("nunique") > 1)
    return pd.concat([rows[~flat], rows[flat].drop_duplicates(same).assign(checkpoint=None)])


def _named_series(rows: pd.DataFrame, along: _Along) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each curve, named by what distinguishes it from the others: "distance, rank 64"."""
    columns = [name for name in _IDENTITY if name != along and name in rows]
    # A baseline has no rank: that alone does not make ranks worth naming.
    varying = [name for name in columns if rows[name].dropna().nunique() > 1]
    keys = [name for name in columns if name in varying or name == "probe"]
    for _, series in rows.groupby(keys, dropna=False, sort=False):
        yield _series_name(series.iloc[0], varying), series


def _series_name(row: "pd.Series[Any]", varying: Collection[str]) -> str:
    """The values of the columns that vary; the probe where none does."""
    values = [(name, row[name]) for name in varying if not pd.isna(row[name])]
    shown = [f"{name} {int(value)}" if name in {"rank", "layer"} else str(value) for name, value in values]
    return ", ".join(shown) or str(row["probe"])


def _draw_series(series: pd.DataFrame, ax: Axes, *, along: _Along, style: LineStyle) -> float:
    """A curve with its band, or a horizontal line where scores do not depend on `along`; returns its right end."""
    if series[along].isna().all():
        level = float(series["value"].mean())
        ax.axhline(level, **style.line, zorder=1.5)
        ax.axhspan(series["low"].min(), series["high"].max(), color=style.color, alpha=0.10, linewidth=0)
        return level
    points = series.dropna(subset=[along]).groupby(along)
    curve = points.agg(value=("value", "mean"), low=("low", "min"), high=("high", "max")).sort_index()
    x, y = curve.index.to_numpy(dtype=float), curve["value"].to_numpy(dtype=float)
    low, high = curve["low"].to_numpy(dtype=float), curve["high"].to_numpy(dtype=float)
    ax.fill_between(x, low, high, color=style.color, alpha=0.16, linewidth=0)
    ax.plot(x, y, **style.line, marker=style.marker, markersize=4.5, zorder=3)
    if along == "layer" and (x == 0).any():
        hollow: dict[str, Any] = {"marker": style.marker or "o", "color": style.color, "markerfacecolor": "white"}
        ax.plot(0.0, y[x == 0], **hollow, markersize=4.5, zorder=4, linestyle="none")
    return float(y[-1])
