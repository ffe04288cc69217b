"""Whether what probes find is used."""

import pandas as pd

from treeprobe.pipeline.effects.conditions import RELATIONS, TREES
from treeprobe.pipeline.report.heads import place_of
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.results.finished import Finished
from treeprobe.reporting import effect_by_layer, new_figure
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

MOST_OPEN = 4
"""Checkpoints whose effects are shown without being asked for."""

_COLUMNS = ["checkpoint", "intervention", "layer", "measure", "value", "change", "control", "beyond it", "p (Holm)"]
_VERDICTS = ["checkpoint", "trees", "relations", "pairs right, unedited"]
_SHOWN = ("accuracy", "loss", "fresh_uuas", "upos", "word")


def causal_section(results: Results) -> Section | None:
    """The verdicts, a table of effects beside the nearest control, and a figure for each intervention; or None."""
    finished = results.of("causal")
    if not finished:
        return None
    found = {place_of(one): one.table("effects", texts=("control",)).fillna({"control": ""}) for one in finished}
    rows = [row for name, effects in found.items() for row in _rows(name, effects)]
    table = Table("Effects of interventions, beside those of the random control that comes nearest", _COLUMNS, rows)
    pictures = [
        _picture(effects, intervention, name)
        for name, effects in drawn(found).items()
        for intervention in effects["intervention"].unique()
    ]
    said = f"{finished[0].record['summary']} " if len(finished) == 1 else ""
    text = (
        f"{said}What is found counts as used where accuracy on minimal pairs falls more under an intervention on "
        "it than under every random control, after adjustment for all layers and interventions. "
        "fresh uuas is what a probe trained on the edited states still finds (completeness), upos and word what a "
        "linear classifier tells of other properties (selectivity)."
    ) + said_of_drawn(len(found))
    tables = [Table("Verdicts", _VERDICTS, [_verdict(one) for one in finished]), table]
    return Section("causal", "Is the tree used?", text, tables, pictures, folded=len(found) > MOST_OPEN)


def _verdict(one: Finished) -> list[Cell]:
    """What is said of one checkpoint's trees and relations, and how many minimal pairs it has right unedited."""
    details = one.record["details"]
    accuracy = details["accuracy"]
    right = Cell("not measured") if accuracy is None else Cell(f"{accuracy:.3f}", number=accuracy)
    said = [Cell(str(details["verdicts"].get(name) or "not said")) for name in (TREES, RELATIONS)]
    return [Cell(place_of(one)), *said, right]


def _rows(name: str, effects: pd.DataFrame) -> list[list[Cell]]:
    """A row for each intervention, layer and shown measure."""
    shown = effects[effects["measure"].isin(_SHOWN)]
    rows = []
    for (intervention, layer, measure), block in shown.groupby(["intervention", "layer", "measure"], sort=False):
        own = block[block["control"] == ""].iloc[0]
        controls = block[block["control"] != ""]
        nearest = controls.iloc[int(controls["difference"].abs().argmin())]
        rows.append(
            [
                Cell(name),
                Cell(str(intervention)),
                Cell(str(layer), number=float(own["layer"])),
                Cell(str(measure).replace("_", " ")),
                Cell(f"{own['value']:.3f}", number=own["value"]),
                Cell(f"{own['change']:+.3f}", number=own["change"]),
                Cell(str(nearest["control"])),
                Cell(f"{nearest['difference']:+.3f}", number=nearest["difference"]),
                Cell(f"{nearest['p_holm']:.3f}", number=nearest["p_holm"]),
            ]
        )
    return rows


def _picture(effects: pd.DataFrame, intervention: str, name: str) -> Picture:
    """Accuracy by layer, or what the last layer's probe finds where behaviour was not measured."""
    measure = "accuracy" if (effects["measure"] == "accuracy").any() else "uuas"
    figure, axes = new_figure((4.6, 3.2))
    effect_by_layer(effects, axes, intervention=intervention, measure=measure)
    shown = effects[(effects["intervention"] == intervention) & (effects["measure"] == measure)]
    columns = ["layer", "control", "value", "low", "high", "difference", "p_holm"]
    return picture(figure, title=f"{intervention}: {name}", description=shown[columns].round(3).to_string(index=False))
