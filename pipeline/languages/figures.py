"""The figures of several languages: the transfer matrix, kinds of spaces by layer, relations, retrieval."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from treeprobe.pipeline.languages.spaces import ALL, TRAINED
from treeprobe.pipeline.languages.tables import AVERAGE
from treeprobe.pipeline.results.scores import CHAIN, RANDOM_WEIGHTS
from treeprobe.reporting import heat_map, layer_curves, new_figure, relation_clusters, save_formats


@dataclass(frozen=True)
class LanguageFigures:
    """The tables that figures are drawn of, and the layer and the split that are reported.

    Attributes:
        transfer, kinds, points, retrieval: as the analysis writes them.
        languages: in the order of rows and columns.
    """

    transfer: pd.DataFrame
    kinds: pd.DataFrame
    points: pd.DataFrame
    retrieval: pd.DataFrame
    languages: Sequence[str]
    split: str

    def draw(self, folder: Path) -> None:
        """Draw everything into `folder`, as PDF and PNG."""
        table = reported_matrix(self.transfer, self.kinds, languages=self.languages, split=self.split)
        save_formats(matrix_figure(table), folder / "transfer")
        figure, axes = new_figure((5.4, 3.3))
        layer_curves(kinds_by_layer(self.kinds, split=self.split), axes)
        axes.set_ylabel("UUAS, average over languages")
        save_formats(figure, folder / "kinds-by-layer")
        if len(self.points):
            spaces = list(dict.fromkeys(self.points["space"]))
            figure = Figure(figsize=(3.4 * len(spaces) + 1.2, 3.4), layout="constrained")
            for panel, space in zip(figure.subplots(1, len(spaces), squeeze=False)[0], spaces, strict=True):
                relation_clusters(self.points[self.points["space"] == space], panel, legend=space == spaces[-1])
                panel.set_title(f"space of {space}", fontsize=9)
            save_formats(figure, folder / "relations")
        if len(self.retrieval):
            figure, axes = new_figure((4.8, 3.0))
            layer_curves(retrieval_by_layer(self.retrieval), axes, metric="retrieval")
            axes.set_ylabel("words whose translation is nearest")
            axes.set_ylim(-0.03, 1.03)
            save_formats(figure, folder / "retrieval")


def matrix_figure(table: pd.DataFrame) -> Figure:
    """A transfer matrix as a heat map: spaces by languages scored."""
    figure, axes = new_figure((2.9 + 0.7 * table.shape[1], 1.5 + 0.34 * len(table)))
    rows, columns = ([str(one) for one in axis] for axis in (table.index, table.columns))
    heat_map(table.to_numpy(dtype=float), axes, rows=rows, columns=columns, label="UUAS", digits=3)
    axes.set_xlabel("scored on")
    axes.set_ylabel("trained on")
    return figure


def reported_matrix(
    transfer: pd.DataFrame, kinds: pd.DataFrame, *, languages: Sequence[str], split: str, metric: str = "uuas"
) -> pd.DataFrame:
    """A metric at the reported layer: a row a space, held-out languages in one, then baselines; a column a language."""
    at = {
        (probe, layer, rank) for probe, layer, rank in kinds.loc[kinds["reported"], ["probe", "layer", "rank"]].values
    }
    rows = transfer[(transfer["metric"] == metric) & (transfer["split"] == split)]
    keys = zip(rows["probe"], rows["layer"], rows["rank"], strict=True)
    rows = rows[[probe == CHAIN or (probe, layer, rank) in at for probe, layer, rank in keys]]
    names = [
        _row_name(probe, trained_on, language)
        for probe, trained_on, language in zip(rows["probe"], rows["trained_on"], rows["treebank"], strict=True)
    ]
    table = rows.assign(row=names).pivot_table(index="row", columns="treebank", values="value", sort=False)
    order = [*languages, "all others", "all", "own, random weights", "all, random weights", CHAIN]
    return table.reindex(index=[name for name in order if name in table.index], columns=list(languages))


def _row_name(probe: str, trained_on: str, language: str) -> str:
    """What a cell's row is called; empty for those that the matrix leaves out."""
    if probe == CHAIN:
        return CHAIN
    if probe == TRAINED:
        return "all others" if trained_on == f"all but {language}" else trained_on
    if trained_on == ALL:
        return "all, random weights"
    return "own, random weights" if trained_on == language else ""


def kinds_by_layer(kinds: pd.DataFrame, *, split: str) -> pd.DataFrame:
    """The averages over languages as the figure of layers takes them; of the twin, its own spaces are a baseline."""
    rows = kinds[(kinds["treebank"] == AVERAGE) & (kinds["split"] == split)]
    rows = rows[(rows["probe"] == TRAINED) | (rows["probe"] == CHAIN) | (rows["kind"] == "own")]
    names = [kind if probe == TRAINED else probe for probe, kind in zip(rows["probe"], rows["kind"], strict=True)]
    largest = rows["rank"].isna() | (rows["rank"] == rows["rank"].max())
    return rows.assign(probe=names)[largest].drop(columns=["kind", "reported", "improvement"])


def retrieval_by_layer(retrieval: pd.DataFrame) -> pd.DataFrame:
    """Word retrieval as the figure of layers takes it, directions averaged."""
    mean = retrieval.groupby(["probe", "layer"], as_index=False, sort=False)[["accuracy", "centred"]].mean()
    curves = []
    for column, name in (("accuracy", "nearest"), ("centred", "nearest, centred")):
        names = [RANDOM_WEIGHTS if probe == RANDOM_WEIGHTS else name for probe in mean["probe"]]
        rows = mean.assign(probe=names, metric="retrieval", value=mean[column], low=mean[column], high=mean[column])
        curves.append(rows if column == "accuracy" else rows[rows["probe"] != RANDOM_WEIGHTS])
    return pd.concat(curves)[["probe", "layer", "metric", "value", "low", "high"]]
