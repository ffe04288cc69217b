"""What heads attend to."""

from collections.abc import Mapping

import pandas as pd

from treeprobe.pipeline.report.layers import layer_map
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.results.finished import Finished
from treeprobe.reporting import head_grid, new_figure
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

SHOWN_RELATIONS = 12
MOST_OPEN = 4
"""Checkpoints whose heads are shown without being asked for."""


def heads_section(results: Results) -> Section | None:
    """Maps of every head's trees, and the best head of each relation, by checkpoint; of many, summaries."""
    found = {place_of(one): one for one in results.of("heads")}
    if not found:
        return None
    shown = drawn(found)
    pictures = grid_pictures(
        {name: one.table("heads") for name, one in shown.items()}, "uuas", "UUAS of each head’s own tree"
    )
    best = {name: _found_relations(one) for name, one in found.items()}
    text = "How well a single attention head finds syntax without any training; head 3-9 is head 9 of layer 3."
    if len(shown) == len(found):
        tables = [_best_heads(name, table) for name, table in best.items()]
    else:
        tables, highest = [_relations(best)], _highest(found)
        text += " The maps are of the highest head of each layer." + said_of_drawn(len(found))
        pictures = [layer_map(highest, list(found), "uuas", of="the best head"), *pictures]
    return Section("heads", "Heads", text, tables, pictures, folded=len(found) > MOST_OPEN)


def _found_relations(one: Finished) -> pd.DataFrame:
    """The best head of each of the most frequent relations, without those that no head finds."""
    best = one.table("best_heads", texts=("name", "relation"))
    return best[best["accuracy"] > 0].head(SHOWN_RELATIONS)


def _best_heads(name: str, best: pd.DataFrame) -> Table:
    """A line for each relation."""
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
    return Table(f"Best heads: {name}", ["relation", "head", "accuracy", "best fixed offset", "edges"], rows)


def _relations(best: Mapping[str, pd.DataFrame]) -> Table:
    """For each relation how accurate the best heads of all checkpoints are, and where the most accurate one is."""
    joined = pd.concat([table.assign(place=name) for name, table in best.items()])
    rows = []
    for (relation, direction), own in joined.groupby(["relation", "direction"], sort=False):
        top = own.loc[own["accuracy"] == own["accuracy"].max()].iloc[0]
        values = [float(own["accuracy"].median()), float(own["accuracy"].min()), float(top["accuracy"])]
        baseline = float(own["baseline"].median())
        rows.append(
            [
                Cell(str(relation), str(direction)),
                Cell(str(len(own)), number=len(own)),
                *(Cell(f"{value:.3f}", number=value) for value in values),
                Cell(f"{top['place']}, head {top['name']}"),
                Cell(f"{baseline:.3f}", number=baseline),
            ]
        )
    columns = ["relation", "checkpoints", "median accuracy", "lowest", "highest", "of", "median best fixed offset"]
    return Table(f"Best heads of {len(best)} checkpoints", columns, rows)


def _highest(found: Mapping[str, Finished]) -> pd.DataFrame:
    """The UUAS of the best head of each layer, a row for each checkpoint and layer."""
    tables = [
        one.table("heads").groupby("layer", as_index=False)["uuas"].max().assign(checkpoint=name)
        for name, one in found.items()
    ]
    return pd.concat(tables, ignore_index=True).rename(columns={"uuas": "value"})


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
