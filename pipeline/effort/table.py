"""The table of effort: every measure of every family and layer, with paired intervals, and the points behind it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.parsing import Tally, Treebank
from treeprobe.parsing.scores import mean_tally, micro
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.pipeline.effort.estimates import Estimate, estimates, volume
from treeprobe.pipeline.effort.training import Place, Point, Trained
from treeprobe.pipeline.results.scores import CHAIN
from treeprobe.probes import ALONE, CodeLength, pareto_front

VOLUMES = {
    "rank": "hypervolume_rank",
    "nuclear norm": "hypervolume_norm",
    "sentences": "hypervolume_sentences",
}
"""The measure of each axis of points."""

OF_FIRST_SEED = frozenset({"compression", *VOLUMES.values()})
"""Measures that are no means over seeds."""

DOUBLINGS = ("rank", "sentences")
"""Axes that are measured in doublings."""

COLUMNS = (
    "layer", "family", "rank", "parameters", "measure", "value", "low", "high", "n", "seeds", "seed_sd", "gain",
    "gain_low", "gain_high",
)  # fmt: skip
POINT_COLUMNS = ("layer", "family", "axis", "at", "strength", "measure", "value", "low", "high", "n", "on_front")


@dataclass(frozen=True)
class Measures:
    """Every measure by family, layer and name; a layer of None is that of no layer.

    `seed_sd` are the deviations over seeds of those that are of probes.
    """

    values: Mapping[tuple[str, int | None, str], Estimate]
    seed_sd: Mapping[tuple[str, int | None, str], float]
    points: Mapping[Place, Sequence[tuple[Point, Estimate]]]


def measures_of(trained: Trained, bank: Treebank) -> Measures:
    """Resample once what was scored on the same sentences, and once the code of `bank`, which was trained on."""
    named = dict(_named(trained))
    points = [(place, point) for place, own in trained.points.items() for point in own]
    found = estimates([*(mean_tally(tallies) for tallies in named.values()), *(point.tally for _, point in points)])
    values: dict[tuple[str, int | None, str], Estimate] = dict(zip(named, found))
    by_place: dict[Place, list[tuple[Point, Estimate]]] = {}
    for (place, point), estimate in zip(points, found[len(named) :], strict=True):
        by_place.setdefault(place, []).append((point, estimate))
    for family, layer in trained.plain:
        values[family, layer, "selectivity_uuas"] = (
            values[family, layer, "uuas"] - values[family, layer, "control_uuas"]
        )
        values[family, layer, "conditional_uuas"] = (
            values[family, layer, "joint_uuas"] - values[family, None, "baseline_uuas"]
        )
    codes = estimates([code_tally(code, bank) for code in trained.codes.values()])
    values |= {(*place, "compression"): one for place, one in zip(trained.codes, codes)}
    values |= dict(_volumes(by_place))
    spread = {
        key: float(np.std([one.value for one in tallies], ddof=1)) for key, tallies in named.items() if len(tallies) > 1
    }
    return Measures(values, spread, by_place)


def code_tally(code: CodeLength, bank: Treebank) -> Tally:
    """The compression of a code as a tally: bits of the uniform code over bits of the code, sentence by sentence."""
    bits, uniform = code.by_sentence
    return micro("compression", uniform, bits, documents=document_numbers(bank))


def _named(trained: Trained) -> Iterator[tuple[tuple[str, int | None, str], Sequence[Tally]]]:
    """The tallies of every score, those of all seeds."""
    yield (CHAIN, None, "uuas"), [trained.chain]
    for name, tallies in (("uuas", trained.plain), ("control_uuas", trained.control), ("joint_uuas", trained.joint)):
        for (family, layer), own in tallies.items():
            alone = layer == ALONE
            yield (family, None if alone else layer, "baseline_uuas" if alone else name), own


def _volumes(
    points: Mapping[Place, Sequence[tuple[Point, Estimate]]],
) -> Iterator[tuple[tuple[str, int, str], Estimate]]:
    """The hypervolume of every family and layer by axis, over the range that all layers of a family share."""
    for axis, measure in VOLUMES.items():
        for family in dict.fromkeys(place[0] for place in points):
            own = {
                place: [(_cost(point), one) for point, one in some if point.axis == axis]
                for place, some in points.items()
                if place[0] == family
            }
            costs = [cost for some in own.values() for cost, _ in some]
            least = min(costs, default=0.0) if axis in DOUBLINGS else 0.0
            if not costs or max(costs) <= least:
                continue
            for (_, layer), some in own.items():
                complexity, accuracy = zip(*some)
                yield (family, layer, measure), volume(complexity, accuracy, least=least, most=max(costs))


def _cost(point: Point) -> float:
    """Where a point stands on its axis."""
    return float(np.log2(point.at)) if point.axis in DOUBLINGS else point.at


def effort_table(measures: Measures, trained: Trained, *, rank: int, baseline: int | None) -> pd.DataFrame:
    """A row for each layer, family and measure.

    Args:
        rank: that of the plain probes.
        baseline: the layer of the checkpoint that is the baseline; None where it is of another encoder.

    Returns:
        layer (missing for the chain and for the baseline alone), family, rank, parameters; measure; value, low, high
        and n; seeds, and seed_sd over them; gain, gain_low and gain_high: what is gained over the same measure at the
        baseline's layer, on the same samples.
    """
    seeds = max(map(len, trained.plain.values()))
    rows = []
    for (family, layer, measure), estimate in measures.values.items():
        low, high = estimate.interval
        first = None if layer in (None, baseline) else measures.values.get((family, baseline, measure))
        gain = None if first is None else estimate - first
        rows.append(
            {
                "layer": layer,
                "family": family,
                "rank": None if family == CHAIN else rank,
                "parameters": None if layer is None else trained.parameters.get((family, layer)),
                "measure": measure,
                "value": estimate.value,
                "low": low,
                "high": high,
                "n": estimate.n,
                "seeds": None if family == CHAIN else 1 if measure in OF_FIRST_SEED else seeds,
                "seed_sd": measures.seed_sd.get((family, layer, measure), np.nan),
                **({} if gain is None else dict(zip(("gain", "gain_low", "gain_high"), (gain.value, *gain.interval)))),
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(("layer", "rank", "parameters", "n", "seeds"), "Int64"))


def points_table(measures: Measures) -> pd.DataFrame:
    """A row for each probe that was given little.

    Its columns: layer, family; axis, at and strength; measure, which is always uuas; value, low, high, n; on_front.

    `on_front` says whether no other point of the same family, layer and axis does as well for less.
    """
    rows = []
    for (family, layer), some in measures.points.items():
        for axis in VOLUMES:
            own = sorted(((p, e) for p, e in some if p.axis == axis), key=lambda each: each[0].at)
            if not own:
                continue
            front = pareto_front([point.at for point, _ in own], [one.value for _, one in own])
            for (point, one), best in zip(own, front.tolist()):
                low, high = one.interval
                values: dict[str, Any] = {"layer": layer, "family": family, "axis": axis, "at": point.at}
                values |= {
                    "strength": point.strength,
                    "measure": "uuas",
                    "value": one.value,
                    "low": low,
                    "high": high,
                    "n": one.n,
                }
                rows.append({**values, "on_front": best})
    return pd.DataFrame(rows, columns=list(POINT_COLUMNS))
