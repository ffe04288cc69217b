"""The report card: headline UUAS without the biases that are known of it."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from treeprobe.pipeline.card.closing import FEW, PROBE, chosen_rows, whole_rows
from treeprobe.pipeline.card.rows import BALANCED, MATCHED, TEXTS, UUAS
from treeprobe.pipeline.report.results import MOST_SHOWN, Results
from treeprobe.pipeline.results.scores import CHAIN, RANDOM_WEIGHTS
from treeprobe.reporting import card_figure
from treeprobe.reporting.html import Cell, Section, Table, picture

_COLUMNS = (
    "checkpoint", "source", "condition", "layer", "UUAS", "interval", "difference", "its interval", "matched",
    "balanced", "untrained", "matched (untrained)", "chain", "edges",
)  # fmt: skip
_HELD = ("checkpoint", "edges", "probe", "held out", "size-matched", "difference", "interval", "n")


def card_section(results: Results) -> Section | None:
    """Tables of conditions and of constructions that were held out, and a figure for each text; None without a card."""
    found = results.of("card")
    if not found:
        return None
    tables = {one.checkpoint: one.table("card", texts=TEXTS) for one in found}
    conditions = [row for table in tables.values() for row in _condition_rows(table)]
    held = [row for table in tables.values() for row in _held_rows(table)]
    text = (
        f"{found[0].record['summary']} Matched: each gold edge beside the pairs of its sentence that are as far apart "
        "and no edges, so that whatever knows lengths alone has 0 and the gold tree 1; balanced: the same with every "
        "class of lengths weighing alike. Differences of changed texts are paired with the same sentences as they "
        "were, those of constructions with probes trained on as many other sentences. Intervals are 95 %. "
        f"A question mark: the value has an effective sample size below {FEW}."
    )
    shown = [Table("The whole text, by condition", list(_COLUMNS), conditions)]
    if held:
        shown.append(Table("Constructions held out from training: UUAS", list(_HELD), held))
    pictures = [
        picture(
            card_figure(table, text=name),
            title=f"{checkpoint}, {name}",
            description=_description(chosen_rows(table, text=name)),
        )
        for checkpoint, table in list(tables.items())[-MOST_SHOWN:]
        for name in table["source"].unique().tolist()
    ]
    return Section("card", "Report card", text, shown, pictures)


def _condition_rows(table: pd.DataFrame) -> list[list[Cell]]:
    """A line for each text and condition."""
    lines = []
    for name in table["source"].unique().tolist():
        whole = whole_rows(chosen_rows(table, text=name))
        for condition, rows in whole.groupby("condition", sort=False):
            own = {(row["probe"], row["metric"]): row for row in rows.to_dict("records")}
            probe = own[PROBE, UUAS]
            compared = pd.notna(probe["difference"])
            values = [
                (PROBE, MATCHED),
                (PROBE, BALANCED),
                (RANDOM_WEIGHTS, UUAS),
                (RANDOM_WEIGHTS, MATCHED),
                (CHAIN, UUAS),
            ]
            lines.append(
                [
                    *(Cell(str(one)) for one in (probe["checkpoint"], name, condition)),
                    Cell(str(probe["layer"]), number=probe["layer"]),
                    Cell(f"{probe['value']:.3f}", number=probe["value"]),
                    Cell(f"{probe['low']:.3f} to {probe['high']:.3f}"),
                    *(_difference(probe) if compared else (Cell("–"), Cell("–"))),
                    *(_value(own.get(key)) for key in values),
                    Cell(f"{probe['n']:,}", number=probe["n"]),
                ]
            )
    return lines


def _held_rows(table: pd.DataFrame) -> list[list[Cell]]:
    """A line for each construction and predictor."""
    rows = chosen_rows(table)
    own = rows[(rows["metric"] == UUAS) & (rows["condition"] == "original")]
    lines = []
    for row in own[own["compared_with"] == "size-matched training"].to_dict("records"):
        lines.append(
            [
                *(Cell(str(row[name])) for name in ("checkpoint", "edges", "probe")),
                Cell(f"{row['value']:.3f}", number=row["value"]),
                Cell(f"{row['value'] - row['difference']:.3f}", number=row["value"] - row["difference"]),
                *_difference(row),
                Cell(f"{row['n']:,}", number=row["n"]),
            ]
        )
    return lines


def _difference(row: Mapping[Hashable, Any]) -> tuple[Cell, Cell]:
    """A paired difference and its interval."""
    return (
        Cell(f"{row['difference']:+.3f}", number=row["difference"]),
        Cell(f"{row['difference_low']:+.3f} to {row['difference_high']:+.3f}"),
    )


def _value(row: Mapping[Hashable, Any] | None) -> Cell:
    """A value; a dash where there is none."""
    if row is None or pd.isna(row["value"]):
        return Cell("–")
    few = "?" if row["effective_n"] < FEW else ""
    return Cell(f"{row['value']:.3f}{few}", number=row["value"])


def _description(rows: pd.DataFrame) -> str:
    """Values for readers who cannot see a figure: UUAS of all cells."""
    columns = ["probe", "condition", "training", "edges", "length", "attractors", "marks", "value", "low", "high", "n"]
    return rows[rows["metric"] == UUAS][columns].round(3).to_string(index=False)
