"""How the probes' optimiser was chosen: validation loss and scores of several settings, MiniLM on English EWT.

    python -m benchmarks.probes_optimiser --treebank FOLDER [--cache FOLDER] [--sentences N] [--settings 5e-4:32:5 ...]

A setting is learning rate : sentences a step : epochs.
"""

from functools import partial

import pandas as pd
import torch

from benchmarks.inputs import parser, read_bank, read_states
from benchmarks.measuring import clocked
from treeprobe.parsing import score_depths, score_distances
from treeprobe.probes import DepthProbe, DistanceProbe, fit_all

SETTINGS = ("5e-4:32:5", "1e-3:32:5", "3e-4:32:5")


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--settings", nargs="+", default=SETTINGS)
    given.add_argument("--threads", type=int, default=1)
    arguments = given.parse_args()
    torch.set_num_threads(arguments.threads)
    train, dev = read_bank(arguments, "train"), read_bank(arguments, "dev", whole=True)
    states, dev_states = (read_states(arguments, bank) for bank in (train, dev))
    rows = []
    for setting in arguments.settings:
        rate, size, epochs = setting.split(":")
        options = {"learning_rate": float(rate), "batch_size": int(size), "epochs": int(epochs)}
        probes = [DistanceProbe(3, **options), DistanceProbe(4, **options), DepthProbe(4, **options)]
        _, seconds = clocked(partial(fit_all, probes, states, train, validation=(dev_states, dev)))
        for probe in probes:
            score = score_distances if isinstance(probe, DistanceProbe) else score_depths
            figures = {name: tally.value for name, tally in score(dev, probe.predict(dev_states)).items()}
            loss = probe.history_[probe.best_epoch_ - 1]["validation"]
            rows.append({"setting": setting, "probe": f"{probe.kind} {probe.layer}", "loss": loss, **figures})
        print(
            pd.DataFrame(rows[-3:]).to_string(index=False, float_format="{:.4f}".format),
            f"{seconds:.1f} processor seconds",
            flush=True,
        )


if __name__ == "__main__":
    main()
