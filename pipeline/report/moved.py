"""What training moved: probes, states and subspaces before and after."""

from collections.abc import Mapping

import pandas as pd

from treeprobe.pipeline.analyses.moved import TEXTS, best_layers, measures_at
from treeprobe.pipeline.report.results import MOST_SHOWN, Results
from treeprobe.pipeline.results.finished import Finished
from treeprobe.reporting import moved_curves, moved_figure, new_figure
from treeprobe.reporting.html import Cell, Picture, Section, Table, curve_size, picture

_COMPARED = {
    "uuas_change": "Change of UUAS, after less before",
    "uuas_lost": "UUAS that the old probe misses on the new states",
    "cka": "CKA of states before and after",
    "state_change": "How far words moved, in units of their spread",
}
_COLUMNS = (
    "checkpoint", "before", "treebank", "layer", "UUAS before", "after", "change", "interval", "old probe", "CKA",
    "moved by", "angle", "of seeds",
)  # fmt: skip


def moved_section(results: Results) -> Section | None:
    """A table at the layer that was best before, and figures by layer and by step; None where nothing was compared."""
    found = {one.checkpoint: one for one in results.of("moved")}
    if not found:
        return None
    tables = {name: one.table("moved", texts=TEXTS) for name, one in found.items()}
    rows = [row for table in tables.values() if (row := _row(table)) is not None]
    pictures = _pictures({name: tables[name] for name in list(tables)[-MOST_SHOWN:]})
    pictures += _by_step(found, tables)
    text = (
        "Each checkpoint beside the one that it was trained from. Probes were trained on both; the old probe is that "
        "of the checkpoint before, scored on the states after. A change of UUAS says that trees were won or lost; what "
        "the old probe misses, that they are held elsewhere. Angles are to be read beside those of two seeds. The "
        "table is at the layer that was best before, chosen on dev. Intervals are 95 %, paired."
    )
    return Section("moved", "What training moved", text, [Table("Before and after", list(_COLUMNS), rows)], pictures)


def _row(table: pd.DataFrame) -> list[Cell] | None:
    """A line of the table; None where no edge was scored."""
    layer = best_layers(table)["before"]
    if layer is None:
        return None
    found = measures_at(table, layer)
    change = found["uuas_change"]
    values = {measure: float(row["value"]) for measure, row in found.items()}
    names = [Cell(str(table[name].iloc[0])) for name in ("checkpoint", "before", "treebank")]
    return [
        *names,
        Cell(str(layer), number=layer),
        *(_number(values[name]) for name in ("uuas_before", "uuas_after")),
        Cell(f"{change['value']:+.3f}", number=change["value"]),
        Cell(f"{change['low']:+.3f} to {change['high']:+.3f}"),
        *(_number(values[name]) for name in ("uuas_old_probe", "cka", "state_change")),
        *(_number(values[name], digits=0) if name in values else Cell("–") for name in ("angle", "angle_of_seeds")),
    ]


def _number(value: float, *, digits: int = 3) -> Cell:
    return Cell(f"{value:.{digits}f}", number=value)


def _pictures(tables: Mapping[str, pd.DataFrame]) -> list[Picture]:
    """The figure of one checkpoint, or each measure of several side by side."""
    if len(tables) == 1:
        ((name, table),) = tables.items()
        return [picture(moved_figure(table), title=f"{name}, by layer", description=_text(table))]
    found = []
    for measure, title in _COMPARED.items():
        figure, axes = new_figure(curve_size(len(tables)))
        moved_curves({name: (table, measure) for name, table in tables.items()}, axes)
        shown = pd.concat(tables.values())
        found.append(picture(figure, title=title, description=_text(shown[shown["measure"] == measure])))
    return found


def _by_step(found: Mapping[str, Finished], tables: Mapping[str, pd.DataFrame]) -> list[Picture]:
    """Each measure over the steps of training runs, at the layer that was best before."""
    runs: dict[str, list[pd.DataFrame]] = {}
    for name, one in found.items():
        layer = best_layers(tables[name])["before"]
        if one.record.get("family") is not None and layer is not None:
            rows = tables[name].query("layer == @layer")
            runs.setdefault(str(one.record["family"]), []).append(rows.assign(step=one.record["step"]))
    curves = {name: pd.concat(steps) for name, steps in runs.items() if len(steps) > 1}
    pictures = []
    for measure, title in _COMPARED.items() if curves else ():
        figure, axes = new_figure(curve_size(len(curves)))
        moved_curves({name: (table, measure) for name, table in curves.items()}, axes, along="step")
        text = "; ".join(f"{name}: {_text(table[table['measure'] == measure])}" for name, table in curves.items())
        pictures.append(picture(figure, title=f"{title}, by step, at the layer best before", description=text))
    return pictures


def _text(table: pd.DataFrame) -> str:
    """Values for readers who cannot see a figure."""
    columns = [name for name in ("checkpoint", "split", "layer", "measure", "value", "low", "high") if name in table]
    return table[columns].round(3).to_string(index=False)
