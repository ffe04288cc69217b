"""How much wider intervals become when documents are resampled instead of sentences, and whether they should.

    python -m benchmarks.parsing_documents --run RUN [--treebank en_ewt-dev.conllu]

Of a run's folder: half the width of every headline score's interval at the best layer, both ways. Of a treebank: how
often both intervals hold the truth, for treebanks made of its documents, whose sentences are found at rates that
differ between documents (standard deviation .07) and within them.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from treeprobe.parsing import Tally, read_conllu
from treeprobe.parsing.scores import micro
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.pipeline.results.finished import structure_of
from treeprobe.pipeline.results.measured import best_measured
from treeprobe.pipeline.results.scores import HEADLINE_METRICS

TRUTH = 0.6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--treebank", type=Path)
    parser.add_argument("--trials", type=int, default=400)
    arguments = parser.parse_args()
    if arguments.run is not None:
        one = structure_of(arguments.run)
        for metric in HEADLINE_METRICS:
            wide, narrow = widths(best_measured(one, metric=metric, split=arguments.split).tally())
            print(f"{metric}: documents ±{wide:.4f}, sentences ±{narrow:.4f}, ratio {wide / narrow:.2f}")
    if arguments.treebank is not None:
        for count in (10, 20, 30, 50, 100):
            documents, sentences = coverage(arguments.treebank, count, trials=arguments.trials)
            print(f"{count} documents: {documents:.1%} of intervals hold the truth, {sentences:.1%} by sentences")


def widths(tally: Tally) -> tuple[float, float]:
    """Half the width of the interval with documents resampled, and with sentences."""
    scores = tally.score(), replace(tally, documents=None).score()
    by_document, by_sentence = ((score.high - score.low) / 2 for score in scores)
    return by_document, by_sentence


def coverage(treebank: Path, count: int, *, trials: int) -> tuple[float, float]:
    """The share of intervals that hold the truth, with documents resampled and with sentences."""
    bank = read_conllu(treebank)
    lengths, numbers = np.array([len(sentence) for sentence in bank]), document_numbers(bank)
    assert numbers is not None, "the treebank names no documents"
    documents = [lengths[numbers == number] for number in range(numbers.max() + 1)]
    held = np.zeros((trials, 2))
    for trial in range(trials):
        generator = np.random.default_rng(trial)
        drawn = [documents[number] for number in generator.choice(len(documents), size=count)]
        rates = np.repeat(generator.beta(30, 20, size=count), [len(one) for one in drawn])
        edges = np.maximum(np.concatenate(drawn) - 1, 0)
        found = generator.binomial(edges, generator.beta(rates * 12, (1 - rates) * 12))
        owners = np.repeat(np.arange(count), [len(one) for one in drawn])
        tally = micro("uuas", found, edges, documents=owners)
        for place, one in enumerate((tally, replace(tally, documents=None))):
            score = one.score(resamples=300, seed=trial)
            held[trial, place] = score.low <= TRUTH <= score.high
    by_document, by_sentence = held.mean(axis=0).tolist()
    return by_document, by_sentence


if __name__ == "__main__":
    main()
