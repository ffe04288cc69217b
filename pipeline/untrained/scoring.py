"""Candidates to tallies: the same decoders and scores as of probes, and the choice of a setting on dev."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Scorer, Tally, Treebank, score_heads
from treeprobe.parsing.decoding import (
    Decoder,
    RandomTrees,
    arborescence,
    branching_brackets,
    chain_from_left,
    chain_from_right,
    decode_bulk,
    projective,
    random_brackets,
)
from treeprobe.parsing.scores import mean_tally, score_brackets
from treeprobe.parsing.treebanks import Split
from treeprobe.parsing.trees import chain_distances, tree_distances
from treeprobe.pipeline.untrained.methods import Candidate, Candidates

CHAIN, RANDOM, BRANCHING, BINARY = "chain", "random trees", "branching", "best binary bracketing"
SPANNING, BRACKETS = "spanning tree", "brackets"
DIRECTED: Mapping[str, Decoder] = {"projective": projective, "arborescence": arborescence}
"""Decoders of directed trees, by the words of the table."""
DIRECTIONS = ("dependent reads head", "head reads dependent")
"""Which of two words has the other's place as its head: the one that is read, or attends; or the one that is masked
beside it, or attended to."""
RANDOM_SEEDS = range(5)


@dataclass(frozen=True)
class Scored:
    """One tally, and what it is of: the table's columns of these names."""

    trees: str
    setting: str
    decoder: str
    split: Split
    tally: Tally
    layer: int | None = None
    chosen: bool = True


@dataclass(frozen=True)
class Chosen:
    """The setting of a method that is best on dev by UUAS, and the directions that are best by UAS.

    Attributes:
        directions: by directed decoder, the direction; empty where the method gives trees.
    """

    setting: str
    directions: Mapping[str, str]


class SplitScorer:
    """Scores trees of one split, whose gold trees are worked out once."""

    def __init__(self, bank: Treebank, split: Split, *, punctuation: str) -> None:
        self.bank, self.split = bank, split
        self._scorer = Scorer(bank, punctuation=punctuation)  # type: ignore[arg-type]

    def uuas(self, candidate: Candidate) -> Tally:
        """UUAS of a candidate: of the maximum spanning trees of its scores, by the greater of an edge's two directions,
        or of its trees. Punctuation is left out of both trees, as everywhere."""
        if candidate.heads is not None:
            return self.trees(candidate.heads)["uuas"]
        both = [np.maximum(arcs, arcs.T) for arcs in candidate.arcs or ()]
        return self._scorer.distances([_as_distances(weights) for weights in both])["uuas"]

    def trees(self, heads: Sequence[NDArray[np.int64]]) -> dict[str, Tally]:
        """UUAS and UAS of trees."""
        uas = score_heads(self.bank, heads, punctuation=self._scorer.punctuation)["uas"]
        return {"uuas": self._scorer.distances([tree_distances(one) for one in heads])["uuas"], "uas": uas}

    def directed(self, candidate: Candidate, decoder: str, direction: str) -> dict[str, Tally]:
        """UUAS and UAS of the directed trees of a candidate's scores."""
        turned = direction != DIRECTIONS[0]
        arcs = [one.T if turned else one for one in candidate.arcs or ()]
        return self.trees(decode_bulk(arcs, decoder=DIRECTED[decoder]))

    def brackets(self, brackets: Sequence[NDArray[np.int64]]) -> dict[str, Tally]:
        """F1 and recall of bracketings, and the F1 of the best that is binary."""
        return score_brackets(self.bank, brackets, punctuation=self._scorer.punctuation)


def choose(candidates: Sequence[Candidate], dev: SplitScorer) -> tuple[Chosen, Sequence[Tally]]:
    """What is best on dev, the first of equals; and every candidate's UUAS there."""
    tallies = [dev.uuas(candidate) for candidate in candidates]
    best = candidates[int(np.nan_to_num([tally.value for tally in tallies], nan=-1.0).argmax())]
    directions = {}
    for decoder in DIRECTED if best.arcs is not None else ():
        values = {direction: dev.directed(best, decoder, direction)["uas"].value for direction in DIRECTIONS}
        directions[decoder] = max(values, key=lambda direction: np.nan_to_num(values[direction], nan=-1.0))
    return Chosen(best.setting, directions), tallies


def score_method(found: Mapping[Split, Candidates], scorers: Mapping[Split, SplitScorer]) -> Iterator[Scored]:
    """UUAS of every candidate on every split; of the one that dev chooses, all other scores too."""
    for trees in found["dev"]:
        chosen, on_dev = choose(found["dev"][trees], scorers["dev"])
        for split, scorer in scorers.items():
            for number, candidate in enumerate(found[split][trees]):
                best = candidate.setting == chosen.setting
                decoder = SPANNING if candidate.heads is None else BRACKETS
                tally = on_dev[number] if split == "dev" else scorer.uuas(candidate)
                one = Scored(trees, candidate.setting, decoder, split, tally, candidate.layer, best)
                yield one
                if best:
                    yield from _further(one, candidate, chosen, scorer)


def _further(one: Scored, candidate: Candidate, chosen: Chosen, scorer: SplitScorer) -> Iterator[Scored]:
    """The directed and bracketing scores of a chosen candidate."""
    for decoder, direction in chosen.directions.items():
        for tally in scorer.directed(candidate, decoder, direction).values():
            yield replace(one, decoder=decoder, setting=f"{candidate.setting}, {direction}", tally=tally)
    if candidate.heads is not None:
        yield replace(one, tally=scorer.trees(candidate.heads)["uas"])
    if candidate.brackets is not None:
        tallies = scorer.brackets(candidate.brackets)
        yield replace(one, tally=tallies["bracket_f1"])
        yield replace(one, tally=tallies["bracket_recall"])
        yield replace(one, trees=BINARY, setting="", layer=None, tally=tallies["best_binary_f1"])


def score_baselines(scorer: SplitScorer, *, brackets: bool) -> Iterator[Scored]:
    """What trees score without a model: the chain, random trees, and, where asked for, branching bracketings."""
    bank, split = scorer.bank, scorer.split
    flat = [np.zeros((len(sentence), len(sentence))) for sentence in bank]
    chain = Candidate("", arcs=[-chain_distances(len(sentence)).astype(float) for sentence in bank])
    yield Scored(CHAIN, "", SPANNING, split, scorer.uuas(chain))
    for setting, decoder in {"head before": chain_from_left, "head after": chain_from_right}.items():
        tally = scorer.trees(decode_bulk(flat, decoder=decoder))["uas"]
        yield Scored(CHAIN, setting, "chain", split, tally)
    drawn = [scorer.trees(decode_bulk(flat, decoder=RandomTrees(seed))) for seed in RANDOM_SEEDS]
    for metric in ("uuas", "uas"):
        yield Scored(RANDOM, "", "random", split, mean_tally([one[metric] for one in drawn]))
    if not brackets:
        return
    for side in ("left", "right"):
        spans = [branching_brackets(len(sentence), side=side) for sentence in bank]
        for metric in ("bracket_f1", "bracket_recall"):
            yield Scored(BRANCHING, side, BRACKETS, split, scorer.brackets(spans)[metric])
    random = []
    for seed in RANDOM_SEEDS:
        generator = np.random.default_rng(seed)
        random.append(scorer.brackets([random_brackets(len(sentence), generator) for sentence in bank]))
    for metric in ("bracket_f1", "bracket_recall"):
        yield Scored(RANDOM, "", BRACKETS, split, mean_tally([one[metric] for one in random]))


def _as_distances(weights: NDArray[np.floating]) -> NDArray[np.floating]:
    """Distances whose minimum spanning tree is the maximum spanning tree of these weights."""
    return weights.max() - weights
