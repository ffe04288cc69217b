"""The figure of growth: time and peak memory, along the words and along layers, ranks and seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from treeprobe.reporting.style.axes import clean_axes
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.palette import GREY, LineStyle, series_styles

SIZE = (8.2, 4.6)
_GUIDE = {"color": GREY, "linewidth": 0.9, "linestyle": (0, (5, 3)), "zorder": 1}


@dataclass(frozen=True)
class Curve:
    """How one thing grows: at each place along the x axis the seconds and the megabytes that it takes.

    `growth` says in a word or two how fast its time grows, beside its name.
    """

    name: str
    places: Sequence[float]
    seconds: Sequence[float]
    megabytes: Sequence[float]
    growth: str


def growth_figure(words: Sequence[Curve], counts: Sequence[Curve]) -> Figure:
    """Draw time above and memory below; words on the left, layers, ranks and seeds on the right.

    Args:
        words: what is done to a treebank, along its words.
        counts: training along the number of layers, of ranks and of seeds, each beginning at 1.
    """
    figure = Figure(figsize=SIZE, layout="constrained")
    # The space between columns is that of the names at the ends of curves.
    figure.get_layout_engine().set(wspace=0.06, hspace=0.06)  # type: ignore[union-attr]
    (time_words, time_counts), (memory_words, memory_counts) = figure.subplots(2, 2, sharex="col")
    _time_by_words(words, time_words)
    _time_by_count(counts, time_counts)
    highest = max(max(curve.megabytes) for curve in (*words, *counts))
    for curves, ax in ((words, memory_words), (counts, memory_counts)):
        _memory(curves, ax, highest=1.1 * highest)
    memory_words.set_xlabel("words")
    memory_counts.set_xlabel("layers, ranks or seeds")
    figure.align_ylabels()
    return figure


def _time_by_words(curves: Sequence[Curve], ax: Axes) -> None:
    """Seconds by words, both logarithmic; beside each curve the line of exact proportion through its last point."""
    ax.set_xscale("log")
    ax.set_yscale("log")
    ends = []
    for curve, style in zip(curves, series_styles()):
        last = curve.seconds[-1] / curve.places[-1]
        ax.plot(curve.places, [last * place for place in curve.places], **_GUIDE)
        _plot(curve.places, curve.seconds, style, ax)
        ends.append(EndLabel(f"{curve.name}, {curve.growth}", curve.seconds[-1], style.color))
    ax.xaxis.set_major_locator(FixedLocator(list(curves[0].places)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda words, _: f"{words:,.0f}"))
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{seconds:g}"))
    ax.set_ylabel("processor seconds")
    clean_axes(ax)
    write_end_labels(ends, ax)


def _time_by_count(curves: Sequence[Curve], ax: Axes) -> None:
    """Time in units of what one layer, rank or seed takes, with lines for what costs as much and half as much."""
    most = max(max(curve.places) for curve in curves)
    ends = []
    for share, name in ((1.0, "as much as the first"), (0.5, "half as much")):
        ax.plot([1, most], [1, 1 + share * (most - 1)], **_GUIDE)
        ends.append(EndLabel(name, 1 + share * (most - 1), GREY))
    for curve, style in zip(curves, series_styles()):
        relative = [seconds / curve.seconds[0] for seconds in curve.seconds]
        _plot(curve.places, relative, style, ax)
        ends.append(EndLabel(f"{curve.name}, {curve.growth}", relative[-1], style.color))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(bottom=0)
    ax.set_ylabel("time (the first: 1)")
    clean_axes(ax)
    write_end_labels(ends, ax)


def _memory(curves: Sequence[Curve], ax: Axes, *, highest: float) -> None:
    """Peak memory from zero, so that what is flat looks flat; beside each name, what it has grown by."""
    for curve, style in zip(curves, series_styles()):
        _plot(curve.places, curve.megabytes, style, ax)
    ax.set_ylim(0, highest)
    ax.set_ylabel("peak memory (MB)")
    clean_axes(ax)
    write_end_labels(
        [
            EndLabel(f"{curve.name}, {curve.megabytes[-1] - curve.megabytes[0]:+.0f}", curve.megabytes[-1], style.color)
            for curve, style in zip(curves, series_styles())
        ],
        ax,
    )


def _plot(places: Sequence[float], values: Sequence[float], style: LineStyle, ax: Axes) -> None:
    """One curve with its markers."""
    ax.plot(places, values, marker=style.marker, markersize=4.5, **style.line)
