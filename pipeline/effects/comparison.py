"""Effects beside those of the random controls, on the same sentences: the table of the analysis `causal`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from treeprobe.parsing import Tally
from treeprobe.parsing.scores.intervals import Resampled, mean_tally, resample
from treeprobe.pipeline.effects.conditions import Condition
from treeprobe.pipeline.effects.measures import Measure, Measured
from treeprobe.pipeline.effects.significance import holm

RESAMPLES = 10_000
"""So many that a p-value can still be below 5 % after adjustment for some hundred comparisons."""

COLUMNS = [
    "layer", "intervention", "control", "measure", "at", "value", "low", "high", "n",
    "change", "change_low", "change_high",
    "difference", "difference_low", "difference_high", "p", "p_holm", "draws", "least", "greatest",
]  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What was measured under one condition."""

    condition: Condition
    measured: Measured


def effects_table(unedited: Measured, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Every measure under every intervention and kind of control, against the unedited model and each other.

    Args:
        unedited: measures of the model as it is.
        outcomes: of every condition; the interventions of a layer before their controls.

    Returns:
        a row for each layer, intervention, control (empty for the intervention itself), measure and `at` (the layer
        where it was measured; missing for what the whole model does):

        - value, low, high, n: the measure; of controls, the mean over their draws. Intervals are 95 %, and resample
          documents where ten or more are known, sentences otherwise.
        - change, change_low, change_high: from the unedited model, on the same samples.
        - of controls, difference, difference_low, difference_high: the intervention less the control, likewise; p, its
          two-sided p-value, and p_holm, the same adjusted for all comparisons of this measure (`holm`).
        - of controls, draws, how many there were, least and greatest, their extreme values.
    """
    measures: dict[Measure, None] = dict.fromkeys(measure for one in outcomes for measure in one.measured)
    rows = [row for measure in measures for row in _rows(measure, unedited[measure], outcomes)]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "p_holm"])
    adjusted = table.groupby("measure")["p"].transform(lambda p: holm(p.to_numpy()))
    table = table.assign(p_holm=adjusted)[COLUMNS].astype({"at": "Int64", "draws": "Int64"})
    order = {name: number for number, name in enumerate(dict.fromkeys(one.condition.intervention for one in outcomes))}
    keys = table.assign(place=table["intervention"].map(order))
    return table.loc[keys.sort_values(["place", "layer"], kind="stable").index].reset_index(drop=True)


def _rows(measure: Measure, unedited: Tally, outcomes: Sequence[Outcome]) -> Iterator[dict[str, object]]:
    """All rows of a measure, from the same bootstrap samples."""
    groups: dict[tuple[int, str, str], list[Tally]] = {}
    for one in outcomes:
        if measure in one.measured:
            key = (one.condition.layer, one.condition.intervention, one.condition.control)
            groups.setdefault(key, []).append(one.measured[measure])
    places = {key: number for number, key in enumerate(groups, 1)}
    found = resample([unedited, *(mean_tally(draws) for draws in groups.values())], resamples=RESAMPLES)
    for key, draws in groups.items():
        layer, intervention, control = key
        row = {"layer": layer, "intervention": intervention, "control": control, "measure": measure.name}
        row |= {"at": measure.at, **_against_unedited(found, places[key])}
        yield row | (_against_control(found, places[layer, intervention, ""], places[key], draws) if control else {})


def _against_unedited(found: Resampled, place: int) -> dict[str, object]:
    """A value and its change."""
    score, change = found.score(place), found.difference(place, 0)
    return {
        "value": score.value, "low": score.low, "high": score.high, "n": score.n,
        "change": change.value, "change_low": change.low, "change_high": change.high,
    }  # fmt: skip


def _against_control(found: Resampled, own: int, control: int, draws: Sequence[Tally]) -> dict[str, object]:
    """By how much an intervention is above its control."""
    gap = found.difference(own, control)
    values = [draw.value for draw in draws]
    return {
        "difference": gap.value, "difference_low": gap.low, "difference_high": gap.high, "p": gap.p,
        "draws": len(draws), "least": min(values), "greatest": max(values),
    }  # fmt: skip


def comparisons_of(effects: pd.DataFrame, measure: str, *, intervention: str | None = None) -> pd.DataFrame:
    """The rows of `effects_table` that compare an intervention, or all, with controls by one measure."""
    rows = effects[(effects["measure"] == measure) & (effects["control"] != "")]
    return rows if intervention is None else rows[rows["intervention"] == intervention]
