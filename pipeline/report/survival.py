"""What is left of the trees when something of a model is replaced, layer by layer."""

from treeprobe.pipeline.report.heads import place_of
from treeprobe.pipeline.results.finished import Finished
from treeprobe.reporting import merge_seeds, new_figure, survival_curves
from treeprobe.reporting.html import NARROW, Picture, picture


def survival_picture(one: Finished, table: str, *, title: str, height: float) -> Picture:
    """UUAS by layer under each condition of a table of an analysis, with its result in a sentence.

    Args:
        one: the analysis.
        table: one of its tables, with a column `condition`.
        title: what was replaced; the checkpoint and the treebank follow.
        height: of the figure, in inches.
    """
    figure, axes = new_figure((NARROW, height))
    survival_curves(merge_seeds(one.table(table)), axes)
    return picture(figure, title=f"{title}: {place_of(one)}", description=str(one.record["summary"]))
