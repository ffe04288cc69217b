"""What conditional probing costs: probes of every layer beside a baseline, against plain probes of the same layers.

    python -m benchmarks.conditional_probing --treebank FOLDER [--cache FOLDER] [--sentences 4000] [--rounds 3]

plain       a distance probe on every layer, in one pass of `fit_all`
beside      the same on every layer but 0 with layer 0 beside it, and on layer 0 beside zeros: as many probes of twice
                the width. The baseline is read once, and multiplied by the maps of all layers in one product
projected   the same with layer 0 under the map of its plain probe, which is the baseline alone and is there already
one by one  what it costs to train each of them on its two layers joined, in a pass of its own

On the clock of the processor, side by side, for as many epochs as a default training takes at most: no probe stops
early, or the sides would be compared by when they overfit.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from benchmarks.inputs import parser, read_bank, read_states
from benchmarks.measuring import Ratio, interleaved, ratio, report
from treeprobe.extraction import Reading, States
from treeprobe.parsing import Treebank
from treeprobe.probes import (
    ALONE,
    ConcatenatedStates,
    ConditionalStates,
    DistanceProbe,
    ProjectedStates,
    fit_all,
)

GOAL = 1.3


@dataclass(frozen=True)
class Work:
    """What is trained on what."""

    train: Treebank
    dev: Treebank
    states: States
    dev_states: States
    rank: int

    @cached_property
    def baseline(self) -> DistanceProbe:
        """The plain probe of layer 0."""
        probe = DistanceProbe(self.states.layers[0], self.rank, patience=None)
        return fit_all([probe], self.states, self.train, validation=(self.dev_states, self.dev))[0]

    def plain(self) -> None:
        """A probe on every layer."""
        probes = [DistanceProbe(layer, self.rank, patience=None) for layer in self.states.layers]
        fit_all(probes, self.states, self.train, validation=(self.dev_states, self.dev))

    def beside(self) -> None:
        """Probes of all layers beside layer 0, and of layer 0 alone."""
        states, held_out = ConditionalStates(self.states), ConditionalStates(self.dev_states)
        fit_all(self._conditional(), states, self.train, validation=(held_out, self.dev))

    def projected(self) -> None:
        """The same beside what a probe reads off layer 0."""
        states, held_out = (
            ConditionalStates(one, ProjectedStates(one, self.baseline)) for one in (self.states, self.dev_states)
        )
        # The probe itself is the baseline alone.
        fit_all(self._conditional()[1:], states, self.train, validation=(held_out, self.dev))

    def one_by_one(self) -> None:
        """The same as `beside`, each in a pass of its own."""
        for layer in self.states.layers[1:]:
            joined, held_out = (ConcatenatedStates(one, (layer, 0)) for one in (self.states, self.dev_states))
            fit_all([DistanceProbe(rank=self.rank, patience=None)], joined, self.train, validation=(held_out, self.dev))
        fit_all(
            [DistanceProbe(0, self.rank, patience=None)],
            self.states,
            self.train,
            validation=(self.dev_states, self.dev),
        )

    def _conditional(self) -> list[DistanceProbe]:
        return [DistanceProbe(layer, self.rank, patience=None) for layer in (ALONE, *self.states.layers[1:])]


def main() -> None:
    options = parser(__doc__, sentences=4000, rounds=3)
    options.add_argument("--ranks", nargs="+", type=int, default=[64, 128], help="ranks of the probes")
    arguments = options.parse_args()
    train, dev = read_bank(arguments, "train"), read_bank(arguments, "dev", whole=True)
    dev = dev[: max(1, len(train) // 6)]
    states, dev_states = (read_states(arguments, bank, reading=Reading(storage="float16")) for bank in (train, dev))
    works = {rank: Work(train, dev, states, dev_states, rank) for rank in arguments.ranks}
    report(
        "conditional_probing", [row for work in works.values() for row in rows_of(work, arguments)], out=arguments.out
    )


def rows_of(work: Work, arguments: argparse.Namespace) -> Iterator[Ratio]:
    """The ratios of one rank."""
    sides: dict[str, Callable[[], object]] = {
        "plain": work.plain,
        "beside": work.beside,
        "projected": work.projected,
        "one by one": work.one_by_one,
    }
    work.baseline.predict(work.dev_states)  # libraries prepare themselves, and files come into memory
    times = interleaved(sides, rounds=arguments.rounds)
    note = f"{len(work.train):,} sentences, {len(work.states.layers)} layers, rank {work.rank}"
    told = {
        "beside": "beside layer 0",
        "projected": "beside what a probe reads off layer 0",
        "one by one": "beside layer 0, one by one",
    }
    for side, name in told.items():
        goal = None if side == "one by one" else GOAL
        title = f"probes of rank {work.rank} {name}: processor time, against plain probes"
        yield ratio(title, times[side], times["plain"], clock="processor", goal=goal, note=note)


if __name__ == "__main__":
    main()
