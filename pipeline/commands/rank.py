"""`treeprobe rank`: which checkpoint of a sweep a parser should start from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer


def rank_command(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER", help="A sweep with --analyses labelled_trees or --labelled; or several, also of runs."
        ),
    ],
    metric: Annotated[Literal["las", "uas"], typer.Option(help="Score of DepProbe that ranks.")] = "las",
    treebank: Annotated[str | None, typer.Option(help="Name of the treebank, where there are several.")] = None,
    split: Annotated[
        Literal["dev", "test"] | None,
        typer.Option(help="Split that is scored; test where all have it. Layers are chosen on dev."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="File to draw the scores and ranks in: .png, .pdf or .svg.", dir_okay=False)
    ] = None,
    form: Annotated[Literal["text", "csv", "json"], typer.Option("--format", help="What to print.")] = "text",
) -> None:
    """Rank checkpoints by the labelled trees in their states: which should a parser start from?"""
    from treeprobe.pipeline.comparisons.ranking import rank_checkpoints
    from treeprobe.reporting import new_figure, ranked_scores, ranking_size, save_figure

    found = rank_checkpoints(folders, metric=metric, split=split, treebank=treebank)
    if figure is not None:
        drawn, axes = new_figure(ranking_size(len(found.table)))
        ranked_scores(found.table, axes)
        save_figure(drawn, figure)
    if form == "text":
        typer.echo(found.text())
    elif form == "csv":
        typer.echo(found.table.to_csv(index=False).rstrip("\n"))
    else:
        typer.echo(found.table.to_json(orient="records", indent=1, force_ascii=False))


def ranking_lines(out: Path, analyses: Sequence[str], *, labelled: bool) -> list[str]:
    """Which checkpoint of a sweep a parser should start from, where it looked for labelled trees.

    Args:
        out: the sweep's folder.
        analyses: those that were asked for.
        labelled: whether runs probed for labelled trees too.
    """
    if "labelled_trees" not in analyses and not (labelled and "structure" in analyses):
        return []
    from treeprobe.pipeline.comparisons.rankable import RankingError
    from treeprobe.pipeline.comparisons.ranking import rank_checkpoints

    try:
        return [rank_checkpoints(out).statement]
    except RankingError as error:
        return [f"Not ranked: {error}"]
