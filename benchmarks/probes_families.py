"""Families of distance probe at matched numbers of parameters, on a slice of English EWT with MiniLM's vectors.

    python benchmarks/probes_families.py --treebank FOLDER [--cache FOLDER] [--sentences 2000] [--layer 3] [--rank 64]

Each family is trained at the same number of step sizes, on the first so many sentences of train. Step size and epoch
are chosen on every other sentence of dev; all figures are of the rest. Differences from the linear probe are of the
mean over seeds, with 95 % paired bootstrap intervals over sentences.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.extraction import Encoder, embedded_checkpoint, extract
from treeprobe.parsing import Tally, Treebank, paired_difference, read_conllu, score_distances
from treeprobe.probes import SomeStates, compare_families


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--treebank", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--layer", type=int, default=3)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    encoder = Encoder.from_pretrained(embedded_checkpoint())
    banks = [read_conllu(arguments.treebank / f"en_ewt-{split}.conllu") for split in ("train", "dev")]
    states, dev_states = (extract(encoder, bank.words, cache=arguments.cache) for bank in banks)
    train, chosen_on, test = banks[0][: arguments.sentences], banks[1][::2], banks[1][1::2]
    test_states = SomeStates(dev_states, slice(1, None, 2))
    compared = compare_families(
        SomeStates(states, slice(arguments.sentences)),
        train.distances,
        validation=(SomeStates(dev_states, slice(0, None, 2)), chosen_on.distances),
        test=(test_states, test.distances),
        layer=arguments.layer,
        rank=arguments.rank,
        seeds=range(arguments.seeds),
        score=partial(score_distances, test),
    )
    columns = ["family", "rank", "parameters", "learning_rate", "at_edge", "seed", "best_epoch", "loss", "uuas", "dspr"]
    print(compared[columns].to_string(index=False, float_format="{:.4f}".format))
    print(f"\ndifferences from the linear probe, means over {arguments.seeds} seeds, {len(test)} sentences")
    print(differences(compared, test, test_states).to_string(index=False, float_format="{:.4f}".format))


def differences(compared: pd.DataFrame, test: Treebank, states: object) -> pd.DataFrame:
    """Each family's scores less the linear probe's, with paired intervals."""
    tallies = {
        family: mean_tallies([score_distances(test, at_least_zero(probe.predict(states))) for probe in rows["probe"]])
        for family, rows in compared.groupby("family", sort=False)
    }
    rows = []
    for family in [family for family in tallies if family != "linear"]:
        for metric, tally in tallies[family].items():
            found = paired_difference(tally, tallies["linear"][metric])
            rows.append(
                {
                    "family": family,
                    "metric": metric,
                    "difference": found.value,
                    "low": found.low,
                    "high": found.high,
                    "p": found.p,
                }
            )
    return pd.DataFrame(rows)


def at_least_zero(distances: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Only a bilinear probe predicts distances below 0, which no tree has."""
    return [np.maximum(each, 0) for each in distances]


def mean_tallies(seeds: list[dict[str, Tally]]) -> dict[str, Tally]:
    """What a sentence counts on the average over seeds; what it is counted out of is the same for all."""
    return {
        metric: replace(tally, numerators=np.mean([each[metric].numerators for each in seeds], axis=0))
        for metric, tally in seeds[0].items()
    }


if __name__ == "__main__":
    main()
