"""Which checkpoint a parser should start from, by the labelled trees of all."""

from treeprobe.pipeline.comparisons.rankable import RankingError
from treeprobe.pipeline.comparisons.ranking import CheckpointRanking, rank_finished, with_labelled_trees
from treeprobe.pipeline.report.results import MOST_LISTED, Results
from treeprobe.pipeline.results.scores import CHOSEN_ON
from treeprobe.reporting import metric_name, new_figure, ranked_scores, ranking_size
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

_COLUMNS = ("rank", "ranks", "checkpoint", "LAS", "interval", "layer", "first in")


def ranking_section(results: Results) -> Section | None:
    """A statement, a table and a figure for each treebank; None where no two checkpoints have labelled trees."""
    found, refused = [], []
    runs = with_labelled_trees(results.finished)
    for bank in dict.fromkeys(one.treebank for one in runs):
        if sum(one.treebank == bank for one in runs) > 1:
            try:
                found.append(rank_finished(runs, treebank=bank))
            except RankingError as error:
                refused.append(f"Not ranked on {bank}: {error}.")
    if not found and not refused:
        return None
    text = (
        "DepProbe's LAS foretells which encoder makes the best parser once it is fine-tuned (Müller-Eberstein et al. "
        "2022). Intervals and ranks are 95 %, over resampled sentences and seeds; ranks hold for all checkpoints at "
        "once. Filled points: may be the best."
    )
    return Section(
        "ranking",
        "Which checkpoint to start a parser from",
        " ".join([*(one.statement for one in found), text, *refused]),
        [_table(one) for one in found],
        [_picture(one) for one in found],
    )


def _table(ranking: CheckpointRanking) -> Table:
    """A line a checkpoint."""
    rows = [
        [
            Cell(str(row["rank"]), number=row["rank"]),
            Cell(f"{row['rank_low']} to {row['rank_high']}"),
            Cell(str(row["checkpoint"])),
            Cell(f"{row['value']:.3f}", number=round(float(row["value"]), 6), best=row["rank_low"] == 1),
            Cell(f"{row['low']:.3f} to {row['high']:.3f}"),
            Cell(str(row["layer"]), number=row["layer"]),
            Cell(f"{row['best']:.0%}", number=row["best"]),
        ]
        for row in ranking.table.to_dict("records")
    ]
    caption = f"{ranking.treebank}, {ranking.split}: layers are {CHOSEN_ON[ranking.split]}"
    return Table(caption, list(_COLUMNS), rows)


def _picture(ranking: CheckpointRanking) -> Picture:
    """The scores with their intervals."""
    first = ranking.table.head(MOST_LISTED)
    figure, axes = new_figure(ranking_size(len(first)))
    ranked_scores(first, axes)
    shown = ranking.table[["rank", "rank_low", "rank_high", "checkpoint", "value", "low", "high", "best"]]
    title = f"{metric_name(ranking.metric)} of DepProbe, {ranking.treebank}, {ranking.split}"
    title += f": the first {len(first)} of {len(ranking.table)}" if len(first) < len(ranking.table) else ""
    return picture(figure, title=title, description=shown.round(3).to_string(index=False))
