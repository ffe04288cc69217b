"""A family of checkpoints for trying sweeps: a trained model, its random twin, and a training run of our own."""

from collections.abc import Sequence
from pathlib import Path

from treeprobe.extraction import Encoder, embedded_checkpoint
from treeprobe.files import staged_folder
from treeprobe.parsing import Sentence
from treeprobe.pipeline.checkpoints.pretraining import Pretraining, pretrain, save


def make_family(
    sentences: Sequence[Sentence],
    out: str | Path,
    *,
    options: Pretraining | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> list[Path]:
    """Write `out/MiniLM`, `out/MiniLM-random` and `out/tiny-bert/step-N`, ready for `treeprobe sweep`.

    The first is the embedded all-MiniLM-L6-v2, the second its architecture with weights drawn by the seed of `options`,
    the third a tiny BERT trained on the sentences' text. Returns the folders, the training run as one.

    Raises CheckpointError when the embedded checkpoint is not installed, OutputError when `out` holds files,
    PretrainingError when there is too little text.
    """
    options = options or Pretraining()
    encoder = Encoder.from_pretrained(embedded_checkpoint())
    with staged_folder(out, overwrite=overwrite) as folder:
        twin = encoder.with_random_weights(seed=options.seed)
        for name, made in (("MiniLM", encoder), ("MiniLM-random", twin)):
            save(made.model, made.tokenizer, folder / name)
        pretrain(sentences, folder / "tiny-bert", options=options, progress=progress)
    return [Path(out) / name for name in ("MiniLM", "MiniLM-random", "tiny-bert")]
