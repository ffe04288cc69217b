"""How many bits the gold trees take, to somebody who has the vectors: the online code of a structural probe.

Voita & Titov (2020), "Information-Theoretic Probing with Minimum Description Length", section 2.2.2: the sentences are
sent block by block, the first by the uniform code, each other by the probe trained on all blocks before it. The code
is short when a probe learns the trees well, and also when it learns them from few sentences.

How the whole numbers of a tree are coded around what a probe says is told in `probes.whole_numbers`. The width of that
code is not sent: it is the one that codes best the sentences held out of the blocks already sent (a tenth of them,
which also choose the epoch), which both sides have. Entries are coded as if independent, though of the words² / 2
distances of a tree words - 1 would do: the sum is an honest code length of the matrix, and comparable between models,
but no lower bound for the tree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from treeprobe.probes.families.distances import GeometryProbe
from treeprobe.probes.schedule import epochs_for
from treeprobe.probes.states import SomeStates, States, as_states
from treeprobe.probes.structural import LinearProbe
from treeprobe.probes.targets import GoldTargets, Kind, Targets, column_of
from treeprobe.probes.training import fit_all
from treeprobe.probes.whole_numbers import WholeNumbers, predicted_entries

# Voita & Titov's: the share of the sentences known after each block.
FRACTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
HELD_OUT = 10  # one known sentence in so many is kept from training

CodedProbe = LinearProbe | GeometryProbe


@dataclass(frozen=True)
class CodeBlock:
    """One block: how many sentences it has, its length in bits, and that of the uniform code.

    `width` is the b of `treeprobe.probes.whole_numbers`; None for the first block, which is sent by the uniform code.
    """

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


class Rows(Sequence[NDArray[Any]]):
    """Some sentences' values of another column, asked for one at a time."""

    def __init__(self, column: Sequence[NDArray[Any]], rows: NDArray[np.int64]) -> None:
        self._column, self._rows = column, rows

    def __len__(self) -> int:
        """The number of sentences chosen."""
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        """The value of a chosen sentence; of a slice, fewer rows."""
        if isinstance(place, slice):
            return Rows(self._column, self._rows[place])
        return self._column[int(self._rows[place])]


def online_code(
    probe: CodedProbe,
    states: States | Sequence[NDArray[Any]],
    targets: Sequence[NDArray[Any]],
    *,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
) -> CodeLength:
    """Code length of the targets given the vectors, by clones of the probe; the probe itself is left as it is.

    Args:
        probe: a probe of distances, of any family, or a `DepthProbe`, fitted or not: its parameters are what counts.
        targets: gold distances or depths, one array a sentence.
        fractions: share of the sentences known after each block, increasing, the last 1. Blocks that come out empty
            are left out, and the first has at least `HELD_OUT` sentences, so that there is something to learn from.
        seed: draws the order in which the sentences are sent.

    Raises ValueError where the fractions are not increasing to 1, where there are fewer than two blocks of sentences,
    or where the probe predicts more than one thing, as a `JointProbe` and a `DepProbe` do.
    """
    return online_codes([probe], states, probe.columns(targets), fractions=fractions, seed=seed)[0]


def online_codes(
    probes: Sequence[CodedProbe],
    states: States | Sequence[NDArray[Any]],
    targets: Targets,
    *,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    progress: bool = False,
) -> list[CodeLength]:
    """`online_code` of every probe, any families and layers, the clones of all trained together block by block."""
    layer = next((probe.layer for probe in probes if probe.layer is not None), None)
    source = as_states(states, layer=layer)
    order = np.random.default_rng(seed).permutation(len(source.lengths))
    ends = block_ends(len(order), fractions)
    first = numbers_by_kind(probes, targets, order[: ends[0]])
    codes = [[uniform_block(first[coded_kind(probe)], sentences=ends[0])] for probe in probes]
    for known, end in pairwise(ends):
        learners = learn(probes, source, targets, order[:known], progress=progress)
        rows = order[known:end]
        coded = numbers_by_kind(probes, targets, rows)
        for code, (learner, width) in zip(codes, learners):
            numbers = coded[coded_kind(learner)]
            bits = numbers.bits(centres_of(learner, source, rows), width=width)
            code.append(CodeBlock(len(rows), bits, numbers.uniform_bits, width))
    return [CodeLength(tuple(blocks)) for blocks in codes]


def coded_kind(probe: CodedProbe) -> Kind:
    """Which gold values the probe is a code of: those that it is trained on. Raises ValueError for several."""
    if probe.needs not in (("distance",), ("depth",)):
        found = " and ".join(probe.needs)
        raise ValueError(f"{type(probe).__name__} predicts {found}; expected a probe of distances or of depths alone")
    return probe.needs[0]


def uniform_block(numbers: WholeNumbers, *, sentences: int) -> CodeBlock:
    """The first block, of which nothing is known."""
    return CodeBlock(sentences, numbers.uniform_bits, numbers.uniform_bits, None)


def block_ends(sentences: int, fractions: Sequence[float]) -> list[int]:
    """How many sentences are known after each block."""
    if not len(fractions) or fractions[-1] != 1 or any(b <= a for a, b in zip((0, *fractions), fractions)):
        raise ValueError(f"fractions {list(fractions)}; expected increasing shares of the sentences, the last one 1")
    ends = sorted({max(HELD_OUT, round(share * sentences)) for share in fractions})
    if len(ends) < 2 or ends[-1] != sentences:
        raise ValueError(f"{sentences} sentences do not make two blocks; the first takes at least {HELD_OUT}")
    return ends


def learn(
    probes: Sequence[CodedProbe],
    states: States,
    targets: Targets,
    known: NDArray[np.int64],
    *,
    progress: bool = False,
) -> list[tuple[CodedProbe, float]]:
    """Clones trained on what is known, each with the width that codes best the tenth of it that was held out."""
    held, rest = known[::HELD_OUT], np.delete(known, np.s_[::HELD_OUT])
    learners = []
    for probe in probes:
        least = epochs_for(None, sentences=len(rest), batch_size=probe.batch_size)
        # A block of a few sentences holds out too few to stop by; the best epoch is kept all the same.
        learners.append(clone(probe).set_params(epochs=max(probe.epochs or 0, least), patience=None))
    held_out = SomeStates(states, held), some_targets(probes, targets, held)
    fit_all(
        learners,
        SomeStates(states, rest),
        some_targets(probes, targets, rest),
        validation=held_out,
        progress=progress,
    )
    coded = numbers_by_kind(probes, targets, held)
    return [(each, coded[coded_kind(each)].best_width(centres_of(each, states, held))) for each in learners]


def some_targets(probes: Sequence[CodedProbe], targets: Targets, rows: NDArray[np.int64]) -> GoldTargets:
    """The gold values of some sentences, of the kinds that the probes are trained on."""
    kinds = {coded_kind(probe) for probe in probes}
    return GoldTargets(
        distances=Rows(targets.distances, rows) if "distance" in kinds else (),
        depths=Rows(targets.depths, rows) if "depth" in kinds else (),
    )


def numbers_by_kind(
    probes: Sequence[CodedProbe], targets: Targets, rows: NDArray[np.int64]
) -> dict[Kind, WholeNumbers]:
    """What is coded of some sentences, once for all probes of a kind."""
    kinds = {coded_kind(probe) for probe in probes}
    return {kind: WholeNumbers.of(list(Rows(column_of(kind, targets), rows)), kind=kind) for kind in kinds}


def centres_of(probe: CodedProbe, states: States, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """What a probe says of each value coded."""
    return predicted_entries(probe.predict(SomeStates(states, rows)), kind=coded_kind(probe))
