"""The rule by which effects become a verdict, written down once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from treeprobe.parsing import Tally
from treeprobe.parsing.scores.intervals import resample
from treeprobe.pipeline.effects.comparison import RESAMPLES, comparisons_of
from treeprobe.pipeline.effects.measures import ACCURACY
from treeprobe.pipeline.effects.significance import holm

Verdict = Literal["used", "present, no evidence of use", "absent"]

LEVEL = 0.05
"""Adjusted p-values below it count."""


@dataclass(frozen=True)
class Presence:
    """Where something is found in a model, and by how much more than in baselines.

    Attributes:
        table: a row for each layer: layer, value (the score of what finds it there), simple (of a baseline that knows
            no vectors), random_weights (of the same architecture's with random weights at that layer), and p_simple and
            p_random, adjusted for all layers and both baselines.
    """

    table: pd.DataFrame

    @property
    def layers(self) -> list[int]:
        """The layers where more is found than in both baselines, and both p-values are below 5 %."""
        rows = self.table
        more = rows["value"] > rows[["simple", "random_weights"]].max(axis=1)
        return [int(layer) for layer in rows.loc[more & (rows[["p_simple", "p_random"]].max(axis=1) < LEVEL), "layer"]]


def find_presence(layers: Sequence[int], found: Sequence[Tally], twins: Sequence[Tally], simple: Tally) -> Presence:
    """Compare what is found at every layer with what a simple baseline finds, and with random weights at that layer.

    Args:
        layers: their numbers.
        found, twins: scores at the layers, and at those of the same architecture with random weights.
        simple: the score of a baseline that knows no vectors.
    """
    resampled, count = resample([simple, *found, *twins], resamples=RESAMPLES), len(layers)
    p_simple = [resampled.difference(1 + place, 0).p for place in range(count)]
    p_random = [resampled.difference(1 + place, 1 + count + place).p for place in range(count)]
    adjusted = holm([*p_simple, *p_random])
    return Presence(
        pd.DataFrame(
            {
                "layer": layers,
                "value": [tally.value for tally in found],
                "simple": simple.value,
                "random_weights": [tally.value for tally in twins],
                "p_simple": adjusted[:count],
                "p_random": adjusted[count:],
            }
        )
    )


def used_at(effects: pd.DataFrame, interventions: Collection[str], present: Collection[int]) -> pd.DataFrame:
    """Where behaviour falls more under an intervention than under every random control.

    That is: at a layer where the probe finds trees, accuracy on minimal pairs is below that under every single draw of
    every control, and below the mean of each kind of control by a difference whose two-sided p-value, adjusted for all
    layers, interventions and kinds of controls (Holm 1979), is below 5 %.

    Args:
        effects: from `effects_table`.
        interventions: those that count.
        present: layers where the probe finds trees.

    Returns:
        a row for each such layer and intervention, with the control that comes nearest: layer, intervention, control,
        difference, difference_low, difference_high, p_holm.
    """
    rows = comparisons_of(effects, ACCURACY)
    rows = rows[rows["intervention"].isin(list(interventions)) & rows["layer"].isin(list(present))]
    own = effects[(effects["measure"] == ACCURACY) & (effects["control"] == "")]
    values = own.set_index(["layer", "intervention"])["value"]
    value = [values[layer, name] for layer, name in zip(rows["layer"], rows["intervention"])]
    falls = (rows["difference"] < 0) & (rows["p_holm"] < LEVEL) & (rows["least"] > value)
    nearest = rows.assign(falls=falls).sort_values("difference", ascending=False, kind="stable")
    together = nearest.groupby(["layer", "intervention"], sort=False)
    found = together.first()[together["falls"].all()].reset_index()
    columns = ["layer", "intervention", "control", "difference", "difference_low", "difference_high", "p_holm"]
    return found[columns].sort_values("difference", kind="stable").reset_index(drop=True)


def verdict_on(effects: pd.DataFrame, interventions: Collection[str], present: Collection[int]) -> Verdict | None:
    """Whether what is found is used, by the interventions on it; None where behaviour was not measured.

    - `absent`: it is found at no layer (`Presence.layers`).
    - `used`: at a layer where it is found, behaviour falls more under one of the interventions than under every random
      control (`used_at`).
    - `present, no evidence of use`: it is found, and behaviour does not. That is no evidence that it is not used.
    """
    if not present:
        return "absent"
    if not (effects["measure"] == ACCURACY).any():
        return None
    return "present, no evidence of use" if used_at(effects, interventions, present).empty else "used"


@dataclass(frozen=True)
class Judged:
    """Something that is looked for in a model, and the verdict on it.

    Attributes:
        name: what it is: trees, as a distance probe finds them, or relations, as a linear classifier does.
        interventions: those that act on it.
        presence: where it is found.
        verdict: None where behaviour was not measured.
    """

    name: str
    interventions: Sequence[str]
    presence: Presence
    verdict: Verdict | None

    @classmethod
    def of(cls, name: str, interventions: Sequence[str], presence: Presence, effects: pd.DataFrame) -> "Judged":
        """Apply the rule (`verdict_on`)."""
        return cls(name, interventions, presence, verdict_on(effects, interventions, presence.layers))
