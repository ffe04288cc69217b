"""A family of checkpoints to try sweeps on: a trained model, its random twin, and a pre-training run."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from treeprobe.extraction import Encoder, embedded_checkpoint
from treeprobe.files import staged_folder, write_json
from treeprobe.parsing import Sentence
from treeprobe.records import sealed
from treeprobe.training.models import save_checkpoint
from treeprobe.training.options import PretrainingOptions
from treeprobe.training.pretraining import pretrain
from treeprobe.training.run_folder import run_folder
from treeprobe.training.text import check_documents, split_documents, text_digest

_RECORD = ".family.json"
"""Hidden, so that `family/*` is what there is to sweep over."""


def make_family(
    sentences: Sequence[Sentence],
    out: str | Path,
    *,
    options: PretrainingOptions | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: bool = True,
) -> list[Path]:
    """Write `out/MiniLM`, `out/MiniLM-random` and `out/tiny-bert/step-N`, ready for `treeprobe sweep`.

    The first is the embedded all-MiniLM-L6-v2, the second the same architecture with random weights, the third a tiny
    BERT pre-trained on the sentences' text. Where a call was cut off, the next with the same options goes on.

    Args:
        sentences: as for `pretrain`.
        out: the folder to write.
        options: of the tiny BERT; their seed draws the random weights too.
        device: where the tiny BERT is pre-trained.
        overwrite: remove what `out` holds, and begin anew.
        progress: show a progress bar.

    Returns:
        The three folders, the pre-training run as one.

    Raises:
        CheckpointError: the embedded checkpoint is not installed.
        OutputError: `out` cannot be written, or the disk is full; what is complete is kept.
        PretrainingError: fewer than two sentences; or `out` holds a family made with other options or other files.
    """
    options = options or PretrainingOptions()
    check_documents(split_documents(sentences), options)
    encoder = Encoder.from_pretrained(embedded_checkpoint())
    made_with = {**asdict(options), "text_sha256": text_digest(split_documents(sentences))}
    claim = run_folder(out, record=_RECORD, options=made_with, made="such a family", overwrite=overwrite)
    with claim as (folder, _):
        write_json(folder / _RECORD, sealed({"options": made_with}))
        for name in ("MiniLM", "MiniLM-random"):
            if not (folder / name).exists():
                each = encoder if name == "MiniLM" else encoder.with_random_weights(seed=options.seed)
                with staged_folder(folder / name) as staging:
                    save_checkpoint(each.model, each.tokenizer, staging)
        pretrain(sentences, folder / "tiny-bert", options=options, device=device, progress=progress)
    return [Path(out) / name for name in ("MiniLM", "MiniLM-random", "tiny-bert")]
