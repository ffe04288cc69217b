"""How the probes' optimiser was chosen: validation loss and scores of several settings, MiniLM on English EWT.

    python benchmarks/probes_optimiser.py --treebank FOLDER [--cache FOLDER] [--sentences N] [--settings 5e-4:32:5 ...]

A setting is learning rate : sentences a step : epochs. FOLDER holds en_ewt-train.conllu and en_ewt-dev.conllu.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
import torch

from treeprobe.extraction import Encoder, embedded_checkpoint, extract
from treeprobe.parsing import read_conllu, score_depths, score_distances
from treeprobe.probes import DepthProbe, DistanceProbe, fit_all

SETTINGS = ("5e-4:32:5", "1e-3:32:5", "3e-4:32:5")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--treebank", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--sentences", type=int, default=None, help="train on the first so many only")
    parser.add_argument("--settings", nargs="+", default=SETTINGS)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    encoder = Encoder.from_pretrained(embedded_checkpoint())
    train = read_conllu(arguments.treebank / "en_ewt-train.conllu")[: arguments.sentences]
    dev = read_conllu(arguments.treebank / "en_ewt-dev.conllu")
    states, dev_states = (extract(encoder, bank.words, cache=arguments.cache) for bank in (train, dev))
    rows = []
    for setting in arguments.settings:
        rate, size, epochs = setting.split(":")
        options = {"learning_rate": float(rate), "batch_size": int(size), "epochs": int(epochs)}
        probes = [DistanceProbe(3, **options), DistanceProbe(4, **options), DepthProbe(4, **options)]
        began = time.process_time()
        fit_all(probes, states, train, validation=(dev_states, dev))
        seconds = time.process_time() - began
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
