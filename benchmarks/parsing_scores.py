"""Decoding and scoring against plain per-sentence networkx and per-word scipy, side by side in one run.

    python -m benchmarks.parsing_scores --treebank FOLDER [--layers 7] [--rounds 3] [--decoders]

Dev of the treebank, gold distances and depths under noise, which differ by layer. The plain way is measured on a tenth
of the sentences, spread evenly, and scaled; its four scores must be ours. With `--decoders`, how fast each decoder is.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.inputs import parser, read_bank
from benchmarks.measuring import Ratio, interleaved, median_of, ratio, report
from treeprobe.parsing import Scorer, Treebank, punctuation_mask
from treeprobe.parsing.decoding import (
    RandomTrees,
    arborescence,
    chain_from_left,
    decode_bulk,
    projective,
    spanning_tree,
)
from treeprobe.probes.states import evenly_spaced

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


def compare(bank: Treebank, *, layers: int, rounds: int) -> Iterator[Ratio]:
    """Four scores of several layers, both ways."""
    predicted = [noisy(bank, seed) for seed in range(layers)]
    chosen = evenly_spaced(len(bank), most=max(1, len(bank) // 10)).tolist()
    part = Treebank([bank[row] for row in chosen])
    slices = [([distances[row] for row in chosen], [depths[row] for row in chosen]) for distances, depths in predicted]
    for ours, (distances, depths) in zip(fast(part, slices), slices):
        theirs = plain(part, distances, depths)
        np.testing.assert_allclose([ours[name] for name in theirs], list(theirs.values()), atol=1e-12)
    times = interleaved(
        {"ours": lambda: fast(bank, predicted), "plain": lambda: plain(part, *slices[0])},
        rounds=rounds,
    )
    scale = layers * sum(map(len, bank)) / sum(map(len, part))
    note = f"the plain way: one layer of {len(part)} of {len(bank)} sentences, scaled by words and layers"
    name = f"decoding and scoring {layers} layers: speed, against networkx and scipy by sentence and word"
    yield ratio(name, times["plain"], times["ours"], scale=scale, goal=50, better="higher", note=note)


def decoder_speeds(bank: Treebank, *, rounds: int) -> Iterator[Ratio]:
    """Sentences a second of each decoder."""
    distances, depths = noisy(bank, 0)
    scores, roots = [-matrix for matrix in distances], [-depth for depth in depths]
    for decoder in (spanning_tree, arborescence, projective, chain_from_left, RandomTrees()):
        times = interleaved(
            {"": lambda decoder=decoder: decode_bulk(scores, roots=roots, decoder=decoder)}, rounds=rounds
        )
        name = getattr(decoder, "__name__", type(decoder).__name__)
        yield median_of(f"decoder {name}", [len(bank) / each for each in times[""].wall], unit="sentences/s")


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("--layers", type=int, default=7)
    options.add_argument("--decoders", action="store_true", help="measure each decoder instead")
    arguments = options.parse_args()
    bank, rounds = read_bank(arguments, "dev"), arguments.rounds
    decoders = decoder_speeds(bank, rounds=rounds)
    rows = decoders if arguments.decoders else compare(bank, layers=arguments.layers, rounds=rounds)
    report("parsing_scores", list(rows), out=arguments.out)


if __name__ == "__main__":
    main()
