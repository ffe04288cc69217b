"""Probes of one treebank scored on another."""

import pandas as pd

from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.results.scores import CHOSEN_ON, best_rows, reported_split
from treeprobe.reporting import heat_map, new_figure
from treeprobe.reporting.html import Picture, Section, picture


def transfer_section(results: Results) -> Section | None:
    """A map for each checkpoint, treebanks by treebanks; None where nothing was transferred."""
    scores = results.scores
    rows = scores[scores["analysis"].isin(["structure", "transfer"])]
    split = reported_split(rows)
    if not (rows["analysis"] == "transfer").any():
        return None
    best = best_rows(rows, by=["checkpoint", "trained_on", "treebank"], split=split)
    if best.empty:
        return None
    best = best[best["rank"] == best.groupby("checkpoint")["rank"].transform("max")]
    limits = float(best["value"].min()), float(best["value"].max())
    found = {str(name): own for name, own in best.groupby("checkpoint", sort=False)}
    pictures = [_transfer_map(name, own, *limits) for name, own in drawn(found).items()]
    text = (
        "Probes trained on one treebank, scored on another, at the layer that is best there. "
        f"Scores are of {split}; layers are {CHOSEN_ON[split]}."
    ) + said_of_drawn(len(found))
    return Section("transfer", "Transfer", text, pictures=pictures)


def _transfer_map(checkpoint: str, best: pd.DataFrame, low: float, high: float) -> Picture:
    """UUAS by the treebank trained on and the treebank scored on, shaded from `low` to `high`."""
    table = best.pivot_table(index="trained_on", columns="treebank", values="value")
    figure, axes = new_figure((2.6 + 0.7 * table.shape[1], 1.5 + 0.4 * len(table)))
    rows, columns = ([str(one) for one in axis] for axis in (table.index, table.columns))
    heat_map(table.to_numpy(dtype=float), axes, rows=rows, columns=columns, label="UUAS", low=low, high=high, digits=3)
    axes.set_xlabel("scored on")
    axes.set_ylabel("trained on")
    return picture(figure, title=checkpoint, description=table.round(3).to_string(), shaded=True)
