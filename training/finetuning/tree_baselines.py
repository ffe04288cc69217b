"""Trees without a model: chains, with the most frequent relation, or with that of each word."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np

from treeprobe.parsing import Sentence
from treeprobe.parsing.decoding import Decoder, chain_from_left, chain_from_right, decode
from treeprobe.training.finetuning.trees import ROOT, ParsedTree
from treeprobe.training.finetuning.words import frequent_labels, most_frequent

Sentences = Sequence[Sentence]
Baseline = Callable[[Sentences, Mapping[str, Sentences]], dict[str, list[ParsedTree]]]


def chained(train: Sentences, held_out: Mapping[str, Sentences], *, decoder: Decoder) -> dict[str, list[ParsedTree]]:
    """The trees of a chain, with the relation that is most frequent beside `root`."""
    majority = most_frequent(Counter(label for _, label in _labelled(train)))
    return {split: [_tree(one, decoder, lambda _word: majority) for one in found] for split, found in held_out.items()}


def chained_by_words(train: Sentences, held_out: Mapping[str, Sentences]) -> dict[str, list[ParsedTree]]:
    """The trees of the chain that has more of the heads in training, with the most frequent relation of each word."""
    relation_of = frequent_labels(_labelled(train))
    heads_in = {
        decoder: sum(_heads_in(one, decoder) for one in train) for decoder in (chain_from_left, chain_from_right)
    }
    better = max(heads_in, key=lambda decoder: heads_in[decoder])
    return {split: [_tree(one, better, relation_of) for one in found] for split, found in held_out.items()}


def _labelled(train: Sentences) -> list[tuple[str, str]]:
    """Every word but the roots, with its relation."""
    return [(word, label) for one in train for word, label in zip(one.words, one.relations) if label != ROOT]


def _heads(sentence: Sentence, decoder: Decoder) -> list[int]:
    return [int(head) for head in decode(np.zeros((len(sentence),) * 2), decoder=decoder)]


def _heads_in(sentence: Sentence, decoder: Decoder) -> int:
    """How many heads of a sentence a chain has."""
    return sum(map(int.__eq__, _heads(sentence, decoder), sentence.heads))


def _tree(sentence: Sentence, decoder: Decoder, relation_of: Callable[[str], str]) -> ParsedTree:
    """The tree of one sentence."""
    heads = _heads(sentence, decoder)
    relations = [ROOT if head < 0 else relation_of(word) for word, head in zip(sentence.words, heads)]
    return ParsedTree(tuple(heads), tuple(relations))


TREE_BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        "chain from left": partial(chained, decoder=chain_from_left),
        "chain from right": partial(chained, decoder=chain_from_right),
        "better chain, relations of words": chained_by_words,
    }
)
"""Baselines of trees by what tables call them."""
