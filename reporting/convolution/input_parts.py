"""What parts of the input know of trees, beside the layers above them."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import clean_axes
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import baseline_styles, series_styles


def parts_beside_layers(
    layers: pd.DataFrame, parts: pd.DataFrame, ax: Axes, *, metric: str = "uuas", floor: float | None = None
) -> Axes:
    """Draw the score of a probe of every layer, and as horizontal lines the scores of probes of one part of the input.

    Args:
        layers: A row for each layer: layer, value, low, high.
        parts: A row for each part: part, value, low, high.
        ax: The axes, returned.
        metric: The name of the score.
        floor: The score of the left-to-right chain, drawn as a line.
    """
    styles = series_styles()
    style = next(styles)
    rows = layers.sort_values("layer")
    numbers, values, low, high = rows[["layer", "value", "low", "high"]].to_numpy(dtype=float).T
    ax.fill_between(numbers, low, high, color=style.color, alpha=0.15, linewidth=0)
    ax.plot(numbers, values, **style.line, marker=style.marker, markersize=4)
    ends = [EndLabel("layers", float(values[-1]), style.color)]
    heights = parts[["value", "low", "high"]].to_numpy(dtype=float)
    for part, (value, low_end, high_end), style in zip(parts["part"], heights, styles, strict=False):
        ax.axhspan(low_end, high_end, color=style.color, alpha=0.12, linewidth=0)
        ax.axhline(value, **style.line)
        ends.append(EndLabel("sum" if part == "sum" else f"{part} alone", float(value), style.color))
    if floor is not None:
        grey = next(baseline_styles())
        ax.axhline(floor, **grey.line)
        ends.append(EndLabel("chain", floor, grey.color))
    ax.set_xlabel("layer")
    ax.set_ylabel(metric_name(metric))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    clean_axes(ax)
    return write_end_labels(ends, ax)
