"""What a tiny BERT learns of syntax from a treebank's text, and what each part of the recipe brings.

    python -m benchmarks.pretraining_recipe --treebank en_ewt --out FOLDER [--seconds 1200 | --steps 4500] [--only 4 5]

Each of the first six rows changes one thing of the row above it; the others change the sixth. All train for the same
processor time by one thread (1,200 seconds are ten minutes on two cores) or, with `--steps`, for as many steps, which
takes a minute a row on a card (`--device cuda`). Models are pre-trained on the text of train, and probed as
`treeprobe run` does, trained on train and scored on dev; beside each stand its own random twin and its own weights
before training. Trees are used by the probes alone. A run that was cut off goes on.
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
from treeprobe.training import PretrainingOptions, TrainingRecord, pretrain

_TIMED = 40
"""Training steps that are timed, to know how many fit into the seconds."""
STEPS: Mapping[str, Mapping[str, Any]] = {
    "BERT's own settings, scaled down": {},
    "sentences instead of pairs": {"next_sentence": False},
    "heads that begin at neighbours": {"neighbour_heads": True},
    "a fifth of the subwords predicted": {"mask_share": 0.2},
    "two layers of 192 instead of four of 128": {"layers": 2, "dim": 192, "heads": 6},
    "embeddings eight times as large": {"embedding_scale": 8.0},
}
"""What each row changes of the one above it."""
OTHERS: Mapping[str, Mapping[str, Any]] = {
    "that, four times as large": {"embedding_scale": 4.0},
    "that, sixteen times as large": {"embedding_scale": 16.0},
    "that, with 2,000 subwords instead of 4,000": {"vocabulary_size": 2000},
    "that, with 1,000 subwords": {"vocabulary_size": 1000},
    "that, 384 wide": {"dim": 384, "heads": 12},
}
"""What further rows change of the last of those."""


def recipes() -> dict[str, PretrainingOptions]:
    """The options of each row, by its name."""
    options, found = PretrainingOptions(), {}
    for name, changes in STEPS.items():
        options = found[name] = replace(options, **changes)
    return found | {name: replace(options, **changes) for name, changes in OTHERS.items()}


def main() -> None:
    declared = parser(__doc__)
    declared.add_argument("--seconds", type=float, default=1200.0, help="processor seconds of each pre-training")
    declared.add_argument("--steps", type=int, help="training steps of each, instead of --seconds")
    declared.add_argument("--only", type=int, nargs="+", help="these rows alone, counted from 1")
    declared.add_argument("--device", default="cpu", help="where to train and probe")
    arguments = declared.parse_args()
    if arguments.out is None:
        declared.error("--out: found none; expected the folder to write in")
    torch.set_num_threads(1)
    train, dev = (read_bank(arguments, split) for split in ("train", "dev"))
    rows = []
    for number, (name, options) in enumerate(recipes().items(), start=1):
        if arguments.only and number not in arguments.only:
            continue
        out = arguments.out / f"{number}"
        steps = arguments.steps or steps_in(options, train, out, arguments.seconds)
        saved = replace(options, steps=steps, save_steps=(0, steps), evaluations=1)
        rows.append({"recipe": name, **measure(saved, train, dev, out, arguments.device)})
        print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format), flush=True)
        written = "-".join(["recipe", *map(str, arguments.only or ())])
        pd.DataFrame(rows).to_csv(arguments.out / f"{written}.csv", index=False)


def measure(options: PretrainingOptions, train: Treebank, dev: Treebank, out: Path, device: str) -> dict[str, Any]:
    """Pre-train with some options, and probe the model, its random twin, and its beginning."""
    began = time.process_time()
    run = pretrain(list(train), out / "run", held_out=list(dev), options=options, device=device, progress=False)
    held_out = TrainingRecord.read(run).held_out
    row: dict[str, Any] = {
        "steps": options.steps, "seconds": time.process_time() - began, "loss": held_out["loss"].iloc[-1],
    }  # fmt: skip
    trained, untrained = (
        analyse(
            "structure",
            Sources(model=run / f"step-{step}", train=train, dev=dev, device=device),
            out / name,
            options=Options(control=False, random_baseline=name == "trained"),
            overwrite=True,
            progress=False,
        ).tables["scores"]
        for name, step in (("trained", options.steps), ("untrained", 0))
    )
    for name, scores, probe in (
        ("trained", trained, "distance"),
        ("before", untrained, "distance"),
        ("twin", trained, "random weights"),
    ):
        layer = best_layer(scores, probe=probe)
        found = probe_rows(scores, "uuas", probe=probe).query("layer == @layer")
        row |= {name: found["value"].mean(), f"{name}_layer": layer}
        row |= {f"{name}_{end}": found[f"mean_{end}"].iloc[0] for end in ("low", "high")}
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
