"""`treeprobe report`: the report of an analysis or a sweep, as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

_MOST_NAMED = 20
"""Failed tasks that are named; the page has all."""


def report_command(
    folder: Annotated[Path, typer.Argument(help="The folder of an analysis or of a sweep.")],
    out: Annotated[
        Path | None, typer.Option(help="The HTML file to write; report.html in the folder unless given.")
    ] = None,
) -> None:
    """Write one self-contained HTML page of what an analysis or a sweep found."""
    from treeprobe.pipeline.report.page import write_page
    from treeprobe.pipeline.report.results import read_results

    results = read_results(folder)
    typer.echo(f"The report is in {write_page(results, out)}")
    for one in results.failed[:_MOST_NAMED]:
        typer.echo(f"{one['task']} failed: {' '.join(str(one['reason']).split())}")
    if (more := len(results.failed) - _MOST_NAMED) > 0:
        typer.echo(f"{more} more failed, as the report says")
