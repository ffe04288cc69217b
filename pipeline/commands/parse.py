"""`treeprobe parse`: one sentence to its recovered tree."""

from pathlib import Path
from typing import Annotated

import typer

DRAWINGS = (".svg", ".png", ".pdf")


def parse_command(
    sentence: Annotated[str, typer.Argument(help="The sentence to parse.")],
    probe: Annotated[Path, typer.Option(help="A run's folder, or a saved distance probe's.")],
    model: Annotated[str | None, typer.Option(help="The checkpoint, when it has moved.")] = None,
    out: Annotated[
        list[Path] | None, typer.Option(help="A .svg, .png or .pdf file to draw in; may be repeated.")
    ] = None,
    words: Annotated[bool, typer.Option("--words", help="The sentence is split already: words at spaces.")] = False,
) -> None:
    """Print the tree that a probe recovers for one sentence, and draw it."""
    from treeprobe.pipeline.parser import parse, save_drawing

    for path in out or []:
        if path.suffix not in DRAWINGS or not path.absolute().parent.is_dir():
            raise typer.BadParameter(f"{path}; expected a name ending in {', '.join(DRAWINGS)} in a folder that exists")
    tree = parse(sentence.split() if words else sentence, probe=probe, model=model)
    typer.echo(tree.to_text())
    for path in out or []:
        typer.echo(f"Drawn in {save_drawing(tree, path)}")
