"""The description length of gold trees given the vectors: the online code of a structural probe.

Voita & Titov (2020), "Information-Theoretic Probing with Minimum Description Length", section 2.2.2: the sentences are
sent block by block, the first by the uniform code, each other by the probe trained on all blocks before it. The code
is short when a probe learns the trees well and when it learns them from few sentences.

`probes.integer_code` says how the integers of a tree are coded around a probe's predictions. The width of that code is
not sent: it is the one at which the code of the sentences held out of the blocks already sent is shortest (a tenth of
them, on which the epoch is chosen too), and the receiver has them. Entries are coded as if independent, though of the
words² / 2 distances of a tree words - 1 determine it: the sum is a code length of the matrix, comparable between
models, and no lower bound for that of the tree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from treeprobe.probes.estimator import fit_all
from treeprobe.probes.families.distances import GeometryProbe
from treeprobe.probes.integer_code import IntegerCode, predicted_values
from treeprobe.probes.states import SomeStates, States, Vectors, as_states
from treeprobe.probes.structural import LinearProbe
from treeprobe.probes.targets import GoldTargets, Quantity, Targets, column_of
from treeprobe.probes.training import epochs_for

# Share of the sentences known after each block, as Voita & Titov choose them.
FRACTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
HELD_OUT = 10  # one in so many of the known sentences is held out

CodedProbe = LinearProbe | GeometryProbe
Trained = Callable[[int, Sequence[CodedProbe]], None]
"""Is given the number of sentences known, and the probes trained on them."""


@dataclass(frozen=True)
class CodeBlock:
    """One block: its number of sentences, its length in bits, and that of the uniform code.

    `width` is the b of `treeprobe.probes.integer_code`; None for the first block, which is sent by the uniform code.
    `rows` are the numbers of its sentences, and `by_sentence` what each takes of both lengths, (2, sentences).
    """

    sentences: int
    bits: float
    uniform_bits: float
    width: float | None
    rows: NDArray[np.int64] = field(repr=False, compare=False)
    by_sentence: NDArray[np.float64] = field(repr=False, compare=False)


@dataclass(frozen=True)
class CodeLength:
    """An online code: the blocks in the order they are sent."""

    blocks: tuple[CodeBlock, ...]

    @property
    def bits(self) -> float:
        """Length of the code in bits."""
        return sum(block.bits for block in self.blocks)

    @property
    def uniform_bits(self) -> float:
        """Length in bits of the code by which every possible value is equally likely."""
        return sum(block.uniform_bits for block in self.blocks)

    @property
    def compression(self) -> float:
        """Uniform code length / online code length: about 1 where the vectors hold nothing of the trees."""
        return self.uniform_bits / self.bits

    @property
    def by_sentence(self) -> NDArray[np.float64]:
        """Bits of each sentence in this code and in the uniform one, in the order of the states, (2, sentences)."""
        found = np.concatenate([block.by_sentence for block in self.blocks], axis=1)
        return found[:, np.argsort(np.concatenate([block.rows for block in self.blocks]))]


class _Rows(Sequence[NDArray[Any]]):
    """Some sentences' values of a column, which may be computed on demand."""

    def __init__(self, column: Sequence[NDArray[Any]], rows: NDArray[np.int64]) -> None:
        self._column, self._rows = column, rows

    def __len__(self) -> int:
        """The number of sentences chosen."""
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        """The value of a chosen sentence; of a slice, fewer rows."""
        if isinstance(place, slice):
            return _Rows(self._column, self._rows[place])
        return self._column[int(self._rows[place])]


def online_code(
    probe: CodedProbe,
    states: Vectors,
    targets: Sequence[NDArray[Any]],
    *,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
) -> CodeLength:
    """Code length of the targets given the vectors, by clones of the probe; the probe itself is left as it is.

    Args:
        probe: a probe of distances, of any family, or a `DepthProbe`; only its options are used.
        states: vectors of the sentences.
        targets: gold distances or depths, one array a sentence.
        fractions: share of the sentences known after each block, increasing, the last 1. Empty blocks are left out, and
            the first has at least `HELD_OUT` sentences, so that there is something to learn from.
        seed: draws the order in which the sentences are sent.

    Raises:
        ValueError: the fractions do not increase to 1, there are fewer than two blocks of sentences, or the probe
            predicts several quantities, as a `MultitaskProbe` and a `DepProbe` do.
    """
    return online_codes([probe], states, probe.as_targets(targets), fractions=fractions, seed=seed)[0]


def online_codes(
    probes: Sequence[CodedProbe],
    states: Vectors,
    targets: Targets,
    *,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    trained: Trained | None = None,
    progress: bool = False,
) -> list[CodeLength]:
    """`online_code` of probes of any families and layers, the clones of all trained together block by block.

    `trained` is called before each block that is sent by probes, with the number of sentences known and the clones
    trained on them, in the order of the probes: what they score on other sentences is a learning curve.
    """
    layer = next((probe.layer for probe in probes if probe.layer is not None), None)
    source = as_states(states, layer=layer)
    order = np.random.default_rng(seed).permutation(len(source.lengths))
    ends = _block_ends(len(order), fractions)
    first = _codes(probes, targets, order[: ends[0]])
    blocks = [[_uniform_block(first[_quantity_of(probe)], order[: ends[0]])] for probe in probes]
    for known, end in pairwise(ends):
        learners = _train(probes, source, targets, order[:known], progress=progress)
        if trained is not None:
            trained(known, [learner for learner, _ in learners])
        rows = order[known:end]
        codes = _codes(probes, targets, rows)
        for sent, (learner, width) in zip(blocks, learners):
            code = codes[_quantity_of(learner)]
            bits = code.bits_by_sentence(_centres(learner, source, rows), width=width)
            by_sentence = np.stack([bits, code.uniform_bits_by_sentence])
            sent.append(CodeBlock(len(rows), float(bits.sum()), code.uniform_bits, width, rows, by_sentence))
    return [CodeLength(tuple(sent)) for sent in blocks]


def _quantity_of(probe: CodedProbe) -> Quantity:
    """The quantity that a probe codes: the one that it is trained on. Raises ValueError for several."""
    if probe.quantities not in (("distance",), ("depth",)):
        found = " and ".join(probe.quantities)
        raise ValueError(f"{type(probe).__name__} predicts {found}; expected a probe of distances or of depths alone")
    return probe.quantities[0]


def _uniform_block(code: IntegerCode, rows: NDArray[np.int64]) -> CodeBlock:
    """The first block, sent by the uniform code."""
    bits = code.uniform_bits_by_sentence
    return CodeBlock(len(rows), code.uniform_bits, code.uniform_bits, None, rows, np.stack([bits, bits]))


def _block_ends(sentences: int, fractions: Sequence[float]) -> list[int]:
    """How many sentences are known after each block."""
    if not len(fractions) or fractions[-1] != 1 or any(b <= a for a, b in zip((0, *fractions), fractions)):
        raise ValueError(f"fractions {list(fractions)}; expected increasing shares of the sentences, the last one 1")
    ends = sorted({max(HELD_OUT, round(share * sentences)) for share in fractions})
    if len(ends) < 2 or ends[-1] != sentences:
        raise ValueError(f"{sentences} sentences do not make two blocks; the first takes at least {HELD_OUT}")
    return ends


def _train(
    probes: Sequence[CodedProbe],
    states: States,
    targets: Targets,
    known: NDArray[np.int64],
    *,
    progress: bool = False,
) -> list[tuple[CodedProbe, float]]:
    """Clones trained on the known sentences, each with the width that is best on the tenth of them held out."""
    held, rest = known[::HELD_OUT], np.delete(known, np.s_[::HELD_OUT])
    learners = []
    for probe in probes:
        least = epochs_for(None, sentences=len(rest), batch_size=probe.batch_size)
        # The few sentences held out of a small block are too few to stop by; the best epoch is kept all the same.
        learners.append(clone(probe).set_params(epochs=max(probe.epochs or 0, least), patience=None))
    fit_all(
        learners,
        SomeStates(states, rest),
        _some_targets(probes, targets, rest),
        validation=(SomeStates(states, held), _some_targets(probes, targets, held)),
        progress=progress,
    )
    codes = _codes(probes, targets, held)
    return [(each, codes[_quantity_of(each)].best_width(_centres(each, states, held))) for each in learners]


def _some_targets(probes: Sequence[CodedProbe], targets: Targets, rows: NDArray[np.int64]) -> GoldTargets:
    """Gold values of some sentences, of the quantities that the probes are trained on."""
    quantities = {_quantity_of(probe) for probe in probes}
    return GoldTargets(
        distances=_Rows(targets.distances, rows) if "distance" in quantities else (),
        depths=_Rows(targets.depths, rows) if "depth" in quantities else (),
    )


def _codes(probes: Sequence[CodedProbe], targets: Targets, rows: NDArray[np.int64]) -> dict[Quantity, IntegerCode]:
    """The integers of some sentences, once for all probes of a quantity."""
    quantities = {_quantity_of(probe) for probe in probes}
    return {each: IntegerCode.of(list(_Rows(column_of(each, targets), rows)), quantity=each) for each in quantities}


def _centres(probe: CodedProbe, states: States, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probe's prediction for each value coded, (values,)."""
    return predicted_values(probe.predict(SomeStates(states, rows)), quantity=_quantity_of(probe))
