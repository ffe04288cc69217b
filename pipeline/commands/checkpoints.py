"""`treeprobe checkpoints`: a family of small checkpoints to sweep over, pre-trained on a treebank's text."""

from pathlib import Path
from typing import Annotated

import typer

from treeprobe.pipeline.commands.options import Device, Out, Overwrite, Quiet, integers
from treeprobe.pipeline.commands.showing import progress_of


def checkpoints_command(
    treebank: Annotated[Path, typer.Option(help="CoNLL-U file whose text the tiny BERT is pre-trained on.")],
    out: Out,
    steps: Annotated[int, typer.Option(min=1, help="Training steps.")] = 6000,
    save_steps: Annotated[
        str, typer.Option(help="Steps whose checkpoints are saved, separated by commas; 0 is the untrained model.")
    ] = "0,300,1000,2000,3000,6000",
    layers: Annotated[int, typer.Option(min=1, help="Transformer layers.")] = 4,
    dim: Annotated[int, typer.Option(min=1, help="Width of the hidden states.")] = 128,
    heads: Annotated[int, typer.Option(min=1, help="Attention heads per layer.")] = 4,
    vocabulary_size: Annotated[int, typer.Option(min=10, help="Most subwords in the vocabulary.")] = 4000,
    batch_size: Annotated[int, typer.Option(min=1, help="Examples per step.")] = 32,
    learning_rate: Annotated[
        float, typer.Option(min=0.0, help="Peak learning rate, reached after a tenth of the steps.")
    ] = 1e-3,
    mask_replace_prob: Annotated[
        float, typer.Option(help="Share of the subwords to predict that are shown as [MASK].")
    ] = 0.8,
    random_replace_prob: Annotated[float, typer.Option(help="Share of them that are shown as a random subword.")] = 0.1,
    next_sentence: Annotated[bool, typer.Option(help="Also predict whether the second sentence follows.")] = True,
    left_to_right: Annotated[
        bool,
        typer.Option("--left-to-right", help="Predict each subword from those before it; needs --no-next-sentence."),
    ] = False,
    dropout: Annotated[float, typer.Option(min=0.0, help="Dropout in training.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of weights, order, sentence pairs and masks.")] = 0,
    device: Device = "cpu",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Make MiniLM, its random twin and the pre-training run of a tiny BERT, ready for `treeprobe sweep`."""
    from treeprobe.parsing import read_conllu
    from treeprobe.training import PretrainingError, PretrainingOptions, make_family

    try:
        options = PretrainingOptions(
            layers=layers,
            dim=dim,
            heads=heads,
            vocabulary_size=vocabulary_size,
            steps=steps,
            save_steps=integers(save_steps, least=0),
            batch_size=batch_size,
            learning_rate=learning_rate,
            mask_replace_prob=mask_replace_prob,
            random_replace_prob=random_replace_prob,
            next_sentence=next_sentence,
            left_to_right=left_to_right,
            dropout=dropout,
            seed=seed,
        )
    except PretrainingError as error:
        raise typer.BadParameter(str(error)) from error
    progress = progress_of(quiet=quiet)
    if progress == "stages":
        typer.echo(f"pre-training, {steps} steps …", err=True)
    sentences = list(read_conllu(treebank))
    folders = make_family(
        sentences, out, options=options, device=device, overwrite=overwrite, progress=progress is True
    )
    typer.echo(f"Sweep over them with `treeprobe sweep --models {' '.join(map(str, folders))}`")
