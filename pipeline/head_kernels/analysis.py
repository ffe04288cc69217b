"""How much of a model's syntax is convolution: heads' kernels, what they explain, and what is left when they rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.extraction import Encoder
from treeprobe.files import check_free, staged_folder, write_json
from treeprobe.parsing import PunctuationRule, Treebank, load_treebank
from treeprobe.pipeline.head_kernels.figures import write_convolution_figures
from treeprobe.pipeline.head_kernels.intact import IntactHeads, describe_heads
from treeprobe.pipeline.head_kernels.probing import ProbePlan, split_banks
from treeprobe.pipeline.head_kernels.survival import Survival, replace_and_measure
from treeprobe.pipeline.record import Stopwatch, checkpoint_record, treebank_record, versions


@dataclass(frozen=True)
class Convolution:
    """What `convolve` wrote and found; frames are the tables of the same names in `out`."""

    out: Path
    kernels: pd.DataFrame
    relations: pd.DataFrame
    survival: pd.DataFrame
    replacement: pd.DataFrame
    sentence: str
    """How much of the model's syntax survives, in words."""


def convolve(
    model: str | Path,
    treebank: str | Path | Treebank,
    out: str | Path,
    *,
    train: str | Path | Treebank | None = None,
    rank: int = 128,
    training: Mapping[str, Any] | None = None,
    retrain: bool = False,
    cache: str | Path | None = None,
    punctuation: PunctuationRule = "xpos",
    seed: int = 0,
    overwrite: bool = False,
    progress: bool = True,
) -> Convolution:
    """Fit every head's kernel over `treebank`, replace heads by them, and write tables and figures into `out`.

    Distance probes are trained on the intact model, on `train` or, without it, on the first three quarters of
    `treebank`, and scored on the rest of it (all of it when `train` is given), with each condition's states: intact,
    every head replaced by its own kernel, by uniform attention, and by the kernel of a random other head.

    Args:
        model: a checkpoint folder or hub name.
        treebank, train: treebanks; or CoNLL-U files, folders of a UD release, or UD names such as `en_ewt`.
        rank: rank of the probes, or the width of narrower states.
        training: further parameters of `DistanceProbe` (epochs, batch_size, ...).
        retrain: also train probes on the states of the model whose heads are all replaced, by their own kernels and
            by uniform attention: what is there to be found, wherever it has moved.
        cache: folder for the hidden states that probes are trained on; they are held in memory when None.
        seed: of the random heads, masks and probes.
        overwrite: replace what `out` holds, once the new results are complete.

    Raises:
        TreebankError, RelationError, CheckpointError: an input cannot be used; nothing was written.
        OutputError: `out` holds files, or cannot be written.
    """
    check_free(Path(out).absolute(), overwrite=overwrite)
    bank = treebank if isinstance(treebank, Treebank) else load_treebank(treebank, split="dev")
    plan = ProbePlan(*split_banks(bank, train), rank, seed, punctuation, training or {})
    stopwatch, encoder = Stopwatch(), Encoder.from_pretrained(model)
    with staged_folder(out, overwrite=overwrite) as folder:
        intact = describe_heads(encoder, bank, seed=seed, stopwatch=stopwatch)
        survival = replace_and_measure(
            plan,
            encoder,
            bank,
            intact,
            model=model,
            retrain=retrain,
            cache=cache,
            stopwatch=stopwatch,
            progress=progress,
        )
        for name, table in {**intact.tables, **survival.tables}.items():
            table.to_csv(folder / f"{name}.csv", index=False)
        intact.save_kernels(folder / "kernels.safetensors")
        with stopwatch.stage("figures"):
            write_convolution_figures(folder / "figures", intact, survival)
        write_json(
            folder / "convolution.json",
            {
                "checkpoint": checkpoint_record(encoder, model),
                "treebank": treebank_record(bank),
                **record_of(plan, intact, survival),
                "seconds": stopwatch.seconds,
                "versions": versions(),
            },
        )
    return Convolution(
        Path(out), intact.words.frame, intact.relations, survival.uuas, survival.replacement, survival.sentence
    )


def record_of(plan: ProbePlan, intact: IntactHeads, survival: Survival) -> dict[str, Any]:
    """What was asked, what could be had of this checkpoint, and the result."""
    return {
        "sentences_left_out": intact.left_out,
        "probes": {
            "trained on": len(plan.train),
            "validated on": len(plan.validation),
            "scored on": len(plan.scored),
        },
        "options": {"rank": plan.rank, "punctuation": plan.punctuation, "seed": plan.seed},
        "masked-LM loss": "no masked-LM head" if survival.losses is None else "in masked-lm.csv",
        "logit split": "not defined for this architecture" if intact.logits is None else "in logits.csv",
        "position codes": "in position-codes.csv" if intact.codes else "no position embeddings",
        "result": survival.sentence,
    }
