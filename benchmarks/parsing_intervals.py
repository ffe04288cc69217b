"""How often 95 % intervals of DSpr. hold the truth, with and without the resamples' bias taken off.

    python benchmarks/parsing_intervals.py --treebank en_ewt-dev.conllu

Scores are drawn for the lengths of the treebank's sentences, longer ones harder, so that the truth is known: with all
sentences, and with some of them.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Tally, read_conllu
from treeprobe.parsing.scores import SPEARMAN_LENGTHS
from treeprobe.parsing.scores.intervals import interval

RESAMPLES = 400


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--treebank", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=400)
    arguments = parser.parse_args()
    lengths = np.array([len(sentence) for sentence in read_conllu(arguments.treebank)])
    for count in (len(lengths), 500, 200, 100):
        chosen = np.random.default_rng(count).choice(lengths, size=count, replace=False)
        scored = chosen[np.isin(chosen, SPEARMAN_LENGTHS)]
        taken_off, left_in = coverage(scored, trials=arguments.trials)
        print(f"{count} sentences: {taken_off:.1%} of intervals hold the truth, {left_in:.1%} with the bias left in")


def coverage(lengths: NDArray[np.int64], *, trials: int) -> tuple[float, float]:
    """The share of intervals that hold the true mean over lengths: as they are, and with the bias left in."""
    generator = np.random.default_rng(0)
    expected, spread = 0.75 - 0.006 * (lengths - 5), 0.6 / np.sqrt(lengths)
    truth = np.mean([0.75 - 0.006 * (length - 5) for length in np.unique(lengths)])
    held = np.zeros((trials, 2))
    for trial in range(trials):
        tally = Tally("dspr", generator.normal(expected, spread), np.ones(len(lengths)), lengths)
        score = tally.score(resamples=RESAMPLES, seed=trial)
        low, high = interval(tally.bootstrap(resamples=RESAMPLES, seed=trial))
        held[trial] = score.low <= truth <= score.high, low <= truth <= high
    taken_off, left_in = held.mean(axis=0).tolist()
    return taken_off, left_in


if __name__ == "__main__":
    main()
