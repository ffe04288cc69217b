"""The other tree, and the other relations, that counterfactuals ask of each sentence."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from treeprobe.behaviour import MinimalPair, attractor_places
from treeprobe.behaviour.choices import Written
from treeprobe.parsing import Sentence

Tree = tuple[int, ...]
"""The head of each word, words from 0, and -1 for the root."""


class OtherTrees:
    """Trees of other sentences, by their number of words."""

    def __init__(self, sentences: Sequence[Sentence], *, seed: int = 0) -> None:
        """Keep the distinct trees of some sentences; `seed` decides which of them a sentence is given."""
        by_length: dict[int, dict[Tree, None]] = defaultdict(dict)
        for sentence in sentences:
            by_length[len(sentence)][tuple(int(head) for head in sentence.heads)] = None
        self._trees: Mapping[int, list[Tree]] = {length: list(trees) for length, trees in by_length.items()}
        self._seed = seed

    def other_than(self, gold: Tree | None, words: int, *, number: int) -> Tree:
        """A tree of as many words that is not the gold one; the chain to the right where no sentence has one.

        Args:
            gold: the sentence's tree; None where it is not known.
            number: of the sentence; another one may be given another tree.
        """
        others = [tree for tree in self._trees.get(words, []) if tree != gold]
        if not others:
            chain = tuple(range(-1, words - 1))
            return chain if chain != gold else (*range(1, words), -1)
        return others[int(np.random.default_rng((self._seed, number)).integers(len(others)))]


@dataclass(frozen=True)
class Asked:
    """What counterfactuals ask of the sentences of a text.

    Attributes:
        trees: of each sentence, the tree that a probe is to see.
        own: the relation of each of its words, empty where it is not known.
        relations: the relation that each is to look like.
    """

    trees: Sequence[Tree]
    own: Sequence[Sequence[str]]
    relations: Sequence[Sequence[str]]

    def __getitem__(self, part: slice) -> "Asked":
        """What is asked of some of the sentences."""
        return Asked(self.trees[part], self.own[part], self.relations[part])


def asked_of_sentences(sentences: Sequence[Sentence], others: OtherTrees) -> Asked:
    """The tree of another sentence of the same length, and a subject and another noun with exchanged relations."""
    trees = [
        others.other_than(tuple(sentence.heads), len(sentence), number=number)
        for number, sentence in enumerate(sentences)
    ]
    relations = [_exchanged(sentence.relations, _subject_and_noun(sentence)) for sentence in sentences]
    return Asked(trees, [sentence.relations for sentence in sentences], relations)


def asked_of_pairs(pairs: Sequence[MinimalPair], written: Sequence[Written], others: OtherTrees) -> Asked:
    """What is asked of each sentence of some pairs, in the order of `behaviour.read_sentences`.

    Where a noun of the other number stands between the two words that agree, the tree of the wrong attachment
    (`wrong_attachment`), and the subject's and this noun's relations exchanged; else the tree of another sentence, and
    no other relations.
    """
    of: dict[tuple[str, ...], MinimalPair] = {}
    for pair in pairs:
        for words in (pair.good, pair.bad):
            if words not in of or rivals(of[words]) is None:
                of[words] = pair
    trees, own, relations = [], [], []
    for number, (words, _) in enumerate(written):
        pair = of[words]
        known = pair.sentence if pair.sentence is not None and len(pair.sentence) == len(words) else None
        gold = None if known is None else tuple(known.heads)
        trees.append(wrong_attachment(pair) or others.other_than(gold, len(words), number=number))
        own.append(("",) * len(words) if known is None else known.relations)
        relations.append(_exchanged(own[-1], rivals(pair)))
    return Asked(trees, own, relations)


def rivals(pair: MinimalPair) -> tuple[int, int] | None:
    """The word that the verb agrees with, and the noun of the other number nearest to the verb; None without one."""
    if pair.sentence is None or pair.controller is None or not pair.targets:
        return None
    verb = pair.targets[0]
    between = attractor_places(pair.sentence, verb, pair.controller)
    return (pair.controller, min(between, key=lambda place: abs(place - verb))) if between else None


def wrong_attachment(pair: MinimalPair) -> Tree | None:
    """The tree in which the subject and the noun of the other number that is nearest to the verb change places.

    Of "the keys to the cabinet are" it is the tree in which `cabinet` is the subject, and `keys` hangs from it. A model
    that reads the tree should choose the other form. None where there is no such noun, or no tree.
    """
    places = rivals(pair)
    if places is None or pair.sentence is None:
        return None
    swapped = dict(zip(places, reversed(places)))
    heads = [0] * len(pair.sentence)
    for word, head in enumerate(pair.sentence.heads):
        heads[swapped.get(word, word)] = swapped.get(head, head)
    return tuple(heads)


def _subject_and_noun(sentence: Sentence) -> tuple[int, int] | None:
    """The first subject, and the noun after it that is nearest to it; None where there are no such two."""
    subjects = [place for place, relation in enumerate(sentence.relations) if relation.startswith("nsubj")]
    nouns = [place for place, tag in enumerate(sentence.upos) if tag in ("NOUN", "PROPN")]
    after = [place for place in nouns if subjects and place > subjects[0]]
    return (subjects[0], after[0]) if after else None


def _exchanged(labels: Sequence[str], places: tuple[int, int] | None) -> tuple[str, ...]:
    """Labels with two of them exchanged."""
    found = list(labels)
    if places is not None:
        first, second = places
        found[first], found[second] = found[second], found[first]
    return tuple(found)
