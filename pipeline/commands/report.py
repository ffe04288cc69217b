"""`treeprobe report`: the report of an analysis or a sweep, as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer


def report_command(
    folder: Annotated[Path, typer.Argument(help="The folder of an analysis or of a sweep.")],
    out: Annotated[
        Path | None, typer.Option(help="The HTML file to write; report.html in the folder unless given.")
    ] = None,
) -> None:
    """Write one self-contained HTML page of what an analysis or a sweep found."""
    from treeprobe.pipeline.report import write_report

    typer.echo(f"The report is in {write_report(folder, out)}")
