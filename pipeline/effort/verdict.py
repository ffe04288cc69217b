"""Is it the representation or the probe? The rule, and how the answer is told."""

from typing import Literal

import pandas as pd

from treeprobe.pipeline.results.scores import CHAIN

Verdict = Literal["representation", "probe", "baseline"]

VERDICTS: dict[Verdict, str] = {
    "representation": "the layer adds to the baseline, and the probe does not memorise as much",
    "probe": "the layer adds to the baseline, and the probe memorises control trees as well",
    "baseline": "the layer adds nothing that is beyond chance: the probe finds as much in the baseline",
}


def verdict_of(conditional_low: float, selectivity_low: float) -> Verdict:
    """The verdict on a probe of a layer, given where the intervals of two of its measures begin.

    Args:
        conditional_low: of what the layer adds to the baseline.
        selectivity_low: of the score less that on control trees.
    """
    if not conditional_low > 0:
        return "baseline"
    return "representation" if selectivity_low > 0 else "probe"


def verdicts_table(table: pd.DataFrame) -> pd.DataFrame:
    """The verdict on every layer and family of the table of effort: layer, family, verdict."""
    lows = table.dropna(subset="layer").pivot(index=["layer", "family"], columns="measure", values="low")
    found = [verdict_of(row["conditional_uuas"], row["selectivity_uuas"]) for _, row in lows.iterrows()]
    return lows.reset_index()[["layer", "family"]].assign(verdict=found)


def wide_table(table: pd.DataFrame, *, layer: int | None = None) -> pd.DataFrame:
    """Values by family and layer, a column a measure, the chain left out; those of one layer, where it is given."""
    own = table[(table["family"] != CHAIN) & table["layer"].notna()]
    if layer is not None:
        own = own[own["layer"] == layer]
    order = list(dict.fromkeys(own["measure"]))
    return own.pivot(index=["family", "layer"], columns="measure", values="value")[order].reset_index()
