"""Control trees: what a probe can memorise of trees that no model has any reason to encode.

After Hewitt & Liang (2019), "Designing and Interpreting Probes with Control Tasks": the output of a control task is
fixed by word types drawn at random once, so it can be memorised and not inferred. Their task for dependency edges
attaches each type to itself, the first or the last word, which is not a tree. Here each type gets a random priority,
and a sentence's control tree is the treap of its words: the word of highest priority is the root, the words on its
left form a subtree in the same way, and those on its right. It is a projective tree, determined by the types and their
order alone, and a word's head is the nearest word of higher priority on one of its sides, as in syntax it often is.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from treeprobe.probes.targets import GoldTargets


def control_targets(words: Sequence[Sequence[str]], *, seed: int = 0) -> GoldTargets:
    """Distances and depths of the control tree of every sentence, given its words.

    Train a clone of a probe on them with `fit_all` as on the gold trees. The score on gold minus the score on control
    trees is the probe's selectivity. Training and test sentences need the same `seed`.
    """
    geometry = [_tree_geometry(control_heads(sentence, seed=seed)) for sentence in words]
    return GoldTargets([distances for distances, _ in geometry], [depths for _, depths in geometry])


def control_heads(words: Sequence[str], *, seed: int = 0) -> NDArray[np.int64]:
    """Heads of one sentence's control tree, 0-based with -1 at the root. Of equal words, the first is highest."""
    priorities = [type_priority(word, seed=seed) for word in words]
    heads = np.full(len(words), -1)
    spine: list[int] = []  # the words from the root down the right edge of the treap so far
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


def type_priority(word: str, *, seed: int) -> int:
    """A number drawn for a word type: the same in every sentence, run and machine."""
    digest = hashlib.blake2b(word.encode(), digest_size=8, salt=str(seed).encode()[:16]).digest()
    return int.from_bytes(digest)


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
