"""`treeprobe pretrain`: a small BERT from text, with all that can be seen of its training."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treeprobe.pipeline.commands import options as declared
from treeprobe.pipeline.commands.pretraining_options import pretraining_options, pretraining_parameters
from treeprobe.pipeline.commands.showing import progress_of

if TYPE_CHECKING:
    from treeprobe.training import Documents, TrainingRecord

_TEXT = Annotated[
    list[str],
    typer.Option(
        help="Text: a file of a sentence a line with blank lines between documents, a CoNLL-U file, or a treebank's "
        "name; again for more."
    ),
]
_HELD_OUT = Annotated[str | None, typer.Option(help="Text to evaluate on, likewise; of a treebank by its name, dev.")]
_SHARE = Annotated[
    float, typer.Option(min=0.0, max=0.9, help="Without --held-out: share of the text held out, in whole documents.")
]
_OUT = Annotated[Path | None, typer.Option(help="The folder to write; each checkpoint in it appears when complete.")]
_SHOW = Annotated[
    bool, typer.Option("--show-batch", help="Print a batch as the model would read it, and train nothing.")
]


@declared.takes(
    [
        declared.parameter("text", _TEXT),
        declared.parameter("out", _OUT, None),
        declared.parameter("held_out", _HELD_OUT, None),
        declared.parameter("held_out_share", _SHARE, 0.05),
        *pretraining_parameters(),
        declared.parameter("device", declared.Device, "cpu"),
        declared.parameter("show_batch", _SHOW, False),
        declared.parameter("overwrite", declared.Overwrite, False),
        declared.parameter("quiet", declared.Quiet, False),
    ]
)
def pretrain_command(**given: Any) -> None:
    """Pre-train a small BERT on text, and record what it learns by step: losses, and accuracy on held-out text.

    Where it was cut off, the same command goes on.
    """
    options = pretraining_options(given)
    if given["out"] is None and not given["show_batch"]:
        raise typer.BadParameter("expected --out, the folder to write, or --show-batch")
    if given["show_batch"] and options.left_to_right:
        raise typer.BadParameter("--show-batch with --left-to-right, which masks nothing; expected one of them")
    from treeprobe.training import TrainingRecord, pretrain, show_masked_batch

    documents, held_out = _read(given)
    if given["show_batch"]:
        shown = show_masked_batch(documents, options=options)
        typer.echo(f"{shown}\n\n{', '.join(f'{count} {fate}' for fate, count in shown.counts.items())}")
        return
    progress = progress_of(quiet=given["quiet"])
    if progress == "stages":
        typer.echo(f"pre-training, {options.steps} steps …", err=True)
    out = pretrain(
        documents,
        given["out"],
        held_out=held_out,
        options=options,
        device=given["device"],
        overwrite=given["overwrite"],
        progress=progress is True,
    )
    typer.echo(_closing(TrainingRecord.read(out), out))


def _read(given: dict[str, Any]) -> "tuple[Documents, Documents | None]":
    """The text to train on, and the text to evaluate on."""
    from treeprobe.training import hold_out, read_documents

    documents = [document for name in given["text"] for document in read_documents(name)]
    if given["held_out"] is not None:
        return documents, read_documents(given["held_out"], split="dev")
    return hold_out(documents, share=given["held_out_share"]) if given["held_out_share"] else (documents, None)


def _closing(record: "TrainingRecord", out: Path) -> str:
    """How a run ended."""
    last = f"{out}/step-{max(record.options.save_steps)}"
    lines = []
    if len(record.held_out):
        shown = record.held_out.drop(columns=["subwords", "pairs"]).dropna(axis="columns", how="all")
        lines.append(f"On held-out text:\n\n{shown.to_string(index=False, float_format='{:.3f}'.format)}\n")
    lines.append(f"All of it: {out}/training.json. To look inside: treeprobe run --model {last}")
    if not record.options.bilstm:
        lines.append(f'What it expects of a word: treeprobe fill-mask --model {last} "The [MASK] is here."')
    return "\n".join(lines)
