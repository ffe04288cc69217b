"""`treeprobe checkpoints`: a family of small checkpoints to sweep over, made here from a treebank's text."""

from pathlib import Path
from typing import Annotated

import typer

from treeprobe.pipeline.commands.options import Out, Overwrite, Quiet, whole_numbers


def checkpoints_command(
    treebank: Annotated[Path, typer.Option(help="The treebank whose text the tiny BERT is trained on, CoNLL-U.")],
    out: Out,
    steps: Annotated[int, typer.Option(min=1, help="Training steps.")] = 6000,
    saved: Annotated[str, typer.Option(help="Steps to keep, with commas between.")] = "0,300,1000,2000,3000,6000",
    blocks: Annotated[int, typer.Option(min=1, help="Transformer blocks.")] = 4,
    dim: Annotated[int, typer.Option(min=1, help="Width of its states.")] = 128,
    heads: Annotated[int, typer.Option(min=1, help="Attention heads a block.")] = 4,
    vocabulary: Annotated[int, typer.Option(min=10, help="Subwords at most.")] = 4000,
    batch_size: Annotated[int, typer.Option(min=1, help="Examples a step.")] = 32,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Its highest, after a tenth of the steps.")] = 1e-3,
    as_mask: Annotated[float, typer.Option(help="Share of predicted subwords that are shown as [MASK].")] = 0.8,
    as_random: Annotated[float, typer.Option(help="Share of them that are shown as a random subword.")] = 0.1,
    next_sentence: Annotated[bool, typer.Option(help="Also predict whether the second sentence follows.")] = True,
    left_to_right: Annotated[
        bool, typer.Option("--left-to-right", help="Predict each subword from those before it; needs no next sentence.")
    ] = False,
    dropout: Annotated[float, typer.Option(min=0.0, help="Share of activations left out in training.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of weights, order, pairs and masks.")] = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Make MiniLM, its random twin and the training run of a tiny BERT, ready for `treeprobe sweep`."""
    from treeprobe.parsing import read_conllu
    from treeprobe.pipeline.checkpoints import Pretraining, PretrainingError, make_family

    try:
        options = Pretraining(
            blocks=blocks,
            dim=dim,
            heads=heads,
            vocabulary=vocabulary,
            steps=steps,
            saved=whole_numbers(saved, least=0),
            batch_size=batch_size,
            learning_rate=learning_rate,
            as_mask=as_mask,
            as_random=as_random,
            next_sentence=next_sentence,
            left_to_right=left_to_right,
            dropout=dropout,
            seed=seed,
        )
    except PretrainingError as error:
        raise typer.BadParameter(str(error)) from error
    folders = make_family(list(read_conllu(treebank)), out, options=options, overwrite=overwrite, progress=not quiet)
    typer.echo(f"Sweep over them with `treeprobe sweep --models {' '.join(map(str, folders))}`")
