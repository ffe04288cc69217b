"""How many bits the gold trees take, to somebody who has the vectors: the online code of a structural probe.

Voita & Titov (2020), "Information-Theoretic Probing with Minimum Description Length", section 2.2: the sentences are
sent block by block, the first by the uniform code, each other by the probe trained on all blocks before it. The code
is short when a probe learns the trees well, and also when it learns them from few sentences.

What is coded are the entries of a sentence's matrix of distances above the diagonal, each a whole number from 1 to
words - 1, or its words' depths, from 0 to words - 1; both sides know the vectors, and so the number of words. A probe
says a real number μ, and the L1 loss it is trained with is the code length of a Laplace distribution up to constants.
So the value d is sent with probability

    p(d) = exp(-|d - μ| / b) / Σ_k exp(-|k - μ| / b)          (k over all values that are possible)

which is a proper distribution over whole numbers. The width b is not sent: it is the one that codes best the sentences
held out of the blocks already sent (a tenth of them, which also choose the epoch), which both sides have. Entries are
coded as if independent, though of the words² / 2 distances of a tree words - 1 would do: the sum is an honest code
length of the matrix, and comparable between models, but no lower bound for the tree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.base import clone

from probes.schedule import epochs_for
from probes.states import SomeStates, States, as_states
from probes.structural import LinearProbe
from probes.targets import Kind

# Voita & Titov's: the share of the sentences known after each block.
FRACTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
HELD_OUT = 10  # one known sentence in so many is kept from training


@dataclass(frozen=True)
class CodeBlock:
    """One block: how many sentences it has, its length in bits, and that of the uniform code; width is b."""

    sentences: int
    bits: float
    uniform_bits: float
    width: float | None


@dataclass(frozen=True)
class CodeLength:
    """An online code: the blocks in the order they are sent."""

    blocks: tuple[CodeBlock, ...]

    @property
    def bits(self) -> float:
        """Length of the whole code."""
        return sum(block.bits for block in self.blocks)

    @property
    def uniform_bits(self) -> float:
        """Length of the code to which every possible value is as likely."""
        return sum(block.uniform_bits for block in self.blocks)

    @property
    def compression(self) -> float:
        """Uniform code length / online code length: 1 where the vectors tell nothing of the trees."""
        return self.uniform_bits / self.bits


def online_code(
    probe: LinearProbe,
    states: States | Sequence[NDArray[Any]],
    targets: Sequence[NDArray[Any]],
    *,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
) -> CodeLength:
    """Code length of the targets given the vectors, by clones of the probe; the probe itself is left as it is.

    Args:
        probe: a `DistanceProbe` or `DepthProbe`, fitted or not: its parameters are what counts.
        targets: gold distances or depths, one array a sentence.
        fractions: share of the sentences known after each block, increasing, the last 1. Blocks that come out empty
            are left out, and the first has at least `HELD_OUT` sentences, so that there is something to learn from.
        seed: draws the order in which the sentences are sent.

    Raises ValueError where the fractions are not increasing to 1, or there are fewer than two blocks of sentences.
    """
    source = as_states(states, layer=probe.layer)
    order = np.random.default_rng(seed).permutation(len(source.lengths))
    ends = block_ends(len(order), fractions)
    first = [targets[int(i)] for i in order[: ends[0]]]
    uniform = sum(uniform_length(gold, kind=probe.kind) for gold in first)
    blocks = [CodeBlock(len(first), uniform, uniform, None)]
    for known, end in pairwise(ends):
        learner, width = learn(probe, source, targets, order[:known])
        rows = order[known:end]
        gold = [targets[int(i)] for i in rows]
        predicted = learner.predict(SomeStates(source, rows))
        bits = code_length(predicted, gold, kind=probe.kind, width=width)
        uniform = sum(uniform_length(each, kind=probe.kind) for each in gold)
        blocks.append(CodeBlock(len(rows), bits, uniform, width))
    return CodeLength(tuple(blocks))


def block_ends(sentences: int, fractions: Sequence[float]) -> list[int]:
    """How many sentences are known after each block."""
    if not len(fractions) or fractions[-1] != 1 or any(b <= a for a, b in zip((0, *fractions), fractions)):
        raise ValueError(f"fractions {list(fractions)}; expected increasing shares of the sentences, the last one 1")
    ends = sorted({max(HELD_OUT, round(share * sentences)) for share in fractions})
    if len(ends) < 2 or ends[-1] != sentences:
        raise ValueError(f"{sentences} sentences do not make two blocks; the first takes at least {HELD_OUT}")
    return ends


def learn(
    probe: LinearProbe, states: States, targets: Sequence[NDArray[Any]], known: NDArray[np.int64]
) -> tuple[LinearProbe, float]:
    """A clone trained on what is known, and the width b that codes best the tenth of it that was held out."""
    held, rest = known[::HELD_OUT], np.delete(known, np.s_[::HELD_OUT])
    least = epochs_for(None, sentences=len(rest), batch_size=probe.batch_size)
    # A block of a few sentences holds out too few to stop by; the best epoch is kept all the same.
    learner = clone(probe).set_params(epochs=max(probe.epochs or 0, least), patience=None)
    held_states, held_gold = SomeStates(states, held), [targets[int(i)] for i in held]
    learner.fit(SomeStates(states, rest), [targets[int(i)] for i in rest], validation=(held_states, held_gold))
    predicted = learner.predict(held_states)

    def length(log_width: float) -> float:
        return code_length(predicted, held_gold, kind=probe.kind, width=float(np.exp(log_width)))

    found = minimize_scalar(length, bounds=(np.log(0.05), np.log(50)), method="bounded")
    return learner, float(np.exp(found.x))


def code_length(
    predicted: Sequence[NDArray[np.float32]], gold: Sequence[NDArray[Any]], *, kind: Kind, width: float
) -> float:
    """Bits that the gold values take with truncated discrete Laplace distributions around what is predicted."""
    bits = 0.0
    for centres, values in zip(predicted, gold):
        possible = alphabet(len(values), kind=kind)
        coded = entries(values, kind=kind)
        if len(coded):
            table = log_probabilities(entries(centres, kind=kind), possible, width=width)
            bits -= float(table[np.arange(len(coded)), coded - possible[0]].sum())
    return bits


def log_probabilities(centres: NDArray[Any], values: NDArray[np.int64], *, width: float) -> NDArray[np.float64]:
    """log₂ p of every possible value around every centre, (centres, values)."""
    scores = -np.abs(values - np.asarray(centres, dtype=np.float64)[:, None]) / width
    return (scores - logsumexp(scores, axis=1, keepdims=True)) / np.log(2)


def uniform_length(gold: NDArray[Any], *, kind: Kind) -> float:
    """Bits of one sentence's values where every possible one is as likely."""
    values = len(alphabet(len(gold), kind=kind))
    return len(entries(gold, kind=kind)) * float(np.log2(values)) if values else 0.0


def alphabet(words: int, *, kind: Kind) -> NDArray[np.int64]:
    """The values that are possible in a sentence of so many words."""
    return np.arange(1 if kind == "distance" else 0, words)


def entries(values: NDArray[Any], *, kind: Kind) -> NDArray[Any]:
    """What is coded of a sentence: distances above the diagonal, or all depths."""
    return values[np.triu_indices(len(values), 1)] if kind == "distance" else values
