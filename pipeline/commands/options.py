"""The options that several commands have, each told in the same words."""

from pathlib import Path
from typing import Annotated

import typer

from parsing.punctuation import PunctuationRule

Model = Annotated[str, typer.Option(help="A checkpoint folder or a Hugging Face hub name.")]
Analysed = Annotated[str, typer.Option(help="The treebank to analyse: a CoNLL-U file, a UD folder, or a name.")]
Out = Annotated[Path, typer.Option(help="The folder to write; it appears when everything in it is complete.")]
Punctuation = Annotated[PunctuationRule, typer.Option(help="The tags that tell punctuation.")]
Cache = Annotated[Path, typer.Option(help="Where hidden states are kept between runs.", envvar="TREEPROBE_CACHE")]
DEFAULT_CACHE = Path("~/.cache/treeprobe")
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
