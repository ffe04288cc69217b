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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmarks.inputs import Material, parser
from benchmarks.measuring import Ratio, interleaved, ratio, report
from treeprobe.probes import (
    ALONE,
    ConcatenatedStates,
    ConditionalStates,
    DistanceProbe,
    ProjectedStates,
)

GOAL = 1.3


@dataclass(frozen=True)
class Work:
    """What is trained on what, by maps of one rank."""

    material: Material
    rank: int

    @property
    def layers(self) -> Sequence[int]:
        """Every layer, the first of them the baseline."""
        return self.material.states.layers

    @cached_property
    def baseline(self) -> DistanceProbe:
        """The plain probe of layer 0."""
        return self.material.fit([self._probe(self.layers[0])])[0]

    def plain(self) -> None:
        """A probe on every layer."""
        self.material.fit([self._probe(layer) for layer in self.layers])

    def beside(self) -> None:
        """Probes of all layers beside layer 0, and of layer 0 alone."""
        own, held_out = self.material.states, self.material.dev_states
        self.material.fit(self._conditional(), ConditionalStates(own), ConditionalStates(held_out))

    def projected(self) -> None:
        """The same beside what a probe reads off layer 0."""
        states, held_out = (
            ConditionalStates(one, ProjectedStates(one, self.baseline))
            for one in (self.material.states, self.material.dev_states)
        )
        # The probe itself is the baseline alone.
        self.material.fit(self._conditional()[1:], states, held_out)

    def one_by_one(self) -> None:
        """The same as `beside`, each in a pass of its own."""
        for layer in self.layers[1:]:
            joined, held_out = (
                ConcatenatedStates(one, (layer, 0)) for one in (self.material.states, self.material.dev_states)
            )
            self.material.fit([self._probe(0)], joined, held_out)
        self.material.fit([self._probe(0)])

    def _conditional(self) -> list[DistanceProbe]:
        return [self._probe(layer) for layer in (ALONE, *self.layers[1:])]

    def _probe(self, layer: int) -> DistanceProbe:
        return DistanceProbe(layer, self.rank, patience=None)


def main() -> None:
    options = parser(__doc__, sentences=4000, rounds=3)
    options.add_argument("--ranks", nargs="+", type=int, default=[64, 128], help="ranks of the probes")
    arguments = options.parse_args()
    material = Material.read(arguments)
    rows = [row for rank in arguments.ranks for row in rows_of(Work(material, rank), arguments)]
    report("conditional_probing", rows, out=arguments.out)


def rows_of(work: Work, arguments: argparse.Namespace) -> Iterator[Ratio]:
    """The ratios of one rank."""
    sides: dict[str, Callable[[], object]] = {
        "plain": work.plain,
        "beside": work.beside,
        "projected": work.projected,
        "one by one": work.one_by_one,
    }
    work.baseline.predict(work.material.dev_states)  # libraries prepare themselves, and files come into memory
    times = interleaved(sides, rounds=arguments.rounds)
    note = f"{len(work.material.train):,} sentences, {len(work.layers)} layers, rank {work.rank}"
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
