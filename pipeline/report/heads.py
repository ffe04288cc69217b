"""What heads attend to."""

from collections.abc import Mapping

import pandas as pd

from treeprobe.pipeline.report.results import Results
from treeprobe.pipeline.results.finished import Finished
from treeprobe.reporting import head_grid, new_figure
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

SHOWN_RELATIONS = 12
MOST_OPEN = 4
"""Checkpoints whose heads are shown without being asked for."""


def heads_section(results: Results) -> Section | None:
    """Maps of every head's trees, and the best head of each relation, by checkpoint."""
    tables = []
    grids = {place_of(one): one.table("heads") for one in results.of("heads")}
    pictures = grid_pictures(grids, "uuas", "UUAS of each head’s own tree")
    for one in results.of("heads"):
        best = one.table("best_heads", texts=("name", "relation"))
        best = best[best["accuracy"] > 0].head(SHOWN_RELATIONS)
        rows = [
            [
                Cell(str(row["relation"]), str(row["direction"])),
                Cell(str(row["name"])),
                Cell(f"{row['accuracy']:.3f}", number=row["accuracy"]),
                Cell(f"{row['baseline']:.3f}", number=row["baseline"]),
                Cell(f"{row['n']:,}", number=row["n"]),
            ]
            for row in best.to_dict("records")
        ]
        columns = ["relation", "head", "accuracy", "best fixed offset", "edges"]
        tables.append(Table(f"Best heads: {place_of(one)}", columns, rows))
    if not pictures:
        return None
    text = "How well a single attention head finds syntax without any training; head 3-9 is head 9 of layer 3."
    return Section("heads", "Heads", text, tables, pictures, folded=len(tables) > MOST_OPEN)


def grid_pictures(tables: Mapping[str, pd.DataFrame], column: str, title: str) -> list[Picture]:
    """A quantity of every head in each of the named tables, all on one scale, so that they can be compared."""
    high = max((float(table[column].max()) for table in tables.values()), default=0.0)
    return [_grid_picture(table, column, f"{title}: {name}", high=high) for name, table in tables.items()]


def _grid_picture(table: pd.DataFrame, column: str, title: str, *, high: float) -> Picture:
    """A quantity of every head, layers by heads, shaded from 0 to `high`."""
    grid = table.pivot(index="layer", columns="head", values=column)
    figure, axes = new_figure((4.8, 1.3 + 0.26 * len(grid)))
    head_grid(grid.to_numpy(dtype=float), axes, label=column.replace("uuas", "UUAS"), low=0.0, high=high)
    found = table.dropna(subset=[column])
    text = title
    if not found.empty:
        top = found.iloc[int(found[column].argmax())]
        text += f"; highest {top[column]:.3f} at head {int(top['layer'])}-{int(top['head'])}"
    return picture(figure, title=title, description=text, shaded=True)


def place_of(one: Finished) -> str:
    """What a picture or a table is of."""
    return f"{one.checkpoint} on {one.treebank}"
