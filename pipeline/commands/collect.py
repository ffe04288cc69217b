"""`treeprobe collect`: the scores of sweeps as one data set that other tools query."""

from pathlib import Path
from typing import Annotated

import typer


def collect_command(
    folders: Annotated[list[str], typer.Argument(help="Folders of sweeps or of analyses.", metavar="FOLDER")],
    out: Annotated[
        Path, typer.Option(help="The Parquet data set; what is in it stays as it is, and what is new is added.")
    ],
) -> None:
    """Add the scores of sweeps to one Parquet data set, by checkpoint and treebank."""
    from treeprobe.pipeline.results.dataset import collect_results

    found = collect_results(folders, out)
    parts = [
        f"{len(found.added):,} analyses added to {out}",
        f"{found.known:,} were there already",
        f"{found.without_scores:,} have no scores" if found.without_scores else "",
        f"{len(found.damaged):,} are damaged and left out" if found.damaged else "",
    ]
    typer.echo("; ".join(filter(None, parts)))
