"""`treeprobe show`: one sentence through the layers, as a page."""

from pathlib import Path
from typing import Annotated

import typer

from treeprobe.pipeline.commands.options import Device


def show_command(
    *,
    sentence: Annotated[str | None, typer.Argument(metavar="SENTENCE", help="A sentence, in quotes.")] = None,
    probe: Annotated[
        Path | None,
        typer.Option(help="A run's folder, or a saved distance probe's; the package's own for MiniLM unless given."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="The checkpoint, when it has moved.")] = None,
    gold: Annotated[
        Path | None,
        typer.Option(help="A CoNLL-U file with the sentence's tree; of its first sentence, unless one is given."),
    ] = None,
    relations: Annotated[
        str | None,
        typer.Option(help="A treebank in which heads are found that track relations; annotated English unless given."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("sentence.html"),
    words: Annotated[bool, typer.Option("--words", help="The sentence is split already: words at spaces.")] = False,
    device: Device = "cpu",
) -> None:
    """Write a page of one sentence: its tree, distances and words in space at every layer, and heads that track it."""
    if sentence is None and gold is None:
        raise typer.BadParameter("no sentence; expected one in quotes, or --gold with a file of one")
    if out.suffix != ".html" or not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"{out}; expected a name ending in .html in a folder that exists")

    from treeprobe.parsing import read_conllu
    from treeprobe.pipeline.sentence_explorer import explore_sentence, gold_sentence
    from treeprobe.pipeline.subjects.treebanks import read_split

    given = sentence.split() if words and sentence is not None else sentence
    tree = None if gold is None else gold_sentence(read_conllu(gold), given)
    page = explore_sentence(
        tree if tree is not None else given or "",
        probe=probe,
        model=model,
        device=device,
        annotated=None if relations is None else read_split(relations, "dev"),
    )
    page.save(out)
    typer.echo(f"{out}: open it in a browser")
