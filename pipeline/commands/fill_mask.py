"""`treeprobe fill-mask`: what a language model expects in the place of a mask."""

from typing import Annotated

import typer

from treeprobe.pipeline.commands.options import Device, Model


def fill_mask_command(
    text: Annotated[str, typer.Argument(help="A sentence with [MASK] for each subword to fill.")],
    model: Model,
    top: Annotated[int, typer.Option(min=1, help="Subwords for each mask.")] = 5,
    device: Device = "cpu",
) -> None:
    """Print the most probable subwords for each [MASK] of a sentence.

    A model that predicts the next subword reads what stands before the mask alone.
    """
    import treeprobe.training  # noqa: F401 (checkpoints of its classes load like any other)
    from treeprobe.behaviour import fill_mask
    from treeprobe.extraction import Encoder, language_model

    encoder = Encoder.from_pretrained(model, device=device)
    table = fill_mask(language_model(model, encoder), text, top=top)
    typer.echo(table.to_string(index=False, float_format="{:.3f}".format))
