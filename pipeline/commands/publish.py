"""`treeprobe publish`: the probes of a run, with a card, in a folder that travels or on the hub."""

from pathlib import Path
from typing import Annotated

import typer


def publish_command(
    run: Annotated[str, typer.Argument(help="The folder of a run.", metavar="RUN")],
    license: Annotated[
        str, typer.Option(help="License of the treebank, and so of the probes, as the hub names it: cc-by-sa-4.0.")
    ],
    to: Annotated[
        str | None, typer.Option(help="OWNER/NAME on the Hugging Face hub; log in with `hf auth login` before.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the folder here instead, and give it to nobody.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Make the repository a private one.")] = False,
) -> None:
    """Give the probes of a run to others: with a card, without what only this machine needs."""
    from treeprobe.pipeline.published_probes import publish, published_folder

    if (to is None) == (out is None):
        raise typer.BadParameter("found both or neither of --to and --out; expected one of them")
    if out is not None:
        typer.echo(f"{published_folder(run, out, license=license)}: probes, scores, record and card (README.md)")
    elif to is not None:
        typer.echo(publish(run, to, license=license, private=private))
