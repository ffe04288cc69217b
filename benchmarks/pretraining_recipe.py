"""What a tiny BERT learns of syntax from a treebank's text in a given time, and what each part of the recipe brings.

    python -m benchmarks.pretraining_recipe --treebank en_ewt --out FOLDER [--seconds 1200] [--only 4 5]

Each row changes one thing of the row above it, and trains for the same processor time by one thread: 1,200 seconds are
ten minutes on two cores. Models are pre-trained on the text of train, and probed as `treeprobe run` does, trained on
train and scored on dev; beside each stand its own random twin and its own weights before training. Trees are used by
the probes alone. A run that was cut off goes on.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from benchmarks.inputs import parser, read_bank
from treeprobe.parsing import Treebank
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.results.scores import best_layer, probe_rows
from treeprobe.training import PretrainingOptions, pretrain

STEPS: Mapping[str, Mapping[str, Any]] = {
    "BERT's own settings, scaled down": {},
    "sentences instead of pairs": {"next_sentence": False},
    "heads that begin at neighbours": {"neighbour_heads": True},
    "a fifth of the subwords predicted": {"mask_share": 0.2},
    "two layers of 192 instead of four of 128": {"layers": 2, "dim": 192, "heads": 6},
}
"""What each row changes."""
_TIMED = 40
"""Training steps that are timed, to know how many fit into the seconds."""


def main() -> None:
    declared = parser(__doc__)
    declared.add_argument("--seconds", type=float, default=1200.0, help="processor seconds of each pre-training")
    declared.add_argument("--only", type=int, nargs="+", help="these rows alone, counted from 1")
    arguments = declared.parse_args()
    if arguments.out is None:
        declared.error("--out: found none; expected the folder to write in")
    torch.set_num_threads(1)
    train, dev = (read_bank(arguments, split) for split in ("train", "dev"))
    options, rows = PretrainingOptions(), []
    for number, (name, changes) in enumerate(STEPS.items(), start=1):
        options = replace(options, **changes)
        if arguments.only and number not in arguments.only:
            continue
        rows.append({"recipe": name, **measure(options, train, dev, arguments.out / f"{number}", arguments.seconds)})
        print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format), flush=True)
        pd.DataFrame(rows).to_csv(arguments.out / "recipe.csv", index=False)


def measure(options: PretrainingOptions, train: Treebank, dev: Treebank, out: Path, seconds: float) -> dict[str, Any]:
    """Pre-train with some options for so long, and probe the model, its random twin, and its beginning."""
    steps = steps_in(options, train, out, seconds)
    began = time.process_time()
    pretrain(list(train), out / "run", options=replace(options, steps=steps, save_steps=(0, steps)), progress=False)
    row: dict[str, Any] = {"steps": steps, "seconds": time.process_time() - began}
    trained = analyse(
        "structure",
        Sources(model=out / "run" / f"step-{steps}", train=train, dev=dev),
        out / "trained",
        options=Options(control=False),
        overwrite=True,
        progress=False,
    ).tables["scores"]
    untrained = analyse(
        "structure",
        Sources(model=out / "run" / "step-0", train=train, dev=dev),
        out / "untrained",
        options=Options(control=False, random_baseline=False, seeds=(0,)),
        overwrite=True,
        progress=False,
    ).tables["scores"]
    for name, scores, probe in (
        ("trained", trained, "distance"),
        ("before", untrained, "distance"),
        ("twin", trained, "random weights"),
    ):
        layer = best_layer(scores, probe=probe)
        found = probe_rows(scores, "uuas", probe=probe).query("layer == @layer")
        row |= {name: found["value"].mean(), f"{name}_layer": layer}
        if name == "trained":
            row |= {"low": found["mean_low"].iloc[0], "high": found["mean_high"].iloc[0]}
    return row


def steps_in(options: PretrainingOptions, train: Treebank, out: Path, seconds: float) -> int:
    """How many training steps take so much processor time, from a short run; kept, so that a run can go on."""
    kept = out / "steps.txt"
    if not kept.exists():
        # The longer run less the shorter one leaves out what comes before the first step, such as the vocabulary.
        short, long = (timed_run(replace(options, steps=n, save_steps=(n,)), train, out) for n in (5, 5 + _TIMED))
        kept.write_text(str(max(1, round(seconds * _TIMED / (long - short)))))
    return int(kept.read_text())


def timed_run(options: PretrainingOptions, train: Treebank, out: Path) -> float:
    """The processor seconds of a run, which is thrown away by the next one."""
    began = time.process_time()
    pretrain(list(train), out / "timed", options=options, overwrite=True, progress=False)
    return time.process_time() - began


if __name__ == "__main__":
    main()
