"""Is it the representation or the probe: what the best layer adds to a baseline, by family of probe."""

from typing import Any

import pandas as pd

from treeprobe.pipeline.analyses.effort import MEASURES, SIGNED, TEXTS
from treeprobe.pipeline.effort.verdict import VERDICTS
from treeprobe.pipeline.report.heads import place_of
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.results.finished import Finished
from treeprobe.reporting import effort_figure
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

MOST_OPEN = 2
"""Checkpoints whose figures are shown without being asked for."""
_INTERVALS = ("uuas", "conditional_uuas", "selectivity_uuas")
"""Measures that the table shows with their intervals."""


def effort_section(results: Results) -> Section | None:
    """A line for each checkpoint and family at the best layer, and a figure for each checkpoint; None without any."""
    found = results.of("effort")
    if not found:
        return None
    rows = [row for one in found for row in _rows(one)]
    text = (
        "Is a score owed to the representation or to the probe? What the layer adds to the baseline is the UUAS of a "
        "probe of both side by side less that of the baseline beside zeros (Hewitt et al. 2021); selectivity is UUAS "
        "less that on control trees. UUAS by rank, by nuclear norm and by sentences is the mean over all that a probe "
        "may be given: the hypervolume below the Pareto front (Pimentel et al. 2020). The layer is the best on dev; "
        "intervals are 95 %, paired. Verdicts: " + "; ".join(f"{name}, {told}" for name, told in VERDICTS.items()) + "."
    ) + said_of_drawn(len(found))
    titles = [name for measure, name in MEASURES.items() for name in (name, *(["interval"] * (measure in _INTERVALS)))]
    columns = ["checkpoint", "baseline", "family", "layer", *titles, "verdict"]
    table = Table("Effort at the best layer", columns, rows)
    pictures = [_picture(one) for one in drawn({place_of(one): one for one in found}).values()]
    return Section("effort", "Representation or probe", text, [table], pictures, folded=len(found) > MOST_OPEN)


def _rows(one: Finished) -> list[list[Cell]]:
    """A line for each family at the best layer."""
    details = one.record["details"]
    table = one.table("effort", texts=TEXTS)
    best = table[table["layer"] == details["best_layer"]]
    model = details["baseline"]["model"]
    baseline = f"layer {details['baseline']['layer']}" + ("" if model is None else f" of {model}")
    rows = []
    for family, own in best.groupby("family", sort=False):
        found: dict[Any, Any] = own.set_index("measure").to_dict("index")
        cells = [cell for measure in MEASURES for cell in _cells(measure, found.get(measure))]
        layer = Cell(str(details["best_layer"]), number=details["best_layer"])
        names = [Cell(place_of(one)), Cell(baseline), Cell(str(family)), layer]
        rows.append([*names, *cells, Cell(str(own["verdict"].iloc[0]))])
    return rows


def _cells(measure: str, row: dict[str, Any] | None) -> list[Cell]:
    """A value, and its interval where the table has room for it."""
    sign = "+" if measure in SIGNED else ""
    cells = [Cell("–")] if row is None else [Cell(f"{row['value']:{sign}.3f}", number=row["value"])]
    if measure in _INTERVALS:
        cells.append(Cell("–") if row is None else Cell(f"{row['low']:{sign}.3f} to {row['high']:{sign}.3f}"))
    return cells


def _picture(one: Finished) -> Picture:
    """The figure of a checkpoint."""
    table, points = (one.table(name, texts=TEXTS) for name in ("effort", "points"))
    details = one.record["details"]
    baseline = details["baseline"]["layer"] if details["baseline"]["model"] is None else None
    figure = effort_figure(table, points, layer=details["best_layer"], baseline=baseline)
    shown = table[["layer", "family", "measure", "value", "low", "high"]]
    told = f"Added by each layer, and the rest: {_text(shown)}"
    return picture(figure, title=place_of(one), description=told)


def _text(table: pd.DataFrame) -> str:
    return table.round(3).to_string(index=False)
