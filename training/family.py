"""A family of checkpoints to try sweeps on: a trained model, its random twin, and a pre-training run."""

from collections.abc import Sequence
from pathlib import Path

from treeprobe.extraction import Encoder, embedded_checkpoint
from treeprobe.files import staged_folder
from treeprobe.parsing import Sentence
from treeprobe.training.models import save_checkpoint
from treeprobe.training.options import PretrainingOptions
from treeprobe.training.pretraining import pretrain


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
    BERT pre-trained on the sentences' text.

    Args:
        sentences: as for `pretrain`.
        out: the folder to write.
        options: of the tiny BERT; their seed draws the random weights too.
        device: where the tiny BERT is pre-trained.
        overwrite: replace what `out` holds.
        progress: show a progress bar.

    Returns:
        The three folders, the pre-training run as one.

    Raises:
        CheckpointError: the embedded checkpoint is not installed.
        OutputError: `out` holds files.
        PretrainingError: fewer than two sentences.
    """
    options = options or PretrainingOptions()
    encoder = Encoder.from_pretrained(embedded_checkpoint())
    with staged_folder(out, overwrite=overwrite) as folder:
        twin = encoder.with_random_weights(seed=options.seed)
        for name, each in (("MiniLM", encoder), ("MiniLM-random", twin)):
            save_checkpoint(each.model, each.tokenizer, folder / name)
        pretrain(sentences, folder / "tiny-bert", options=options, device=device, progress=progress)
    return [Path(out) / name for name in ("MiniLM", "MiniLM-random", "tiny-bert")]
