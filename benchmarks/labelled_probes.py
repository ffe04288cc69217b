"""Labelled trees from probes: PolarProbe with either contrast, DepProbe and the distance probe, on all layers.

    python -m benchmarks.labelled_probes --treebank FOLDER [--layers 1 2 3] [--seeds 3] [--device cuda] [--out FOLDER]

All are trained in one call of `fit_all` on train (or its first `--sentences` sentences), on UD relations
without subtypes; dev keeps the epoch and chooses each family's layer, test is reported. UUAS is of the distances under
the probe's map; UAS and LAS are of its trees; relation accuracy counts labels whatever the heads. Punctuation is left
out. Differences are of the mean over seeds, with 95 % paired bootstrap intervals. `--families` also takes polar probes
with one part less or more, which say what costs edges. `--out` gets `scores.csv`, a row for each family, layer, seed,
split and metric, and `labelled_probes.json`, the printed tables.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.inputs import parser, read_bank, read_states
from benchmarks.measuring import clocked, machine
from treeprobe.files import write_json
from treeprobe.parsing import Scorer, Tally, Treebank, paired_difference, score_heads, score_relations
from treeprobe.parsing.scores import mean_tally
from treeprobe.parsing.treebanks.relations import universal_relation
from treeprobe.probes import DepProbe, DistanceProbe, PolarProbe, States, fit_all
from treeprobe.probes.data import Group, GroupGold
from treeprobe.probes.families.gradient import Parameters
from treeprobe.probes.losses import squared_norms

FAMILIES = ("distance", "depprobe", "polar", "polar, pairs")
VARIANTS = ("polar, no angles", "polar, root as a word", "polar, root as a word, no angles")
"""The polar probe with no loss but that of distances; with one more, of the root as a word; and with these two."""
METRICS = ("uuas", "dspr", "uas", "las", "relation_accuracy", "root")
PAIRED = (("polar", "distance", "uuas"), ("polar", "depprobe", "uuas"), ("polar", "depprobe", "uas"),
          ("polar", "depprobe", "las"), ("polar", "depprobe", "relation_accuracy"), ("polar", "polar, pairs", "uuas"),
          ("polar", "polar, pairs", "las"), *((variant, "distance", "uuas") for variant in VARIANTS),
          ("polar", "polar, root as a word", "las"))  # fmt: skip


class RootAsWord(PolarProbe):
    """A polar probe whose root's point is a word of depth -1: ‖Bhᵢ - t‖² is to be depth + 1, as any other distance."""

    quantities = (*PolarProbe.quantities, "depth")

    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """Those of `PolarProbe` and the errors of these distances, (4,)."""
        parts = super().loss(parameters, words, gold, group)
        errors = (squared_norms(words @ parameters["matrix"] - parameters["origin"]) - gold["depth"] - 1).abs()
        to_root = 2 * (errors * group.word_weights / group.lengths[:, None]).sum()
        return torch.cat([parts, to_root[None]])


Probe = DistanceProbe | DepProbe | PolarProbe
Tallies = dict[tuple[str, int, int, str], dict[str, Tally]]  # by family, layer, seed and split


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--layers", type=int, nargs="+", help="layers to probe; all unless given")
    options.add_argument("--rank", type=int, default=128)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--families", nargs="+", choices=FAMILIES + VARIANTS, default=list(FAMILIES))
    options.add_argument("--dev-sentences", type=int, help="only so many of dev and test, from the start")
    options.add_argument("--angle-weight", type=float, default=PolarProbe().angle_weight)
    options.add_argument("--device", default="cpu", help="where to train")
    arguments = options.parse_args()
    banks = {split: universal(read_bank(arguments, split)) for split in ("train",)}
    for split in ("dev", "test"):
        banks[split] = universal(read_bank(arguments, split, whole=True)[: arguments.dev_sentences])
    states = {split: read_states(arguments, bank) for split, bank in banks.items()}
    layers = arguments.layers or list(states["train"].layers)
    probes = {
        (family, layer, seed): new_probe(family, layer, seed, arguments)
        for family in arguments.families
        for layer in layers
        for seed in range(arguments.seeds)
    }
    wall, processor = clocked(
        lambda: fit_all(
            list(probes.values()), states["train"], banks["train"], validation=(states["dev"], banks["dev"])
        )
    )
    tallies: Tallies = {
        (*key, split): scores_of(probe, states[split], banks[split])
        for key, probe in probes.items()
        for split in ("dev", "test")
    }
    table = pd.DataFrame(
        [
            {"family": family, "layer": layer, "seed": seed, "split": split, **values(found)}
            for (family, layer, seed, split), found in tallies.items()
        ]
    )
    best = {family: best_layer(table, family) for family in arguments.families}
    shown = [reported(tallies, family, best[family], arguments.seeds) for family in arguments.families]
    gaps = [
        difference(tallies, one, other, metric, best, arguments.seeds)
        for one, other, metric in PAIRED
        if {one, other} <= set(best)
    ]
    print(f"{len(banks['train'])} sentences of train, {arguments.seeds} seeds, rank {arguments.rank}; scores on test")
    print(pd.DataFrame(shown).to_string(index=False, float_format="{:.4f}".format))
    print(pd.DataFrame(gaps).to_string(index=False, float_format="{:.4f}".format))
    by_layer = table[table["split"] == "dev"].groupby(["family", "layer"], sort=False)[list(METRICS)].mean()
    print(f"\ndev, by layer\n{by_layer.to_string(float_format='{:.4f}'.format)}")
    print(f"\ntrained in {wall:.0f} s, {processor:.0f} of processor time")
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        table.to_csv(arguments.out / "scores.csv", index=False)
        asked = {
            name: value if isinstance(value, list | int | float) else str(value)
            for name, value in vars(arguments).items()
        }
        write_json(
            arguments.out / "labelled_probes.json",
            {"machine": machine(), "asked": asked, "test": shown, "differences": gaps, "seconds": wall},
        )


def universal(bank: Treebank) -> Treebank:
    """The treebank with relations as LAS compares them, without subtypes."""
    return Treebank(
        [replace(each, relations=tuple(map(universal_relation, each.relations))) for each in bank], name=bank.name
    )


def new_probe(family: str, layer: int, seed: int, arguments: argparse.Namespace) -> Probe:
    """An untrained probe."""
    place = {"layer": layer, "rank": arguments.rank, "seed": seed, "device": arguments.device}
    if family == "distance":
        return DistanceProbe(**place)
    if family == "depprobe":
        return DepProbe(**place)
    kind = RootAsWord if "root as a word" in family else PolarProbe
    weight = 0.0 if "no angles" in family else arguments.angle_weight
    return kind(**place, contrast="pairs" if "pairs" in family else "prototypes", angle_weight=weight)


def scores_of(probe: Probe, states: States, bank: Treebank) -> dict[str, Tally]:
    """Everything that can be scored of what a probe predicts."""
    scorer = Scorer(bank)
    if isinstance(probe, DistanceProbe):
        return scorer.distances(probe.predict(states))
    trees = probe.predict(states)
    relations = [tree.relations for tree in trees]
    roots = [float(tree.heads[gold.heads.index(-1)] < 0) for tree, gold in zip(trees, bank)]
    found = score_heads(bank, [tree.heads for tree in trees], relations=relations)
    like = found["exact_match"]
    root = Tally("root", np.array(roots), np.ones(len(bank)), like.strata, like.documents)
    return {**scorer.distances(probe.distances(states)), **found, **score_relations(bank, relations), "root": root}


def values(tallies: dict[str, Tally]) -> dict[str, float]:
    """The values of the metrics that are there."""
    return {metric: tallies[metric].value for metric in METRICS if metric in tallies}


def best_layer(table: pd.DataFrame, family: str) -> int:
    """The layer that is best on dev, by UUAS where nothing learns labels and else by LAS, seeds averaged."""
    rows = table[(table["family"] == family) & (table["split"] == "dev")]
    metric = "uuas" if family == "distance" or "no angles" in family else "las"
    return int(rows.groupby("layer")[metric].mean().idxmax())


def over_seeds(tallies: Tallies, family: str, layer: int, metric: str, seeds: int) -> Tally:
    """The mean over seeds of a metric on test."""
    return mean_tally([tallies[family, layer, seed, "test"][metric] for seed in range(seeds)])


def reported(tallies: Tallies, family: str, layer: int, seeds: int) -> dict[str, object]:
    """A family's scores on test at its best layer."""
    found = tallies[family, layer, 0, "test"]
    means = {metric: over_seeds(tallies, family, layer, metric, seeds).value for metric in METRICS if metric in found}
    return {"family": family, "layer": layer, **means}


def difference(
    tallies: Tallies, one: str, other: str, metric: str, best: dict[str, int], seeds: int
) -> dict[str, object]:
    """One family's score less another's, each at its own layer."""
    places: Sequence[tuple[str, int]] = [(name, best[name]) for name in (one, other)]
    found = paired_difference(*(over_seeds(tallies, name, layer, metric, seeds) for name, layer in places))
    by_seed = [
        tallies[one, best[one], seed, "test"][metric].value - tallies[other, best[other], seed, "test"][metric].value
        for seed in range(seeds)
    ]
    names = " less ".join(f"{name} (layer {layer})" for name, layer in places)
    spread = {"least seed": min(by_seed), "largest seed": max(by_seed)}
    return {"difference": names, "metric": metric, "value": found.value, "low": found.low, "high": found.high, **spread}


if __name__ == "__main__":
    main()
