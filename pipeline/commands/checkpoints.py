"""`treeprobe checkpoints`: a family of small checkpoints to sweep over, pre-trained on a treebank's text."""

from pathlib import Path
from typing import Annotated, Any

import typer

from treeprobe.pipeline.commands import options as declared
from treeprobe.pipeline.commands.pretraining_options import pretraining_options, pretraining_parameters
from treeprobe.pipeline.commands.showing import progress_of

_TREEBANK = Annotated[Path, typer.Option(help="CoNLL-U file whose text the tiny BERT is pre-trained on.")]


@declared.takes(
    [
        declared.parameter("treebank", _TREEBANK),
        declared.parameter("out", declared.Out),
        *pretraining_parameters(without=("evaluations",)),
        declared.parameter("device", declared.Device, "cpu"),
        declared.parameter("overwrite", declared.Overwrite, False),
        declared.parameter("quiet", declared.Quiet, False),
    ]
)
def checkpoints_command(**given: Any) -> None:
    """Make MiniLM, its random twin and the pre-training run of a tiny BERT, ready for `treeprobe sweep`.

    Where it was cut off, the same command goes on.
    """
    options = pretraining_options(given)
    from treeprobe.parsing import read_conllu
    from treeprobe.training import make_family

    progress = progress_of(quiet=given["quiet"])
    if progress == "stages":
        typer.echo(f"pre-training, {options.steps} steps …", err=True)
    folders = make_family(
        list(read_conllu(given["treebank"])),
        given["out"],
        options=options,
        device=given["device"],
        overwrite=given["overwrite"],
        progress=progress is True,
    )
    typer.echo(f"Sweep over them with `treeprobe sweep --models {' '.join(map(str, folders))}`")
