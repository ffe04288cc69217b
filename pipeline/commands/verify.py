"""`treeprobe verify`: a checkpoint, or all architectures, held to transformers' own."""

import json
from pathlib import Path
from typing import Annotated

import typer

from treeprobe.exit_codes import ExitCode
from treeprobe.pipeline.commands import options as declared

ENDINGS = {"equal": ExitCode.DONE, "differs": ExitCode.FAILED, "refused": ExitCode.FAILED}
"""Exit codes by verdict."""


def verify_command(
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="A checkpoint folder or a Hugging Face hub name.")
    ] = None,
    architectures: Annotated[
        bool, typer.Option("--architectures", help="Verify a small random model of each known architecture instead.")
    ] = False,
    treebank: Annotated[
        str | None, typer.Option(help="Treebank whose dev sentences are read; English of the package unless given.")
    ] = None,
    max_sentences: Annotated[int, typer.Option(min=1, help="Read no more than the first so many of it.")] = 10,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write the card and its record in, or the table.")
    ] = None,
    device: declared.Device = "cpu",
    overwrite: declared.Overwrite = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record, or the table's rows, as JSON.")] = False,
) -> None:
    """Compare what is read of a checkpoint with a plain loop of transformers. Exit code 0: equal; 1: not."""
    if (model is None) == (not architectures):
        raise typer.BadParameter("expected either MODEL, a checkpoint, or --architectures")
    if out is not None:
        from treeprobe.files import check_free

        check_free(out, overwrite=overwrite)
    if model is None:
        _architectures(out, device=device, overwrite=overwrite, as_json=as_json)
        return
    from treeprobe.pipeline.subjects.treebanks import read_split
    from treeprobe.pipeline.verification.card import card_text, record_of, write_card
    from treeprobe.pipeline.verification.verifying import verify

    sentences = None if treebank is None else list(read_split(treebank, "dev").words[:max_sentences])
    found = verify(model, sentences, device=device)
    if out is not None:
        write_card(found, out, overwrite=overwrite)
    typer.echo(json.dumps(record_of(found), indent=1, ensure_ascii=False) if as_json else card_text(found).rstrip())
    raise typer.Exit(ENDINGS[found.verdict])


def _architectures(out: Path | None, *, device: str, overwrite: bool, as_json: bool) -> None:
    """Verify all architectures, print the table and write it."""
    from tqdm import tqdm

    from treeprobe.files import staged_folder
    from treeprobe.pipeline.verification.architectures import ARCHITECTURES
    from treeprobe.pipeline.verification.table import architecture_frame, architecture_text, verify_architectures

    with tqdm(total=len(ARCHITECTURES), desc="architectures", delay=1.0, disable=None) as bar:
        rows = verify_architectures(device=device, done=lambda _: bar.update())
    text, frame = architecture_text(rows), architecture_frame(rows)
    if out is not None:
        with staged_folder(out, overwrite=overwrite) as folder:
            (folder / "architectures.md").write_text(text, encoding="utf-8")
            frame.to_csv(folder / "architectures.csv", index=False)
    typer.echo(frame.to_json(orient="records", indent=1, force_ascii=False) if as_json else text.rstrip())
    if (frame["works"] == "differs").any():
        raise typer.Exit(ExitCode.FAILED)
