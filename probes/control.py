"""Control trees: what a probe can memorise of trees that no model has any reason to encode.

After Hewitt & Liang (2019), "Designing and Interpreting Probes with Control Tasks": the output of a control task is
fixed by word types drawn at random once, so it can be memorised and not inferred. Their task for dependency edges
attaches each type to itself, the first or the last word, which is not a tree. Here each type draws a level and a side
once, and a word's head is the nearest word of a higher level on its side. Both are drawn from a distribution taken
from real trees, in which a word's level is the height of its subtree. Control trees therefore have edges about as
long, leaves about as many, and depths about as large as the trees they are compared with, and the difference of the
two scores is not one of shape. The control task of labels keeps the gold tree, and each type draws a relation.
"""

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from treeprobe.probes.targets import GoldTargets

# Each level is drawn so many times as often, relative to the one below, as it occurs: a word whose neighbours happen
# to be higher stays a leaf whatever its level, so that drawing as often as occurs gives trees that are too flat.
_TALLER = 1.2


@dataclass(frozen=True)
class TreeShape:
    """What word types draw their level and side in control trees from.

    Attributes:
        levels: The probability of each level, from 0 upward.
        following: For each level, the probability that the head is looked for among the words that follow.
    """

    levels: tuple[float, ...]
    following: tuple[float, ...]

    @classmethod
    def of(cls, trees: Sequence[Sequence[int]]) -> "TreeShape":
        """The shape of dependency trees, each given by its words' heads, 0-based with -1 at the root."""
        heads = np.concatenate([np.zeros(0, dtype=np.int64), *(np.asarray(tree, dtype=np.int64) for tree in trees)])
        if not len(heads):
            raise ValueError("no words in the trees; expected at least one")
        places = np.concatenate([np.arange(len(tree)) for tree in trees])
        heights = np.concatenate([_heights(tree) for tree in trees])
        levels = np.bincount(heights) * _TALLER ** np.arange(heights.max() + 1)
        following = np.bincount(heights, weights=heads > places) / np.maximum(np.bincount(heights, heads >= 0), 1)
        return cls(tuple((levels / levels.sum()).tolist()), tuple(following.tolist()))


# The shape of English EWT's training trees (UD 2.16); levels above 8 hold less than a thousandth of the draws.
ENGLISH = TreeShape(
    levels=(0.548, 0.157, 0.097, 0.071, 0.053, 0.036, 0.022, 0.012, 0.004),
    following=(0.795, 0.279, 0.210, 0.124, 0.109, 0.073, 0.063, 0.073, 0.050),
)


def control_targets(words: Sequence[Sequence[str]], *, seed: int = 0, shape: TreeShape = ENGLISH) -> GoldTargets:
    """Distances and depths of the control tree of every sentence, given its words.

    Train a clone of a probe on them with `fit_all` as on the gold trees. The score on gold minus the score on control
    trees is the probe's selectivity. Training and test sentences need the same `seed` and `shape`.
    """
    geometry = [_tree_geometry(control_heads(sentence, seed=seed, shape=shape)) for sentence in words]
    return GoldTargets([distances for distances, _ in geometry], [depths for _, depths in geometry])


def control_heads(words: Sequence[str], *, seed: int = 0, shape: TreeShape = ENGLISH) -> NDArray[np.int64]:
    """Heads of one sentence's control tree, 0-based with -1 at the root. The tree is projective.

    The root is the first word of the highest level, and other words of that level are attached to it. A word with no
    higher word on its side is attached to the nearest on the other. Where words of one level stand between the same two
    higher words, those before some point are attached to the first of the two and the rest to the second, since
    edges would cross otherwise: at the point that agrees with most of the words' sides.
    """
    drawn = [draw_behaviour(word, seed=seed, shape=shape) for word in words]
    levels = [level for level, _ in drawn]
    heads = np.full(len(words), -1)
    if not levels:
        return heads
    before = _nearest_higher(levels)
    after = [len(words) - 1 - other if other >= 0 else -1 for other in reversed(_nearest_higher(levels[::-1]))]
    root = levels.index(max(levels))
    between = defaultdict(list)
    for word, gap in enumerate(zip(before, after)):
        between[gap].append(word)
    for (first, second), members in between.items():
        if first < 0 or second < 0:
            heads[members] = max(first, second) if max(first, second) >= 0 else root
        else:
            turn = _turning_point([drawn[word][1] for word in members])
            heads[members[:turn]], heads[members[turn:]] = first, second
    heads[root] = -1
    return heads


def draw_behaviour(word: str, *, seed: int, shape: TreeShape = ENGLISH) -> tuple[int, bool]:
    """A word type's level, and whether its head follows it: the same in every sentence, run and machine."""
    height, side = _drawn(word, salt=str(seed))
    bounds = list(accumulate(shape.levels[:-1]))
    level = sum(height >= bound for bound in bounds)
    return level, side < shape.following[level]


def _drawn(word: str, *, salt: str) -> tuple[float, float]:
    """Two numbers from 0 to 1 that follow from a word type and the salt, of which 16 bytes count."""
    digest = hashlib.blake2b(word.encode(), digest_size=16, salt=salt.encode()[:16]).digest()
    first, second = (int.from_bytes(part) / 2**64 for part in (digest[:8], digest[8:]))
    return first, second


def control_relations(
    words: Sequence[str], heads: Sequence[int], *, shares: Mapping[str, float], seed: int = 0
) -> tuple[str, ...]:
    """Relations of one sentence's words to their gold heads, drawn once for each word type; the root keeps `root`.

    The control task of labels (Hewitt & Liang 2019, section 2): a probe can only memorise which type has drawn which.

    Args:
        words: the words.
        heads: their heads, counted from 0; -1 at the root.
        shares: how often each relation is drawn, in all 1, such as `relation_shares` of the training trees. Training
            and test sentences need the same shares and seed.
        seed: another one draws others.
    """
    names, bounds = list(shares), list(accumulate(shares.values()))[:-1]
    return tuple(
        "root" if head < 0 else names[bisect_right(bounds, _drawn(word, salt=f"relation {seed}")[0])]
        for word, head in zip(words, heads)
    )


def relation_shares(relations: Iterable[Sequence[str]]) -> dict[str, float]:
    """How often words other than roots have each relation, in all 1. Raises ValueError where there are none."""
    counts = Counter(relation for sentence in relations for relation in sentence if relation != "root")
    if not counts:
        raise ValueError("no word has a relation but 'root'; expected some such as 'nsubj'")
    return {relation: count / counts.total() for relation, count in sorted(counts.items())}


def _nearest_higher(levels: Sequence[int]) -> list[int]:
    """For each word the nearest one before it of a higher level, -1 where there is none."""
    found: list[int] = []
    open_words: list[int] = []
    for word, level in enumerate(levels):
        while open_words and levels[open_words[-1]] <= level:
            open_words.pop()
        found.append(open_words[-1] if open_words else -1)
        open_words.append(word)
    return found


def _turning_point(following: Sequence[bool]) -> int:
    """How many of the words are attached to the left, so that the fewest are attached against their side."""
    against = [0, *accumulate(1 if follows else -1 for follows in following)]
    return against.index(min(against))


def _heights(heads: Sequence[int]) -> NDArray[np.int64]:
    """The height of each word's subtree, (words,): 0 for a leaf."""
    heights = np.zeros(len(heads), dtype=np.int64)
    for word in range(len(heads)):
        at, climbed = word, 0
        while heads[at] >= 0:
            at, climbed = heads[at], climbed + 1
            heights[at] = max(heights[at], climbed)
    return heights


def _tree_geometry(heads: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distances (words, words) and depths (words,) of a tree.

    A word is embedded as one unit vector for each edge on its path to the root: its depth is then its squared norm,
    and the distance of two words their squared distance.
    """
    path = np.zeros((len(heads), len(heads)), dtype=np.int64)
    for word in range(len(heads)):
        at = word
        while heads[at] >= 0:
            path[word, at] = 1
            at = int(heads[at])
    depths = path.sum(axis=1)
    return depths[:, None] + depths - 2 * path @ path.T, depths


def selectivity(score: float, control_score: float) -> float:
    """Score on the linguistic task minus score on the control task (Hewitt & Liang 2019, figure 2)."""
    return score - control_score
