"""What control trees control for: their shapes beside the gold trees', and how far they are memorised.

    python -m benchmarks.probes_control --treebank FOLDER [--cache FOLDER] [--sentences N] [--rank 128] [--seeds 3]

Of train, `--sentences` are spread evenly.

Four kinds of tree over the same sentences of English EWT: gold; control trees (`control_heads`); treaps of one random
priority for each word type, which version 0.1 used as control trees; and trees borrowed from another sentence of as
many words, whose shapes are those of gold trees, and which follow from a sentence's types together but not from each.
Distance probes are trained on train for each kind and layer of MiniLM, and scored on dev: UUAS of all edges, of
those whose two words are both of types that occur in train, and of the others. Beside the probes stand the chain; a
reader with a `memory`, who knows what every type of train has drawn and guesses what others have; and one who has to
`guess` all draws.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.inputs import parser, read_bank, read_states
from treeprobe.extraction import States
from treeprobe.parsing import Scorer, Treebank
from treeprobe.parsing.trees import chain_distances
from treeprobe.probes import DistanceProbe, SomeStates, TreeShape, control_heads, fit_all
from treeprobe.probes.states import evenly_spaced

Heads = Sequence[int] | NDArray[np.int64]
Grower = Callable[[Sequence[str], int], Heads]  # words, seed -> heads
Row = dict[str, Any]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--layers", type=int, nargs="+", default=[0, 1, 3, 6])
    options.add_argument("--rank", type=int, default=128)
    options.add_argument("--seeds", type=int, default=3, help="draws of control trees and of treaps")
    arguments = options.parse_args()
    train, dev = (read_bank(arguments, split, whole=True) for split in ("train", "dev"))
    states, dev_states = (read_states(arguments, bank) for bank in (train, dev))
    rows = evenly_spaced(len(train), most=arguments.sentences or len(train))
    train, trained_on = Treebank([train[row] for row in rows.tolist()], name=train.name), SomeStates(states, rows)
    seen = {word for sentence in train for word in sentence.words}
    shape = TreeShape.of([sentence.heads for sentence in train])
    # Each kind with the number of draws, and the types whose draws can be remembered.
    kinds: dict[str, tuple[Grower | None, int, Collection[str]]] = {
        "gold": (None, 1, ()),
        "control": (lambda words, seed: control_heads(words, seed=seed, shape=shape), arguments.seeds, seen),
        "treap": (treap, arguments.seeds, seen),
        "borrowed": (borrower(train), 1, ()),
    }
    shapes, found = [], []
    for kind, (grow, draws, known) in kinds.items():
        for seed in range(draws):
            trees = None if grow is None else partial(grow, seed=seed)
            grown, grown_dev = (bank if trees is None else regrown(bank, trees) for bank in (train, dev))
            readers = Readers(grown_dev, seen)
            readers.add_chain()
            if trees is not None:
                readers.add_memories(trees, known)
            readers.add_probes(grown, trained_on, dev_states, layers=arguments.layers, rank=arguments.rank)
            shapes.append({"kind": kind, **tree_shape(grown_dev)})
            found += [{"kind": kind, **row} for row in readers.rows]
            print(f"{kind}, draw {seed}: done", flush=True)
    for table, by in ((shapes, ["kind"]), (found, ["kind", "reader"])):
        means = pd.DataFrame(table).groupby(by, sort=False)
        print(means.mean().to_string(float_format="{:.3f}".format))
        print("half of the range over draws, at most:", f"{(means.max() - means.min()).max().max() / 2:.3f}\n")


def regrown(bank: Treebank, trees: Callable[[Sequence[str]], Heads]) -> Treebank:
    """The same sentences with other trees."""
    grown = [replace(sentence, heads=tuple(int(head) for head in trees(sentence.words))) for sentence in bank]
    return Treebank(grown, name=bank.name)


def treap(words: Sequence[str], seed: int) -> list[int]:
    """The word of highest priority is the root; the words on either side of it form a subtree likewise."""
    salt = str(seed).encode()
    priorities = [hashlib.blake2b(word.encode(), digest_size=8, salt=salt).digest() for word in words]
    heads = [-1] * len(words)
    spine: list[int] = []
    for word, priority in enumerate(priorities):
        below = -1
        while spine and priorities[spine[-1]] < priority:
            below = spine.pop()
        if below >= 0:
            heads[below] = word
        if spine:
            heads[word] = spine[-1]
        spine.append(word)
    return heads


def borrower(bank: Treebank) -> Grower:
    """Gives a sentence the tree of one of `bank` of as many words, chosen by its words; the chain without any."""
    trees: dict[int, list[Heads]] = defaultdict(list)
    for sentence in bank:
        trees[len(sentence)].append(sentence.heads)

    def borrowed(words: Sequence[str], seed: int) -> Heads:
        digest = hashlib.blake2b("\n".join(words).encode(), digest_size=8, salt=str(seed).encode()).digest()
        same = trees[len(words)] or [range(-1, len(words) - 1)]
        return same[int.from_bytes(digest) % len(same)]

    return borrowed


def tree_shape(bank: Treebank) -> Row:
    """Shares of edges by length, mean length, share of heads on the right, depth, height, children, crossing edges."""
    heads = [np.asarray(sentence.heads) for sentence in bank if len(sentence) > 1]
    words = [np.flatnonzero(each >= 0) for each in heads]
    offsets = np.concatenate([each[attached] - attached for each, attached in zip(heads, words)])
    lengths = np.abs(offsets)
    depths = [sentence.depths for sentence in bank if len(sentence) > 1]
    children = np.concatenate([np.bincount(each[each >= 0], minlength=len(each)) for each in heads])
    return {
        "length 1": np.mean(lengths == 1),
        "2": np.mean(lengths == 2),
        "3 to 5": np.mean((lengths > 2) & (lengths < 6)),
        "6 or more": np.mean(lengths > 5),
        "mean length": lengths.mean(),
        "head on the right": np.mean(offsets > 0),
        "mean depth": np.concatenate(depths).mean(),
        "mean height": np.mean([each.max() for each in depths]),
        "leaves": np.mean(children == 0),
        "3 children or more": np.mean(children > 2),
        "not projective": np.mean([crosses(each) for each in heads]),
    }


def crosses(heads: NDArray[np.int64]) -> bool:
    """Whether two edges of a tree cross."""
    edges = [sorted((word, int(head))) for word, head in enumerate(heads) if head >= 0]
    first, last = np.array(edges).T
    return bool(np.any((first[:, None] < first) & (first < last[:, None]) & (last[:, None] < last)))


class Readers:
    """Who looks for the edges of dev's trees, of one kind; `rows` are their UUAS, of all edges and by types seen."""

    def __init__(self, dev: Treebank, seen: Collection[str]) -> None:
        self.dev, self.seen, self.scorer = dev, seen, Scorer(dev)
        self.rows: list[Row] = []

    def add(self, reader: str, predicted: Sequence[NDArray[Any]]) -> None:
        """Score one reader's distances."""
        every, of_seen = [], []
        for sentence, (edges, correct) in zip(self.dev, self.scorer.edges(predicted)):
            every.append(correct)
            known = np.array([word in self.seen for word in sentence.words])
            of_seen.append(known[edges].all(axis=1))
        right, both = np.concatenate(every), np.concatenate(of_seen)
        scores = {"uuas": right.mean(), "both seen": right[both].mean(), "one unseen": right[~both].mean()}
        self.rows.append({"reader": reader, **scores})

    def add_chain(self) -> None:
        """The left-to-right chain."""
        self.add("chain", [chain_distances(len(sentence)) for sentence in self.dev])

    def add_memories(self, trees: Callable[[Sequence[str]], Heads], known: Collection[str]) -> None:
        """Who knows what the types of `known` have drawn, and guesses the rest; and who guesses all."""
        for reader, remembered in (("memory", known), ("guess", ())):
            guessed = []
            for sentence in self.dev:
                words = [word if word in remembered else f"{word} (guessed)" for word in sentence.words]
                guessed.append(replace(sentence, heads=tuple(int(head) for head in trees(words))).distances)
            self.add(reader, guessed)

    def add_probes(
        self, train: Treebank, states: SomeStates, dev_states: States, *, layers: Sequence[int], rank: int
    ) -> None:
        """Probes of some layers, trained on trees of the same kind."""
        probes = [DistanceProbe(layer, rank) for layer in layers]
        for probe in fit_all(probes, states, train, validation=(dev_states, self.dev)):
            self.add(f"layer {probe.layer}", probe.predict(dev_states))


if __name__ == "__main__":
    main()
