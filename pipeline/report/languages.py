"""One space for several languages."""

import pandas as pd

from treeprobe.pipeline.languages.figures import matrix_figure, reported_matrix
from treeprobe.pipeline.languages.spaces import TRAINED
from treeprobe.pipeline.languages.tables import AVERAGE
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.results.finished import Finished
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

_COLUMNS = ["checkpoint", "space", "layer", "UUAS", "95 % interval", "share of the way"]


def languages_section(results: Results) -> Section | None:
    """A table of kinds of spaces, averaged over languages, and a transfer matrix for each checkpoint; or None."""
    finished = results.of("languages")
    if not finished:
        return None
    rows = [row for one in finished for row in _rows(one)]
    text = (
        f"{finished[0].record['summary']} Spaces are fitted on one language, on all but the one that is scored, and on "
        "all. Share of the way: from the better of chain and random weights (0 %) to a language's own space (100 %)."
    ) + said_of_drawn(len(finished))
    shown = drawn({one.checkpoint: one for one in finished})
    table = Table("UUAS by kind of space, averages over languages", _COLUMNS, rows)
    return Section("languages", "Languages", text, [table], [_matrix(one) for one in shown.values()])


def _kinds(one: Finished) -> pd.DataFrame:
    return one.table("kinds", texts=("kind", "treebank")).fillna({"kind": ""})


def _rows(one: Finished) -> list[list[Cell]]:
    """A row for each kind of space of the checkpoint and its baselines, at the reported layer."""
    kinds, split = _kinds(one), one.record["details"]["reported"]
    shown = kinds[(kinds["treebank"] == AVERAGE) & (kinds["split"] == split) & kinds["reported"]]
    rows = []
    for row in shown.to_dict("records"):
        name = str(row["kind"]) if row["probe"] == TRAINED else f"{row['kind']} ({row['probe']})".strip()
        way = row["improvement"]
        rows.append(
            [
                Cell(one.checkpoint),
                Cell(name if row["kind"] else str(row["probe"])),
                Cell("" if pd.isna(row["layer"]) else str(int(row["layer"]))),
                Cell(f"{row['value']:.3f}", number=row["value"]),
                Cell(f"{row['low']:.3f} to {row['high']:.3f}"),
                Cell("" if pd.isna(way) else f"{way:.0%}", number=None if pd.isna(way) else way),
            ]
        )
    return rows


def _matrix(one: Finished) -> Picture:
    """UUAS of every space on every language."""
    details = one.record["details"]
    transfer = one.table("transfer", texts=("trained_on", "treebank")).fillna({"trained_on": ""})
    table = reported_matrix(transfer, _kinds(one), languages=details["languages"], split=details["reported"])
    return picture(matrix_figure(table), title=one.checkpoint, description=table.round(3).to_string(), shaded=True)
