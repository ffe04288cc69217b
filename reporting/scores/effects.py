"""What becomes of a measure under an intervention on each layer, beside random controls."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from treeprobe.reporting.style.axes import clean_axes, legend_above
from treeprobe.reporting.style.names import metric_name
from treeprobe.reporting.style.palette import ASH, BLUE, PALE, baseline_styles

_NAMES = {"probe": "probe erased", "counterfactual": "counterfactual trees", "roles": "relations exchanged"}


def effect_by_layer(
    effects: pd.DataFrame, ax: Axes, *, intervention: str, measure: str = "accuracy", at: int | None = None
) -> Axes:
    """Draw a measure by the layer that is edited, with its 95 % interval.

    Grey lines are the means of the controls, by what they have in common with the intervention, and the band around
    them goes from the least to the greatest of their draws. The dashed line is the model as it is, at each layer.

    Args:
        effects: The table `effects.csv` of `treeprobe causal`.
        ax: The axes, returned.
        intervention: Which one.
        measure: One of the table's.
        at: Where it was measured, for measures of one layer; the last layer where None.

    Raises:
        ValueError: The table has no such measure of this intervention.
    """
    rows = effects[(effects["intervention"] == intervention) & (effects["measure"] == measure)]
    rows = rows.astype({"control": "string"}).fillna({"control": ""})
    if not rows["at"].isna().all():
        rows = rows[rows["at"] == (rows["at"].max() if at is None else at)]
    if rows.empty:
        found = ", ".join(effects["measure"].unique())
        raise ValueError(f"no {measure!r} of the intervention {intervention!r}; found {found}")
    own = rows[rows["control"] == ""].sort_values("layer")
    controls = rows[rows["control"] != ""].sort_values("layer")
    band = controls.groupby("layer").agg(least=("least", "min"), greatest=("greatest", "max"))
    ax.fill_between(band.index, band["least"], band["greatest"], color=PALE, linewidth=0, label="draws of controls")
    for (kind, line), style in zip(controls.groupby("control", sort=False), baseline_styles()):
        ax.plot(line["layer"], line["value"], label=f"random, same {kind}", **style.line)
    unedited = own["value"] - own["change"]
    ax.plot(own["layer"], unedited, color=ASH, linewidth=1.0, linestyle=(0, (5, 3)), zorder=0, label="unedited")
    values = own["value"].to_numpy(dtype=float)
    errors = np.stack([values - own["low"], own["high"] - values]).clip(min=0)
    name = _NAMES.get(intervention, f"{intervention} erased")
    ax.errorbar(own["layer"], values, yerr=errors, fmt="o-", color=BLUE, markersize=4.5, capsize=2, label=name)
    ax.set(xlabel="layer edited (0: embeddings)", ylabel=metric_name(measure))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return clean_axes(legend_above(ax, ncols=2), grid="y")
