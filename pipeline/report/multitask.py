"""Sharing between the tasks of probes: what was compared on test, and what every way to share gains."""

import pandas as pd

from treeprobe.pipeline.analyses.multitask import sharing_sentence
from treeprobe.pipeline.report.heads import place_of
from treeprobe.pipeline.report.results import MOST_DRAWN, Results, drawn, said_of_drawn
from treeprobe.reporting import sharing_figure
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

MOST_OPEN = 2
"""Checkpoints whose figures are shown without being asked for."""
_DESCRIBED = ["sentences", "metric", "sharing", "weighting", "value", "difference"]
_TEXTS = ("sharing", "weighting", "against", "task", "verdict", "metric")
_COLUMNS = [
    "checkpoint", "layer", "rank", "sentences", "task", "separate", "shared", "difference", "interval", "p (Holm)",
    "shared by", "against", "verdict",
]  # fmt: skip


def multitask_section(results: Results) -> Section | None:
    """A table of what dev chose and test compared, and a figure for each checkpoint; None where there is nothing."""
    found = results.of("multitask")
    if not found:
        return None
    gains = {place_of(one): one.table("gains", texts=_TEXTS) for one in found}
    # Of one analysis the page begins with that sentence.
    few = 1 < len(gains) <= MOST_DRAWN
    said = [f"{name}: {sharing_sentence(table)}." for name, table in gains.items()] if few else []
    text = (
        "Probes of distances, depths and relations, trained apart and sharing. What is compared was chosen on dev: "
        "among the ways to share, and among separate probes with and without the trace norm of their own map. "
        "Differences are paired, on test, with 95 % intervals."
    ) + said_of_drawn(len(found))
    rows = [row for name, table in gains.items() for row in _rows(name, table)]
    drawn_ones = drawn({place_of(one): one for one in found})
    pictures = [
        shown for name, one in drawn_ones.items() for shown in _pictures(name, one.table("sharing", texts=_TEXTS))
    ]
    return Section(
        "multitask",
        "Sharing between tasks",
        " ".join([text, *said]),
        [Table("The best way to share beside separate probes", _COLUMNS, rows)],
        pictures,
        folded=len(found) > MOST_OPEN,
    )


def _rows(name: str, gains: pd.DataFrame) -> list[list[Cell]]:
    """A line for each comparison."""
    return [
        [
            Cell(name),
            *(Cell(f"{row[place]:,}", number=row[place]) for place in ("layer", "rank", "sentences")),
            Cell(row["task"]),
            *(Cell(f"{row[kind]:.3f}", number=row[kind]) for kind in ("separate", "shared")),
            Cell(f"{row['difference']:+.3f}", number=row["difference"]),
            Cell(f"{row['low']:+.3f} to {row['high']:+.3f}"),
            Cell(f"{row['p_holm']:.3f}", number=row["p_holm"]),
            Cell(f"{row['sharing']}, {row['weighting']}"),
            Cell(row["against"]),
            Cell(row["verdict"]),
        ]
        for row in gains.to_dict("records")
    ]


def _pictures(name: str, table: pd.DataFrame) -> list[Picture]:
    """The figure of each layer and rank."""
    places = list(table.groupby(["layer", "rank"], sort=False))
    return [
        picture(
            sharing_figure(own),
            title=name if len(places) == 1 else f"{name}, layer {layer}, rank {rank}",
            description=own[_DESCRIBED].round(3).to_string(),
        )
        for (layer, rank), own in places
    ]
