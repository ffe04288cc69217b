"""Decoding and scoring against plain per-sentence networkx and per-word scipy, side by side in one run.

    python benchmarks/parsing_scores.py --treebank en_ewt-dev.conllu [--layers 7] [--rounds 3]

Both sides get the same noisy distances and depths for every layer and must give the same four scores. Goals: the plain
way takes at least 50 times as long, and twice the sentences take about twice the time. Also shows how long each decoder
takes for the treebank.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from treeprobe.parsing import Scorer, Treebank, punctuation_mask, read_conllu
from treeprobe.parsing.decoding import (
    RandomTrees,
    arborescence,
    chain_from_left,
    decode_bulk,
    projective,
    spanning_tree,
)

Arrays = Sequence[NDArray[Any]]


def noisy(bank: Treebank, seed: int) -> tuple[Arrays, Arrays]:
    """Gold distances and depths with noise, in the single precision that probes give."""
    generator = np.random.default_rng(seed)
    distances, depths = [], []
    for sentence in bank:
        noise = np.triu(generator.random(sentence.distances.shape) * 3, k=1)
        distances.append((sentence.distances + noise + noise.T).astype(np.float32))
        depths.append((sentence.depths + generator.random(len(sentence)) * 3).astype(np.float32))
    return distances, depths


def fast(gold: Treebank, predicted: Sequence[tuple[Arrays, Arrays]]) -> list[dict[str, float]]:
    """The four headline scores of each layer at array speed; what they need of the gold trees is worked out once."""
    scorer = Scorer(gold)
    return [
        {name: tally.value for name, tally in {**scorer.distances(distances), **scorer.depths(depths)}.items()}
        for distances, depths in predicted
    ]


def plain(gold: Treebank, distances: Arrays, depths: Arrays) -> dict[str, float]:
    """The same scores, a sentence and a word at a time."""
    correct = edges = roots = rooted = 0
    dspr, nspr = defaultdict(list), defaultdict(list)
    for sentence, distance, depth in zip(gold, distances, depths):
        kept = np.flatnonzero(~punctuation_mask(sentence)).tolist()
        expected, found = (plain_tree(matrix, kept) for matrix in (sentence.distances, distance))
        correct, edges = correct + len(expected & found), edges + len(expected)
        root = sentence.heads.index(-1)
        if root in kept:
            rooted += 1
            roots += min(kept, key=lambda word: depth[word]) == root
        if 5 <= len(sentence) <= 50:
            for row, predicted in zip(sentence.distances, distance):
                dspr[len(sentence)].append(spearmanr(row, predicted).statistic)
            nspr[len(sentence)].append(spearmanr(sentence.depths, depth).statistic)
    return {
        "uuas": correct / edges,
        "dspr": float(np.mean([np.mean(values) for values in dspr.values()])),
        "root_accuracy": roots / rooted,
        "nspr": float(np.mean([np.mean(values) for values in nspr.values()])),
    }


def plain_tree(distances: NDArray[Any], kept: Sequence[int]) -> set[frozenset[int]]:
    """The minimum spanning tree of the kept words, by networkx."""
    graph = nx.Graph()
    graph.add_nodes_from(kept)
    graph.add_weighted_edges_from((a, b, float(distances[a, b])) for a in kept for b in kept if a < b)
    return {frozenset(edge) for edge in nx.minimum_spanning_tree(graph).edges}


def clocked(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that the work takes, and what it gives."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def compare_scoring(bank: Treebank, layers: int, rounds: int) -> None:
    predicted = [noisy(bank, seed) for seed in range(layers)]
    seconds, found = min((clocked(lambda: fast(bank, predicted)) for _ in range(rounds)), key=lambda r: r[0])
    plain_seconds, expected = clocked(lambda: [plain(bank, *arrays) for arrays in predicted])
    for ours, theirs in zip(found, expected):
        np.testing.assert_allclose([ours[name] for name in theirs], list(theirs.values()), atol=1e-12)
    print(
        f"four scores of {layers} layers, {len(bank):,} sentences: {seconds:.2f} s; the plain way {plain_seconds:.1f} s"
    )
    print(f"ratio {plain_seconds / seconds:.0f} (goal 50); the scores agree to 1e-12")

    half = bank[: len(bank) // 2]
    halves = [(distances[: len(half)], depths[: len(half)]) for distances, depths in predicted]
    half_seconds = min(clocked(lambda: fast(half, halves))[0] for _ in range(rounds))
    words = sum(map(len, bank)) / sum(map(len, half))
    longer = seconds / half_seconds
    print(f"half the sentences: {half_seconds:.2f} s; {words:.2f} times the words take {longer:.2f} times as long")


def compare_decoders(bank: Treebank, rounds: int) -> None:
    distances, depths = noisy(bank, 0)
    scores, roots = [-matrix for matrix in distances], [-depth for depth in depths]
    decoders = (spanning_tree, arborescence, projective, chain_from_left, RandomTrees())
    for decoder in decoders:
        seconds = min(
            clocked(lambda decoder=decoder: decode_bulk(scores, roots=roots, decoder=decoder))[0] for _ in range(rounds)
        )
        name = getattr(decoder, "__name__", type(decoder).__name__)
        print(f"{name:16} {seconds:6.2f} s for {len(bank):,} sentences")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--treebank", required=True)
    parser.add_argument("--layers", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    bank = read_conllu(arguments.treebank)
    compare_scoring(bank, arguments.layers, arguments.rounds)
    compare_decoders(bank, arguments.rounds)


if __name__ == "__main__":
    main()
