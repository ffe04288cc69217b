"""The options that several commands have, each told in the same words, and how lists of numbers are read."""

from pathlib import Path
from typing import Annotated

import typer

from treeprobe.parsing import PunctuationRule

Model = Annotated[str, typer.Option(help="A checkpoint folder or a Hugging Face hub name.")]
Analysed = Annotated[str, typer.Option(help="The treebank to analyse: a CoNLL-U file, a UD folder, or a name.")]
TRAIN = typer.Option(help="Treebank to train on: a CoNLL-U file, a UD folder, or a name: en_ewt.")
DEV = typer.Option(help="Treebank that chooses the epoch and the layer, likewise.")
TEST = typer.Option(help="Treebank that is scored besides, likewise.")
Out = Annotated[Path, typer.Option(help="The folder to write; it appears when everything in it is complete.")]
Punctuation = Annotated[PunctuationRule, typer.Option(help="The tags that tell punctuation.")]
Cache = Annotated[Path, typer.Option(help="Where hidden states are kept between runs.", envvar="TREEPROBE_CACHE")]
DEFAULT_CACHE = Path("~/.cache/treeprobe")
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what the folder holds once the work is done.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]


def whole_numbers(text: str, *, least: int) -> tuple[int, ...]:
    """Whole numbers between commas. Raises typer.BadParameter for anything else, and for numbers below `least`."""
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}; expected whole numbers with commas between, such as 16,64") from error
    if any(number < least for number in numbers):
        raise typer.BadParameter(f"{text!r}; expected numbers of at least {least}")
    return numbers
