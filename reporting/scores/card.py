"""The report card of a UUAS: panels of conditions, length, attractors, both, punctuation, held-out constructions."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import clean_axes, legend_above
from treeprobe.reporting.style.palette import ASH, BLUE, GREY, LineStyle, series_styles

CARD_NAMES: Mapping[str, str] = {
    "uuas": "UUAS",
    "precision": "precision",
    "matched_uuas": "matched UUAS",
    "balanced_uuas": "balanced UUAS",
    "distance": "probe",
    "random weights": "untrained",
    "chain": "chain",
}
"""What metrics and predictors are called in figures and tables."""

SENTENCES_WITH = "of sentences with "
"""How the column `edges` begins for all edges of the sentences with a construction."""

FACTORS = ("length", "attractors", "marks")
_PROBE, _ORIGINAL, _ALL = "distance", "original", "all"
_STYLES: Mapping[str, LineStyle] = {
    _PROBE: LineStyle(BLUE, marker="o"),
    "random weights": LineStyle(GREY, (0, (6, 3)), "s", width=1.2),
    "chain": LineStyle(GREY, (0, (1.5, 2)), "D", width=1.2),
}
_LABELS: Mapping[str, str] = {
    "length": "words from one to the other",
    "attractors": "attractors between them",
    "marks": "punctuation marks in the sentence",
}
_FEWEST = 20
"""Edges of which a point is drawn at least: fewer say nothing."""


def card_figure(table: pd.DataFrame, *, text: str) -> Figure:
    """UUAS of the probe, of random weights and of the chain, by everything that is known to sway it.

    Six panels, or five of a text of which no construction was held out.

    Args:
        table: The table `card.csv` of one checkpoint.
        text: Which of its column `source`.

    Raises:
        ValueError: The table has no such text.
    """
    rows = table[(table["source"] == text) & table["chosen"]]
    if rows.empty:
        raise ValueError(f"no text {text!r}; found {', '.join(map(str, table['source'].unique()))}")
    held_out = rows["training"].ne(_ALL).any()
    figure = Figure(figsize=(10.2, 6.0), layout="constrained")
    panels = figure.subplot_mosaic("AABBCC;DDEEFF" if held_out else "AABBCC;DDDEEE")
    card_conditions(rows, panels["A"])
    card_curves(rows, panels["B"], factor="length")
    card_curves(rows, panels["C"], factor="attractors")
    card_crossed(rows, panels["D"])
    card_curves(rows, panels["E"], factor="marks")
    if held_out:
        card_held_out(rows, panels["F"])
    return figure


def card_conditions(rows: pd.DataFrame, ax: Axes) -> Axes:
    """Draw UUAS (filled) and matched UUAS (open) of the whole text in each condition, with 95 % intervals.

    Args:
        rows: Of `card.csv`, of one text and the layers that were chosen.
        ax: The axes, returned.
    """
    whole = rows[(rows[["edges", *FACTORS]] == _ALL).all(axis=1) & (rows["training"] == _ALL)]
    conditions = list(dict.fromkeys(whole["condition"]))
    probes = _in_order(whole)
    for number, probe in enumerate(probes):
        for metric, filled in (("uuas", True), ("matched_uuas", False)):
            own = whole[(whole["probe"] == probe) & (whole["metric"] == metric)].set_index("condition")
            own = own.reindex([one for one in conditions if one in own.index])
            places = [conditions.index(one) + 0.16 * (number - (len(probes) - 1) / 2) for one in own.index]
            label = f"{CARD_NAMES[probe]}, {CARD_NAMES[metric]}"
            _points(ax, places, own, _STYLES[probe], label=label, filled=filled)
    ax.axhline(0.0, color=ASH, linewidth=0.8)
    ax.set_xticks(range(len(conditions)), conditions, rotation=18)
    ax.set_ylabel("share of edges")
    legend_above(ax, ncols=2, fontsize=6.5)
    return clean_axes(ax)


def card_curves(rows: pd.DataFrame, ax: Axes, *, factor: str) -> Axes:
    """Draw UUAS by one factor: the probe in every condition, and as baselines random weights and the chain.

    Args:
        rows: As for `card_conditions`.
        ax: The axes, returned.
        factor: length, attractors or marks.
    """
    others = [one for one in FACTORS if one != factor]
    own = rows[(rows[factor] != _ALL) & (rows[["edges", *others]] == _ALL).all(axis=1) & (rows["metric"] == "uuas")]
    own = own[own["training"] == _ALL]
    classes = _classes(own, factor)
    series = [(_PROBE, condition) for condition in dict.fromkeys(own["condition"])]
    series += [(probe, _ORIGINAL) for probe in _in_order(own) if probe != _PROBE]
    colours = series_styles()
    for probe, condition in series:
        found = own[(own["probe"] == probe) & (own["condition"] == condition)]
        label = condition if probe == _PROBE else CARD_NAMES[probe]
        style = next(colours) if probe == _PROBE else _STYLES[probe]
        _curve(ax, found, factor, classes, style, label=label)
    return _finished(ax, classes, _LABELS[factor])


def card_crossed(rows: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the probe's UUAS on the original text by attractors, a curve for each class of lengths.

    Args:
        rows: As for `card_conditions`.
        ax: The axes, returned.
    """
    own = rows[(rows["length"] != _ALL) & (rows["attractors"] != _ALL) & (rows["metric"] == "uuas")]
    own = own[(own["probe"] == _PROBE) & (own["condition"] == _ORIGINAL)]
    classes = _classes(own, "attractors")
    lengths = [one for one in _classes(own, "length") if one != "1"]
    for length, style in zip(lengths, series_styles()):
        _curve(ax, own[own["length"] == length], "attractors", classes, style, label=f"{length} words apart")
    return _finished(ax, classes, _LABELS["attractors"])


def card_held_out(rows: pd.DataFrame, ax: Axes) -> Axes:
    """Draw what a construction's edges lose when it is held out: UUAS less that of a size-matched training set.

    Args:
        rows: As for `card_conditions`.
        ax: The axes, returned.
    """
    own = rows[(rows["training"] != _ALL) & rows["difference"].notna() & (rows["metric"] == "uuas")]
    # Of a construction its own edges; of questions, which have none, all edges.
    names = own["edges"].str.removeprefix(SENTENCES_WITH)
    own = own[(names == own["edges"]) | ~names.isin(own["edges"])].assign(edges=names)
    edges = list(dict.fromkeys(own["edges"]))
    for number, probe in enumerate(_in_order(own)):
        found, style = own[own["probe"] == probe], _STYLES[probe]
        places = [len(edges) - 1 - edges.index(one) - 0.2 * number for one in found["edges"]]
        values, low, high = (
            found[name].to_numpy(dtype=float) for name in ("difference", "difference_low", "difference_high")
        )
        ax.errorbar(
            values,
            places,
            xerr=np.stack([values - low, high - values]).clip(min=0),
            fmt=style.marker,
            color=style.color,
            markersize=4,
            elinewidth=1.2,
            label=CARD_NAMES[probe],
        )
    ax.axvline(0.0, color=GREY, linewidth=1.0, linestyle=(0, (5, 3)))
    ax.set_yticks([len(edges) - 1 - place for place in range(len(edges))], edges)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4))
    ax.set_xlabel("UUAS, held out less size-matched")
    legend_above(ax)
    clean_axes(ax, grid="x")
    return ax


def _finished(ax: Axes, classes: Sequence[str], label: str) -> Axes:
    """Classes on the horizontal axis, shares on the vertical one."""
    ax.set_xticks(range(len(classes)), classes)
    ax.set_xlim(-0.3, max(len(classes) - 0.7, 0.3))
    ax.set_ylim(-0.03, 1.03)
    ax.set(xlabel=label, ylabel="UUAS")
    if ax.get_legend_handles_labels()[1]:
        legend_above(ax, ncols=3, fontsize=6.5)
    return clean_axes(ax)


def _curve(ax: Axes, rows: pd.DataFrame, factor: str, classes: Sequence[str], style: LineStyle, *, label: str) -> None:
    """One series over classes with its band, which of a single class is a bar; classes of few edges are left out."""
    found = rows[rows["n"] >= _FEWEST].set_index(factor)
    found = found.reindex([one for one in classes if one in found.index])
    if found.empty:
        return
    places = np.array([classes.index(one) for one in found.index])
    value, low, high = (found[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    if len(places) == 1:
        ax.vlines(places, low, high, color=style.color, linewidth=1.2)
    ax.fill_between(places, low, high, color=style.color, alpha=0.14, linewidth=0)
    ax.plot(places, value, **style.line, marker=style.marker, markersize=4, label=label, zorder=3)


def _points(
    ax: Axes, places: Sequence[float], rows: pd.DataFrame, style: LineStyle, *, label: str, filled: bool
) -> None:
    """Points with their intervals."""
    value, low, high = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    ax.errorbar(
        places,
        value,
        yerr=np.stack([value - low, high - value]).clip(min=0),
        fmt=style.marker,
        color=style.color,
        markerfacecolor=style.color if filled else "white",
        markersize=4.5,
        elinewidth=1.0,
        label=label,
    )


def _classes(rows: pd.DataFrame, factor: str) -> list[str]:
    """The classes of a factor by their smallest number."""
    found = (str(one) for one in rows[factor].unique() if one != _ALL)
    return sorted(found, key=lambda name: int(name.rstrip("+").partition("-")[0]))


def _in_order(rows: pd.DataFrame) -> list[str]:
    """The predictors that rows have: the probe first, the chain last."""
    return [one for one in (_PROBE, "random weights", "chain") if (rows["probe"] == one).any()]
