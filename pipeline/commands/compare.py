"""`treeprobe compare`: two runs, or two checkpoints of a sweep, on the same sentences."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from treeprobe.errors import OutputError
from treeprobe.pipeline.commands.options import integers

METRICS = "uuas,dspr,root_accuracy,nspr"

Form = Literal["text", "latex", "markdown", "csv", "json"]
FORMS: Mapping[str, Form] = {".tex": "latex", ".md": "markdown", ".csv": "csv", ".json": "json"}
"""What is written into files that end so."""


def compare_command(
    first: Annotated[str, typer.Argument(metavar="A", help="Folder of a run; with --sweep, name of a checkpoint.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another, scored on the same sentences.")],
    sweep: Annotated[Path | None, typer.Option(help="Folder of the sweep that holds both checkpoints.")] = None,
    treebank: Annotated[str | None, typer.Option(help="Name of the treebank, where the sweep has several.")] = None,
    split: Annotated[
        Literal["dev", "test"] | None,
        typer.Option(help="Split that is scored; test where both have it. Layers are chosen on dev."),
    ] = None,
    metrics: Annotated[str, typer.Option(help="Scores to compare, with commas between.")] = METRICS,
    layers: Annotated[
        str | None, typer.Option(metavar="A,B", help="One layer of each to compare; all layers unless given.")
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option("--format", help="What to print; text unless --out ends otherwise. LaTeX needs booktabs."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the table into this file instead of printing it.", dir_okay=False)
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Subtract scores of different signatures too, with a warning.")
    ] = False,
) -> None:
    """Compare two runs, or two checkpoints of a sweep, layer by layer: A less B, with intervals and p."""
    pair = None if layers is None else integers(layers, least=0)
    if pair is not None and len(pair) != 2:
        raise typer.BadParameter(f"--layers {layers}; expected two with a comma between: A's and B's")
    names = [name.strip() for name in metrics.split(",")]
    if unknown := set(names) - set(METRICS.split(",")):
        raise typer.BadParameter(f"--metrics {', '.join(sorted(unknown))}; expected some of {METRICS}")
    from treeprobe.files import written_whole
    from treeprobe.pipeline.comparisons.formats import print_comparison
    from treeprobe.pipeline.comparisons.runs import compare_runs

    table = compare_runs(
        first,
        second,
        sweep=sweep,
        treebank=treebank,
        split=split,
        metrics=names,
        layers=None if pair is None else (pair[0], pair[1]),
        anyway=anyway,
    )
    text = print_comparison(table, form or FORMS.get("" if out is None else out.suffix, "text"))
    if out is None:
        typer.echo(text)
        return
    try:
        with written_whole(out) as draft:
            draft.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror}") from error
