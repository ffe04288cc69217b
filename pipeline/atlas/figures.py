"""The figures of an atlas: maps of its languages, and matrices of transfer and of angles, of each checkpoint."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
from matplotlib.figure import Figure

from treeprobe.pipeline.atlas.charts import Atlas
from treeprobe.pipeline.atlas.maps import ANGLE, LOSS, angle_distances
from treeprobe.pipeline.atlas.reading import METRIC, Charted
from treeprobe.pipeline.atlas.tables import matrix
from treeprobe.pipeline.results.file_names import file_name
from treeprobe.reporting import heat_map, language_map, new_figure, save_formats

Kind = Literal["map by transfer loss", "map by angle", "transfer loss", "angles"]
_UNITS = {LOSS: "transfer loss, points of UUAS", ANGLE: "angle, degrees"}
_SCALES = {LOSS: 100.0, ANGLE: 1.0}
_OWN_SCORE = "UUAS by own probes"


@dataclass(frozen=True)
class Drawn:
    """A figure of one checkpoint, with what it shows in numbers."""

    checkpoint: str
    kind: Kind
    figure: Figure
    description: str


def maps_of(atlas: Atlas) -> Iterator[Drawn]:
    """The maps of every checkpoint of which there are some."""
    table, scores = atlas.tables["map"], atlas.tables["scores"]
    table = table[table["checkpoint"].isin([one.checkpoint for one in atlas.charted])]
    own = scores[(scores["probe"] == "distance") & (scores["metric"] == METRIC)]
    for (checkpoint, by), rows in table.groupby(["checkpoint", "by"], sort=False):
        values = own[own["checkpoint"] == checkpoint].set_index("treebank")["value"].reindex(rows["treebank"])
        points = rows[["x", "y"]].to_numpy(dtype=float) * _SCALES[str(by)]
        figure, axes = new_figure((4.6, 3.9))
        names = [str(name) for name in rows["treebank"]]
        unit = f"{_UNITS[str(by)]} ({rows['share'].iloc[0]:.0%} of squared distances)"
        language_map(points, axes, names=names, values=values.to_numpy(dtype=float), label=_OWN_SCORE, unit=unit)
        told = rows.assign(x=points[:, 0], y=points[:, 1])[["treebank", "x", "y"]].round(1).to_string(index=False)
        yield Drawn(str(checkpoint), "map by transfer loss" if by == LOSS else "map by angle", figure, told)


def transfers_of(atlas: Atlas) -> Iterator[Drawn]:
    """The matrix of transfer losses of every checkpoint with two languages or more, in points of UUAS."""
    table = atlas.tables["transfer"]
    for one in atlas.charted:
        own = table[table["checkpoint"] == one.checkpoint]
        if len(own) > len(one.languages):
            losses = matrix(own, one.languages, values="loss", rows="trained_on", columns="treebank") * 100
            figure = _matrix_figure(losses, label="points of UUAS lost", ends=("trained on", "scored on"), signed=True)
            yield Drawn(one.checkpoint, "transfer loss", figure, losses.round(1).to_string())


def angles_of(atlas: Atlas) -> Iterator[Drawn]:
    """The matrix of angles of every checkpoint with two languages or more, in degrees."""
    table = atlas.tables["angles"]
    for one in atlas.charted:
        if len(one.languages) > 1 and one.layer is not None:
            degrees = _with_diagonal(one, table)
            figure = _matrix_figure(degrees, label="mean angle, degrees", ends=("", ""))
            yield Drawn(one.checkpoint, "angles", figure, degrees.round(1).to_string())


def draw_figures(atlas: Atlas, folder: Path) -> None:
    """Draw everything into a folder that exists, as PDF and PNG, named by checkpoint and kind."""
    for drawn in (*maps_of(atlas), *transfers_of(atlas), *angles_of(atlas)):
        save_formats(drawn.figure, folder / f"{file_name(drawn.checkpoint)}-{drawn.kind.replace(' ', '-')}")


def _with_diagonal(one: Charted, table: pd.DataFrame) -> pd.DataFrame:
    """Angles between languages, and on the diagonal those between probes of one language; NaN where these are none."""
    degrees = angle_distances(one, table)
    own = table[(table["checkpoint"] == one.checkpoint) & (table["first"] == table["second"])]
    same = own.set_index("first")["angle"]
    for name in one.languages:
        degrees.loc[name, name] = same.get(name, float("nan"))
    return degrees


def _matrix_figure(table: pd.DataFrame, *, label: str, ends: tuple[str, str], signed: bool = False) -> Figure:
    """Languages by languages as a heat map, by default of what has no sign and no tenths."""
    figure, axes = new_figure((2.9 + 0.55 * table.shape[1], 1.6 + 0.34 * len(table)))
    rows, columns = ([str(one) for one in axis] for axis in (table.index, table.columns))
    heat_map(
        table.to_numpy(dtype=float), axes, rows=rows, columns=columns, label=label, signed=signed, digits=int(signed)
    )
    axes.set_ylabel(ends[0])
    axes.set_xlabel(ends[1])
    return figure
