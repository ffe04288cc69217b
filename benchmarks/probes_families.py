"""Families of distance probe at matched numbers of parameters, on a slice of English EWT with MiniLM's vectors.

    python -m benchmarks.probes_families --treebank FOLDER [--cache FOLDER] [--sentences 2000] [--layer 3] [--rank 64]
    python -m benchmarks.probes_families --treebank FOLDER --families linear poincare --wide
    python -m benchmarks.probes_families --treebank FOLDER --families linear poincare --genre reviews
    python -m benchmarks.probes_families --treebank FOLDER --costs --sentences 600 --rank 128

Each family is trained at the same number of step sizes, on the first so many sentences of train. Step size and epoch
are chosen on every other sentence of dev; the figures are of the rest, and the differences also of the sentences that
come with the package. With `--genre`, training (on sentences spread evenly) and choice leave out that genre, and all
figures are of its sentences in dev and test. `--wide` adds the linear probe of full rank, which has more parameters.
Differences from the linear probe are of the mean over seeds, with 95 % paired bootstrap intervals over documents (over
sentences where these are unknown), beside the least and the largest difference of a seed.

`--costs` measures what training costs instead: the processor time of each family, whatever it predicts, over that of
the distance probe of the same rank, in turn and on one thread; the median of five rounds of two epochs.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import get_args

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from benchmarks.inputs import parser, read_bank, read_states
from benchmarks.measuring import Ratio, interleaved, ratio, report
from treeprobe import probes
from treeprobe.parsing import Tally, Treebank, paired_difference, score_distances
from treeprobe.parsing.stimuli import generate, natural_sentences
from treeprobe.parsing.treebanks import Split
from treeprobe.probes import DistanceProbe, SomeStates, compare_families, fit_all
from treeprobe.probes.estimator import Probe
from treeprobe.probes.families.comparison import FAMILIES, LEARNING_RATES, Family, family_name
from treeprobe.probes.states import States, Vectors, evenly_spaced

COLUMNS = ["family", "rank", "parameters", "tried", "steps", "learning_rate", "at_edge", "seed", "loss", "uuas", "dspr"]
NAMES: dict[str, Family] = {family_name(each): each for each in FAMILIES}


@dataclass(frozen=True)
class Part:
    """Some sentences, and the states of their words."""

    bank: Treebank
    states: Vectors

    def of(self, rows: NDArray[np.int64]) -> "Part":
        """Some of the sentences."""
        assert isinstance(self.states, States)
        chosen = Treebank([self.bank[row] for row in rows.tolist()], name=self.bank.name)
        return Part(chosen, SomeStates(self.states, rows))

    def rows(self, belongs: Callable[[str], bool]) -> NDArray[np.int64]:
        """The sentences of some genres; EWT's identifiers begin with theirs."""
        return np.flatnonzero([belongs(sentence.identifier.split("-")[0]) for sentence in self.bank])


def main() -> None:
    options = parser(__doc__, sentences=2000)
    options.add_argument("--layer", type=int, default=3)
    options.add_argument("--rank", type=int, default=64)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--families", nargs="+", choices=list(NAMES), default=list(NAMES))
    options.add_argument("--learning-rates", type=float, nargs="+", default=list(LEARNING_RATES))
    options.add_argument("--wide", action="store_true")
    options.add_argument("--genre")
    options.add_argument("--costs", action="store_true")
    arguments = options.parse_args()
    if arguments.costs:
        report("probes_families_costs", costs(arguments), out=arguments.out)
        return
    train, chosen_on, tests = parts(arguments)
    last = arguments.sentences if arguments.genre is None else len(train.bank)
    train = train.of(evenly_spaced(last, most=arguments.sentences))
    first = next(iter(tests.values()))
    compare = partial(
        compare_families,
        train.states,
        train.bank.distances,
        validation=(chosen_on.states, chosen_on.bank.distances),
        test=(first.states, first.bank.distances),
        layer=arguments.layer,
        seeds=range(arguments.seeds),
        learning_rates=arguments.learning_rates,
        score=partial(score_distances, first.bank),
    )
    compared = compare(rank=arguments.rank, families=[NAMES[each] for each in arguments.families])
    if arguments.wide:
        wide = compare(rank=SomeStates(train.states, slice(1)).dim, families=[NAMES["linear"]])
        compared = pd.concat([compared, wide.assign(family="linear, full rank")], ignore_index=True)
    print(compared[COLUMNS].to_string(index=False, float_format="{:.4f}".format))
    for name, test in tests.items():
        print(f"\ndifferences from the linear probe, {arguments.seeds} seeds, {name}: {len(test.bank)} sentences")
        print(differences(compared, test).to_string(index=False, float_format="{:.4f}".format))


def costs(arguments: argparse.Namespace) -> list[Ratio]:
    """Processor time of training each family alone, over that of the distance probe, two epochs each."""
    torch.set_num_threads(1)
    bank = read_bank(arguments, "train")
    states = read_states(arguments, bank)

    def trained(kind: type[Probe]) -> Callable[[], object]:
        return lambda: fit_all([kind(arguments.layer, arguments.rank, epochs=2)], states, bank)

    kinds = [
        each for each in map(vars(probes).get, probes.__all__) if isinstance(each, type) and issubclass(each, Probe)
    ]
    first = trained(DistanceProbe)
    first()  # states are read from the disk once, before anything is timed
    times = interleaved({kind.__name__: trained(kind) for kind in kinds}, rounds=5)
    own = times[DistanceProbe.__name__]
    return [ratio(f"{name} / DistanceProbe", spent, own, clock="processor") for name, spent in times.items()]


def parts(arguments: argparse.Namespace) -> tuple[Part, Part, Mapping[str, Part]]:
    """What trains, what chooses, and what is reported, by name."""
    genre = arguments.genre

    def read(bank: Treebank) -> Part:
        return Part(bank, read_states(arguments, bank))

    train, dev, test = (read(read_bank(arguments, split, whole=True)) for split in get_args(Split))
    if genre is not None:
        others, own = (lambda name: name != genre), (lambda name: name == genre)
        reported = {f"{genre} in {part.bank.name}": part.of(part.rows(own)) for part in (dev, test)}
        return train.of(train.rows(others)), dev.of(dev.rows(others)), reported
    places = np.arange(len(dev.bank))
    more = {"grammar": read(generate(1000, seed=1)), "natural": read(natural_sentences("test"))}
    return train, dev.of(places[::2]), {"dev, other half": dev.of(places[1::2]), **more}


def differences(compared: pd.DataFrame, test: Part) -> pd.DataFrame:
    """Each family's scores less the linear probe's, with paired intervals, and seed by seed."""
    tallies = {
        family: [score_distances(test.bank, at_least_zero(probe.predict(test.states))) for probe in rows["probe"]]
        for family, rows in compared.groupby("family", sort=False)
    }
    linear = tallies.pop("linear")
    rows = []
    for family, seeds in tallies.items():
        for metric in linear[0]:
            found = paired_difference(mean_tally(seeds, metric), mean_tally(linear, metric))
            by_seed = [one[metric].value - other[metric].value for one, other in zip(seeds, linear)]
            rows.append(
                {
                    "family": family,
                    "metric": metric,
                    "linear": mean_tally(linear, metric).value,
                    "difference": found.value,
                    "low": found.low,
                    "high": found.high,
                    "least seed": min(by_seed),
                    "largest seed": max(by_seed),
                }
            )
    return pd.DataFrame(rows)


def at_least_zero(distances: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Only a bilinear probe predicts distances below 0, which no tree has."""
    return [np.maximum(each, 0) for each in distances]


def mean_tally(seeds: list[dict[str, Tally]], metric: str) -> Tally:
    """What a sentence counts on the average over seeds; what it is counted out of is the same for all."""
    numerators = np.mean([each[metric].numerators for each in seeds], axis=0)
    return replace(seeds[0][metric], numerators=numerators)


if __name__ == "__main__":
    main()
