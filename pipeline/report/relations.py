"""Which relations' edges are found."""

from collections.abc import Mapping

import pandas as pd

from treeprobe.pipeline.report.results import MOST_LISTED, Results, evenly
from treeprobe.pipeline.results.measured import Measured
from treeprobe.reporting import category_map, new_figure
from treeprobe.reporting.html import Picture, Section, picture

MOST_RELATIONS = 30
_SPREAD = 12
"""Checkpoints that are shown where there are too many for a column each."""


def relations_section(results: Results) -> Section | None:
    """The share of each relation's edges that every checkpoint's best layer finds."""
    found = {bank: best for bank in results.treebanks if (best := results.best_on(bank))}
    if not found:
        return None
    shown = {bank: _spread(best) for bank, best in found.items()}
    pictures = [_relation_map(best, bank) for bank, best in shown.items()]
    text = (
        "Each checkpoint at the layer that is best on dev, scored on test where all were; the commonest relations "
        "first, how many edges there are in brackets."
    )
    if any(len(shown[bank]) < len(best) for bank, best in found.items()):
        text += (
            f" Of more than {MOST_LISTED} checkpoints {_SPREAD} are shown, spread from the highest UUAS to the lowest."
        )
    return Section("relations", "Relations", text, pictures=pictures)


def _spread(best: Mapping[str, Measured]) -> dict[str, Measured]:
    """All of some checkpoints; of many, some from that of the highest UUAS to that of the lowest."""
    if len(best) <= MOST_LISTED:
        return dict(best)
    ordered = sorted(best.items(), key=lambda pair: -pair[1].tally().value)
    return dict(evenly(ordered, _SPREAD))


def _relation_map(best: dict[str, Measured], bank: str) -> Picture:
    """Relations by checkpoints, shaded by the share of edges that were found."""
    shown = pd.concat(
        [_found_by_relation(measured).assign(checkpoint=name) for name, measured in best.items()], ignore_index=True
    )
    relations = min(shown["category"].nunique(), MOST_RELATIONS)
    figure, axes = new_figure((max(4.4, 2.4 + 0.42 * len(best)), 1.6 + 0.2 * relations))
    category_map(shown, axes, across="checkpoint", most=MOST_RELATIONS)
    return picture(
        figure,
        title=f"Edges found by relation, {bank}",
        description=f"Heat map of edges recovered, {relations} relations by {len(best)} checkpoints",
        shaded=True,
    )


def _found_by_relation(measured: Measured) -> pd.DataFrame:
    """The share of each relation's edges that was found, and how many there are."""
    counted = measured.edges().groupby("relation", sort=False)["correct"].agg(value="mean", n="size").reset_index()
    return counted.rename(columns={"relation": "category"}).assign(by="relation")
