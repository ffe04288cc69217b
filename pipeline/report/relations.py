"""Which relations' edges are found."""

import pandas as pd

from treeprobe.pipeline.report.results import Results
from treeprobe.pipeline.results.measured import Measured
from treeprobe.reporting import category_map, new_figure
from treeprobe.reporting.html import Picture, Section, picture

MOST_RELATIONS = 30


def relations_section(results: Results) -> Section | None:
    """The share of each relation's edges that every checkpoint's best layer finds."""
    pictures = [_relation_map(best, bank) for bank in results.treebanks if (best := results.best_on(bank))]
    if not pictures:
        return None
    text = (
        "Each checkpoint at the layer that is best on dev, scored on test where all were; the commonest relations "
        "first, how many edges there are in brackets."
    )
    return Section("relations", "Relations", text, pictures=pictures)


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
