"""Sentence-level probes: what one vector of a sentence says of it."""

import pandas as pd

from treeprobe.pipeline.analyses.sentence_probes import LINEAR, SIMPLE, TEXTS, best_layers
from treeprobe.pipeline.report.heads import place_of
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.results.scores import RANDOM_WEIGHTS
from treeprobe.reporting import sentence_accuracy_figure
from treeprobe.reporting.html import Cell, Section, Table, picture

MOST_OPEN = 2
"""Checkpoints whose figures are shown without being asked for."""
_COLUMNS = [
    "checkpoint", "task", "classes", "read from", "layer", "accuracy", "interval", "gain", "interval of gain",
    "random weights", *SIMPLE,
]  # fmt: skip


def sentence_probes_section(results: Results) -> Section | None:
    """A table of every task at the best layer, and a figure for each checkpoint; None where there is nothing."""
    found = {place_of(one): one.table("sentence_probes", texts=TEXTS) for one in results.of("sentence_probes")}
    if not found:
        return None
    rows = [row for name, table in found.items() for row in _rows(name, best_layers(table))]
    pictures = [
        picture(sentence_accuracy_figure(table), title=name, description=_text(table))
        for name, table in drawn(found).items()
    ]
    text = (
        "Linear classifiers of whole sentences on one vector each, after Conneau et al. (2018), at the layer that is "
        "best on dev. The gain is over the best of three baselines that read no states: the most frequent class, which "
        "words a sentence has, and how many. Intervals are 95 %, gains paired."
    ) + said_of_drawn(len(found))
    table = Table("Tasks at the best layer", _COLUMNS, rows)
    return Section("sentence-probes", "Whole sentences", text, [table], pictures, folded=len(found) > MOST_OPEN)


def _rows(name: str, best: pd.DataFrame) -> list[list[Cell]]:
    """A line for each task and way of pooling."""
    rows = []
    for task, block in best.groupby("task", sort=False):
        simple = [block.loc[block["probe"] == probe, "value"].iloc[0] for probe in SIMPLE]
        for row in block[block["probe"] == LINEAR].to_dict("records"):
            twin = block[(block["probe"] == RANDOM_WEIGHTS) & (block["pooling"] == row["pooling"])]["value"]
            rows.append(
                [
                    Cell(name),
                    Cell(str(task).replace("_", " ")),
                    Cell(str(row["classes"]), number=row["classes"]),
                    Cell(str(row["pooling"])),
                    Cell(str(row["layer"]), number=row["layer"]),
                    _number(row["value"]),
                    Cell(f"{row['low']:.3f} to {row['high']:.3f}"),
                    Cell(f"{row['gain']:+.3f}", number=row["gain"]),
                    Cell(f"{row['gain_low']:+.3f} to {row['gain_high']:+.3f}"),
                    Cell("–") if twin.empty else _number(float(twin.iloc[0])),
                    *map(_number, simple),
                ]
            )
    return rows


def _number(value: float) -> Cell:
    return Cell(f"{value:.3f}", number=value)


def _text(table: pd.DataFrame) -> str:
    """Values for readers who cannot see a figure."""
    return table[["split", "task", "probe", "pooling", "layer", "value", "low", "high"]].round(3).to_string(index=False)
