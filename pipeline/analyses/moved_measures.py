"""What is compared of a checkpoint before and after training, layer by layer: probes, states, subspaces, weights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import numpy as np
import torch

from treeprobe.extraction import Encoder
from treeprobe.extraction.hooks import SiteError, block_modules
from treeprobe.parsing import Tally
from treeprobe.parsing.scores import mean_tally, resample
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.probing.probes import Probe, SplitStates
from treeprobe.pipeline.results.scores import Measurement
from treeprobe.probes import DistanceProbe, compare_states, metric_similarity, probe_subspace_angles

COLUMNS = ("split", "layer", "measure", "value", "low", "high", "p", "n", "resampled")
"""Of the table, beside those that say what was compared."""

Row = Mapping[str, Any]
_Place = tuple[str, int, str]  # split, layer, metric


@dataclass(frozen=True)
class Scored:
    """The same sentences scored three times.

    Attributes:
        before: probes of the earlier checkpoint on its own states.
        after: new probes on the states of the later one.
        old_probe: the earlier checkpoint's probes on the states of the later one.
    """

    before: Sequence[Measurement]
    after: Sequence[Measurement]
    old_probe: Sequence[Measurement]


def probe_rows(scored: Scored) -> Iterator[Row]:
    """Every score before, after, and of the old probes, means over seeds, and two paired differences.

    METRIC_change is after less before: whether the trees that a probe can find became more or fewer. METRIC_lost is
    after less the old probe: what the old probe misses of the trees that are there, since they are held elsewhere.
    """
    tallies = {name: _by_place(getattr(scored, name)) for name in ("before", "after", "old_probe")}
    places = list(tallies["before"])
    for split in dict.fromkeys(split for split, _, _ in places):
        own = [place for place in places if place[0] == split]
        found = resample([tallies[name][place] for place in own for name in tallies])
        for number, (_, layer, metric) in enumerate(own):
            before, after, old_probe = range(3 * number, 3 * number + 3)
            for name, one in {"before": before, "after": after, "old_probe": old_probe}.items():
                score = found.score(one)
                yield {**vars(score), "measure": f"{metric}_{name}", "split": split, "layer": layer}
            for name, other in {"change": before, "lost": old_probe}.items():
                gap = found.difference(after, other)
                yield {**vars(gap), "measure": f"{metric}_{name}", "split": split, "layer": layer}


def _by_place(measurements: Sequence[Measurement]) -> dict[_Place, Tally]:
    """The mean over seeds of each score."""
    found: dict[_Place, list[Tally]] = {}
    for one in measurements:
        for metric, tally in one.tallies.items():
            found.setdefault((one.setting.split, one.setting.layer or 0, metric), []).append(tally)
    return {place: mean_tally(tallies) for place, tallies in found.items()}


def state_rows(before: SplitStates, after: SplitStates, split: Split, layers: Sequence[int]) -> Iterator[Row]:
    """How alike the states of a split are (cka), and how far its words moved (state_change); see `compare_states`."""
    for layer in layers:
        found = compare_states(before[split], after[split], layer)
        about = {"split": split, "layer": layer, "n": int(np.sum(before[split].lengths))}
        yield {**about, "measure": "cka", "value": found.cka, "low": found.low, "high": found.high}
        yield {**about, "measure": "state_change", "value": found.change}


def subspace_rows(before: Sequence[Probe], after: Sequence[Probe]) -> Iterator[Row]:
    """Angles between the distance probes of before and after, and between probes of one checkpoint that differ in seed.

    The latter say what is only the seeds' doing. Where there are several seeds, probes of different ones are compared
    in both cases, since those of one seed begin at the same matrix.
    """
    old, new = _matrices(before), _matrices(after)
    for layer in sorted(old.keys() & new.keys()):
        seeds = sorted(old[layer].keys() & new[layer].keys())
        pairs = list(permutations(seeds, 2)) or [(seeds[0], seeds[0])]
        across = [(old[layer][one], new[layer][other]) for one, other in pairs]
        within = [(new[layer][one], new[layer][other]) for one, other in combinations(seeds, 2)]
        for name, matrices in {"": across, "_of_seeds": within}.items():
            angles = [probe_subspace_angles(*pair) for pair in matrices]
            values = {
                "angle": [one.mean for one in angles],
                "largest_angle": [one.largest for one in angles],
                "metric_similarity": [metric_similarity(*pair) for pair in matrices],
            }
            for measure, each in values.items() if matrices else ():
                value = float(np.mean(each))
                yield {"split": "train", "layer": layer, "measure": measure + name, "value": value, "n": len(each)}


def _matrices(probes: Sequence[Probe]) -> dict[int, dict[int, Any]]:
    """B of the distance probes, by layer and seed."""
    found: dict[int, dict[int, Any]] = {}
    for probe in probes:
        if isinstance(probe, DistanceProbe):
            found.setdefault(probe.layer or 0, {})[probe.seed] = probe.matrix_
    return found


def weight_rows(before: Encoder, after: Encoder) -> Iterator[Row]:
    """How far the weights of each block moved, in units of their size before; layer 0 is all weights before the blocks.

    None where a model shares its blocks' weights or has no blocks that are known.
    """
    try:
        blocks = [block_modules(one)[0] for one in (before, after)]
    except SiteError:
        return
    if len(blocks[0]) != before.blocks:
        return
    within = [{id(weight) for block in own for weight in block.parameters()} for own in blocks]
    rest = [
        [weight for weight in one.model.get_input_embeddings().parameters() if id(weight) not in inside]
        for one, inside in zip((before, after), within)
    ]
    layers = [rest, *([list(block.parameters()) for block in pair] for pair in zip(*blocks))]
    for layer, (old, new) in enumerate(layers):
        moved = sum(float(torch.sum((b.double() - a.double()) ** 2)) for a, b in zip(old, new))
        size = sum(float(torch.sum(a.double() ** 2)) for a in old)
        yield {"layer": layer, "measure": "weight_change", "value": float(np.sqrt(moved / size)) if size else np.nan}
