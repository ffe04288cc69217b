"""How fast probes train: against the matrix products that training needs, and against textbook loops.

    python -m benchmarks.probes_speed --treebank FOLDER [--cache FOLDER] [--sentences 4000] [--rounds 3]

limit      all layers x distance and depth, on train with validation on dev, against the products of words and probe
               matrices alone (forward and gradient of each epoch, forward of each validation), at the rate at which the
               machine multiplies large matrices in float32 with as many threads
textbook   the same probes against one probe a pass with autograd and expanded pairwise differences: sentence by
               sentence, and in padded batches as the implementation of 2019 trains. An epoch of one layer is measured
               on 400 sentences, spread evenly, and scaled by words, layers and epochs: as many epochs as here, and
               also the 16 that the trainer of 2019 took on EWT until it stopped (for depths as many as here).
               Of a trained probe's matrix, both must give the loss that treeprobe gives.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from benchmarks.inputs import Material, parser
from benchmarks.measuring import Clock, Ratio, Timings, interleaved, ratio, report
from treeprobe.parsing import Treebank
from treeprobe.probes import DepthProbe, DistanceProbe, SomeStates, fit_all
from treeprobe.probes.precision import Precision
from treeprobe.probes.states import evenly_spaced
from treeprobe.probes.training import epochs_for
from treeprobe.processor import multiplies_bfloat16

RANK = 128
TEXTBOOK_EPOCHS, TEXTBOOK_BATCH, SLICE = 16, 20, 400
SIDE, PRODUCTS = 2048, 8
"""The square matrices whose products give the machine's rate, and how many of these are timed at once."""
Probes = Sequence[DistanceProbe | DepthProbe]
Loss = Callable[[Tensor, Sequence[Tensor], Sequence[Tensor]], Tensor]


class Work(Material):
    """A distance and a depth probe on every layer."""

    def train_probes(self, precision: Precision = "float32") -> Probes:
        """Train them all."""
        kinds = (DistanceProbe, DepthProbe)
        return self.fit([kind(layer, RANK, precision=precision) for layer in self.states.layers for kind in kinds])

    @property
    def epochs(self) -> int:
        """Epochs of each probe."""
        return epochs_for(None, sentences=len(self.train), batch_size=DistanceProbe().batch_size)

    @property
    def operations(self) -> float:
        """Additions and multiplications of the projections, in all epochs."""
        products = 2 * self.states.lengths.sum() + self.dev_states.lengths.sum()
        return float(2 * products * self.states.dim * 2 * RANK * len(self.states.layers) * self.epochs)


@dataclass(frozen=True)
class Textbook:
    """One layer of a slice of the training sentences, as tensors, and how many such slices and layers there are."""

    vectors: Sequence[Tensor]
    gold: dict[str, list[Tensor]]
    states: SomeStates
    part: Treebank
    layer: int
    share: float

    @classmethod
    def of(cls, work: Work) -> "Textbook":
        """Sentences spread evenly over those of `work`, on the middle layer."""
        rows = evenly_spaced(len(work.train), most=SLICE)
        part, states = Treebank([work.train[row] for row in rows.tolist()]), SomeStates(work.states, rows)
        layers = work.states.layers
        middle = layers[len(layers) // 2]
        vectors = [torch.from_numpy(states.read([place], [middle])[0]) for place in range(len(part))]
        gold = {"distance": tensors(part.distances), "depth": tensors(part.depths)}
        share = float(work.states.lengths.sum() / states.lengths.sum()) * len(layers)
        return cls(vectors, gold, states, part, middle, share)

    def epoch(self, loss: Loss, kind: str) -> None:
        """Train one probe for an epoch."""
        matrix = (torch.rand(self.vectors[0].shape[1], RANK) * 0.1 - 0.05).requires_grad_()
        optimiser = torch.optim.Adam([matrix], lr=0.001)
        order = torch.randperm(len(self.vectors)).tolist()
        for start in range(0, len(order), TEXTBOOK_BATCH):
            rows = order[start : start + TEXTBOOK_BATCH]
            optimiser.zero_grad()
            loss(matrix, [self.vectors[row] for row in rows], [self.gold[kind][row] for row in rows]).backward()
            optimiser.step()

    def check(self, loss: Loss) -> None:
        """Refuse to compare what differs: of a trained probe's matrix, the loop gives the loss that the probe gives."""
        for sort in (DistanceProbe, DepthProbe):
            probe = sort(self.layer, RANK, epochs=1)
            fit_all([probe], self.states, self.part)
            gold = self.gold[probe.kind]
            found = loss(torch.from_numpy(probe.matrix_.T), self.vectors, gold).item()
            np.testing.assert_allclose(found, -probe.score(self.states, [each.numpy() for each in gold]), rtol=1e-4)


def tensors(arrays: Any) -> list[Tensor]:
    """Gold values in single precision."""
    return [torch.from_numpy(np.asarray(each, dtype=np.float32)) for each in arrays]


def by_sentence(matrix: Tensor, vectors: Sequence[Tensor], gold: Sequence[Tensor]) -> Tensor:
    """The mean loss of some sentences, one after the other."""
    return torch.stack(
        [(predicted(words @ matrix, each) - each).abs().mean() for words, each in zip(vectors, gold)]
    ).mean()


def in_padded_batches(matrix: Tensor, vectors: Sequence[Tensor], gold: Sequence[Tensor]) -> Tensor:
    """The mean loss of some sentences, padded to the longest of each batch."""
    losses = []
    for start in range(0, len(vectors), TEXTBOOK_BATCH):
        batch, labels = vectors[start : start + TEXTBOOK_BATCH], gold[start : start + TEXTBOOK_BATCH]
        words = torch.nn.utils.rnn.pad_sequence(list(batch), batch_first=True)
        padded = torch.full((len(batch), *[words.shape[1]] * labels[0].ndim), -1.0)
        for row, label in zip(padded, labels):
            row[tuple(slice(size) for size in label.shape)] = label
        real = (padded != -1).float()
        errors = ((predicted(words @ matrix, padded[0]) - padded) * real).abs().flatten(1).sum(1)
        losses.append(errors / real.flatten(1).sum(1))
    return torch.cat(losses).mean()


def predicted(projected: Tensor, gold: Tensor) -> Tensor:
    """Squared distances where the gold values are matrices, by expanded differences; squared norms otherwise."""
    if gold.ndim == 2:
        return (projected.unsqueeze(-2) - projected.unsqueeze(-3)).pow(2).sum(-1)
    return projected.pow(2).sum(-1)


def main() -> None:
    arguments = parser(__doc__, sentences=4000, rounds=3).parse_args()
    work = Work.read(arguments)
    textbook = Textbook.of(work)
    times = measure(work, textbook, arguments.rounds)
    report("probes_speed", list(rows_of(work, textbook, times)), out=arguments.out)


LOOPS: dict[str, Loss] = {"one sentence at a time": by_sentence, "padded batches of 20": in_padded_batches}


def measure(work: Work, textbook: Textbook, rounds: int) -> dict[str, Timings]:
    """Times of all sides, once each was run and checked."""
    first, second = torch.randn(2, SIDE, SIDE)
    sides: dict[str, Callable[[], object]] = {
        "products": lambda: [first @ second for _ in range(PRODUCTS)],
        "float32": lambda: work.train_probes("float32"),
    }
    if multiplies_bfloat16(torch.cpu):
        sides["bfloat16"] = lambda: work.train_probes("bfloat16")
    for name, loss in LOOPS.items():
        textbook.check(loss)
        for kind in textbook.gold:
            sides[f"{name}, {kind}"] = lambda loss=loss, kind=kind: textbook.epoch(loss, kind)
    for side in sides.values():
        side()  # libraries prepare themselves, and files come into memory
    return interleaved(sides, rounds=rounds)


def rows_of(work: Work, textbook: Textbook, times: dict[str, Timings]) -> Iterator[Ratio]:
    """The ratios of these times."""
    ours = f"fit_all, {2 * len(work.states.layers)} probes"
    scale = PRODUCTS * 2 * SIDE**3 / work.operations
    note = f"{len(work.train):,} sentences, {work.epochs} epochs, rank {RANK}"
    for precision, goal in (("float32", 2.0), ("bfloat16", 1.3)):
        name = f"{ours}, {precision}: time, against its matrix products in float32"
        if precision in times:
            yield ratio(name, times[precision], times["products"], scale=scale, goal=goal, note=note)
        else:
            yield Ratio(name, None, goal=goal, note="the processor has no products in bfloat16")
    for loop in LOOPS:
        for epochs in (work.epochs, TEXTBOOK_EPOCHS):
            slow = combined(times[f"{loop}, distance"], epochs, times[f"{loop}, depth"], work.epochs)
            name = f"{ours}: speed, against a loop of torch, {loop}, {epochs} epochs for distances"
            note = f"the loop: one layer of {len(textbook.part)} of {len(work.train):,} sentences, scaled"
            hoped = 80.0 if epochs == TEXTBOOK_EPOCHS else None
            yield ratio(name, slow, times["float32"], scale=textbook.share, goal=hoped, better="higher", note=note)


def combined(one: Timings, times: int, other: Timings, other_times: int) -> Timings:
    """So many times one side and so many times another, round by round."""
    return Timings(
        *(
            tuple(times * first + other_times * second for first, second in zip(one.on(clock), other.on(clock)))
            for clock in get_args(Clock)
        )
    )


if __name__ == "__main__":
    main()
