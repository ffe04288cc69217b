"""`treeprobe parse`: sentences to their recovered trees."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from treeprobe.pipeline.commands.options import Device

if TYPE_CHECKING:
    from treeprobe.parsing import Sentence

SUFFIXES = (".svg", ".png", ".pdf", ".tex", ".conllu")

Form = Literal["text", "conllu", "latex"]


def parse_command(
    *,
    sentences: Annotated[
        list[str] | None, typer.Argument(metavar="SENTENCE", help="A sentence, or several, each in quotes.")
    ] = None,
    probe: Annotated[
        Path | None,
        typer.Option(
            help="A run's or a saved distance probe's folder, or OWNER/NAME on the hub; the package's own unless given."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="The checkpoint, when it has moved.")] = None,
    layer: Annotated[int | None, typer.Option(min=0, help="A layer of the run; its best one unless given.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="A text file of sentences, one a line; - is standard input.")
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file to write, by its suffix: .svg, .png, .pdf, .tex (tikz-dependency), .conllu; may be repeated. "
            "Several drawings are numbered."
        ),
    ] = None,
    words: Annotated[bool, typer.Option("--words", help="Sentences are split already: words at spaces.")] = False,
    by_word: Annotated[
        bool,
        typer.Option("--by-word", help="The tree after every word, each prefix read by itself: what comes, what goes."),
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="What to print; latex needs tikz-dependency.")] = "text",
    device: Device = "cpu",
) -> None:
    """Print the trees that a probe recovers for sentences, and write or draw them."""
    for path in out or []:
        if path.suffix not in SUFFIXES or not path.absolute().parent.is_dir():
            raise typer.BadParameter(f"{path}; expected a name ending in {', '.join(SUFFIXES)} in a folder that exists")
    texts = [*(sentences or []), *(_lines_of(source) if source is not None else [])]
    if not texts:
        where = f"--from {source}: " if source is not None else ""
        raise typer.BadParameter(f"{where}no sentence; expected one in quotes, or --from with a file of them")
    if sentences and len(sentences) > 1 and not any(len(one.split()) > 1 for one in sentences):
        typer.echo(f"note: {len(sentences)} sentences of one word each; a sentence of several needs quotes", err=True)

    from treeprobe.pipeline.parser import Parser
    from treeprobe.pipeline.tree_files import save_by_word, save_trees

    parser = Parser.from_pretrained(probe, model=model, layer=layer, device=device)
    split = [text.split() if words else text for text in texts]
    if by_word:
        prefixes = [_numbered(parser.parse_by_word(text), f"{number}-") for number, text in enumerate(split, start=1)]
        typer.echo(_printed_by_word(prefixes, form))
        written = [save_by_word(prefixes, path) for path in out or []]
    else:
        trees = _numbered(parser.parse_all(split))
        typer.echo(_printed(trees, form))
        written = [save_trees(trees, path) for path in out or []]
    for paths in written:
        typer.echo(f"Written: {', '.join(map(str, paths))}", err=True)


def _numbered(trees: "Sequence[Sentence]", before: str = "") -> "list[Sentence]":
    """The trees with their numbers, from 1, as identifiers."""
    return [replace(tree, identifier=f"{before}{number}") for number, tree in enumerate(trees, start=1)]


def _lines_of(source: Path) -> list[str]:
    """The sentences of a file, or of standard input. Raises typer.BadParameter when they cannot be read."""
    try:
        text = sys.stdin.read() if str(source) == "-" else source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--from {source}: cannot be read as UTF-8 text: {error}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _printed(trees: "Sequence[Sentence]", form: Form) -> str:
    """Trees for standard output, without the line break at the end."""
    from treeprobe.parsing.treebanks.conllu_writing import format_conllu
    from treeprobe.pipeline.tree_files import latex

    if form == "conllu":
        return "".join(map(format_conllu, trees)).removesuffix("\n")
    return latex(trees).rstrip("\n") if form == "latex" else "\n\n".join(tree.to_text() for tree in trees)


def _printed_by_word(sentences: "Sequence[Sequence[Sentence]]", form: Form) -> str:
    """The trees of sentences' prefixes for standard output: as text, a line a word with the edges that it changes."""
    from treeprobe.parsing.drawing import word_by_word_text
    from treeprobe.parsing.trees import WordByWord

    if form != "text":
        return _printed([tree for prefixes in sentences for tree in prefixes], form)
    growths = [WordByWord.of(prefixes[-1].words, [tree.heads for tree in prefixes]) for prefixes in sentences]
    return "\n\n".join(map(word_by_word_text, growths))
