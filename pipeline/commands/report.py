"""`treeprobe report`: the report of a sweep, as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer


def report_command(
    folder: Annotated[Path, typer.Argument(help="The folder of a sweep.")],
    out: Annotated[
        Path | None, typer.Option(help="The HTML file to write; report.html in the folder unless told.")
    ] = None,
) -> None:
    """Write one self-contained HTML page of a sweep's results."""
    from treeprobe.pipeline.sweeping.report import write_report

    typer.echo(f"The report is in {write_report(folder, out)}")
