"""Choices between the sentences of minimal pairs."""

import pandas as pd

from treeprobe.pipeline.report.heads import place_of
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.results.choices import HEADLINE, by_metric
from treeprobe.reporting import choice_accuracy, new_figure
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

MOST_OPEN = 4
"""Checkpoints whose choices are shown without being asked for."""
_TITLES = {"construction": "By construction", "attractors": "By nouns of the other number between"}


def behaviour_section(results: Results) -> Section | None:
    """A table of all pairs by source, and figures by construction and attractors; None where there is nothing."""
    found = {place_of(one): one.table("accuracy", texts=("source", "category")) for one in results.of("behaviour")}
    if not found:
        return None
    rows = [row for name, accuracy in found.items() for row in _rows(name, accuracy)]
    table = Table("Pairs whose grammatical sentence is the more probable one", _COLUMNS, rows)
    pictures = [
        _picture(accuracy, by, f"{title}: {name}")
        for name, accuracy in drawn(found).items()
        for by, title in _TITLES.items()
        if (accuracy["by"] == by).any()
    ]
    text = (
        "What the model does, whatever its states hold: how often it finds the grammatical sentence of a minimal pair "
        "more probable than the other. Chance is one half; the frequency baseline takes the more frequent word of the "
        "training text. Intervals are 95 %."
    ) + said_of_drawn(len(found))
    return Section("behaviour", "Behaviour", text, [table], pictures, folded=len(found) > MOST_OPEN)


_COLUMNS = ["checkpoint", "pairs of", "pairs", "sentence", "interval", "target word", "word frequency"]


def _rows(name: str, accuracy: pd.DataFrame) -> list[list[Cell]]:
    """A row for each source of pairs of one analysis."""
    rows = []
    for source, block in accuracy[accuracy["by"] == "all"].groupby("source", sort=False):
        found = by_metric(block)
        whole = found[HEADLINE]
        values = [found[one]["value"] if one in found else None for one in ("target", "frequency")]
        rows.append(
            [
                Cell(name),
                Cell(str(source)),
                Cell(f"{int(whole['n']):,}", number=whole["n"]),
                Cell(f"{whole['value']:.3f}", number=whole["value"]),
                Cell(f"{whole['low']:.3f} to {whole['high']:.3f}"),
                *(Cell("–") if value is None else Cell(f"{value:.3f}", number=value) for value in values),
            ]
        )
    return rows


def _picture(accuracy: pd.DataFrame, by: str, title: str) -> Picture:
    """Accuracy by one kind of category."""
    shown = accuracy[(accuracy["by"] == by) & (accuracy["metric"] == HEADLINE)]
    height = 1.4 + 0.32 * shown["category"].nunique() if by == "construction" else 3.0
    figure, axes = new_figure((5.2, height))
    choice_accuracy(accuracy, axes, by=by, metric=HEADLINE)
    description = shown[["source", "category", "value", "low", "high", "n"]].round(3).to_string(index=False)
    return picture(figure, title=title, description=description)
