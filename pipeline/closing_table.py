"""The table of scores that a terminal shows when a run ends."""

import math

import pandas as pd

from treeprobe.pipeline.scores import CHAIN, CONTROL, HEADLINE_METRICS
from treeprobe.reporting import merge_seeds, metric_name

METRIC_LEGENDS = {
    "uuas": "UUAS: share of the gold edges that are in the recovered trees.",
    "dspr": "DSpr.: rank correlation of predicted and gold distances between words.",
    "root_accuracy": "Root accuracy: share of the sentences whose shallowest word is the root.",
    "nspr": "NSpr.: rank correlation of predicted and gold depths.",
}
CHAIN_LEGEND = "Chain: every word is attached to the one before it."
LEGEND = "±: half the width of the 95 % interval, resampling {resampled}."
SEEDS_LEGEND = "Scores are means over {seeds} seeds; sd: standard deviation over seeds."
SELECTIVITY_LEGEND = "In brackets: selectivity, the score less that of the same probe on control trees."


def closing_table(scores: pd.DataFrame) -> str:
    """Headline scores by split and layer, baselines last, each with half the width of its interval.

    Several seeds are reported as their mean, see `reporting.merge_seeds`. Where there are control trees, selectivity
    is in brackets; the controls' own scores are left to the file.
    """
    rows = merge_seeds(scores[scores["metric"].isin(HEADLINE_METRICS) & (scores["probe"] != CONTROL)])
    selectivity = merge_seeds(scores[scores["metric"].str.startswith("selectivity_")])
    known = selectivity.assign(metric=selectivity["metric"].str.removeprefix("selectivity_"))
    beside = [name for name in ("split", "layer", "probe", "rank", "metric") if name in rows]
    shown = rows.merge(known[[*beside, "value"]], how="left", on=beside, suffixes=("", "_selectivity"))
    numbers = shown[["value", "low", "high", "seed_sd", "value_selectivity"]]
    shown["cell"] = [_cell(*row) for row in numbers.itertuples(index=False)]
    ranked = shown["rank"].nunique() > 1
    shown["row"] = [_row_name(*row, ranked=ranked) for row in shown[["probe", "layer", "rank"]].itertuples(index=False)]
    blocks = []
    for split, block in shown.groupby("split", sort=False):
        table = block.pivot_table(index="row", columns="metric", values="cell", aggfunc="first", sort=False)
        table = table.reindex(columns=[metric for metric in HEADLINE_METRICS if metric in table.columns])
        table.columns = pd.Index([metric_name(metric) for metric in table.columns])
        treebank = block["treebank"].iloc[0]
        blocks.append(f"{split_title(str(split), treebank)}\n{_aligned_left(table.rename_axis(None).fillna(''))}")
    blocks += [_compression_table(scores)] if (scores["metric"] == "compression").any() else []
    units = " and ".join(rows["resampled"].dropna().unique())
    marks = _legend(units, seeds=scores["seed"].nunique(), selectivity=not selectivity.empty)
    return "\n\n".join([*blocks, "\n".join([marks, *_meanings(rows)])])


def _meanings(rows: pd.DataFrame) -> list[str]:
    """What the names of the columns mean, a line each, and of the chain where it has a row."""
    told = [meaning for metric, meaning in METRIC_LEGENDS.items() if metric in set(rows["metric"])]
    return [*told, CHAIN_LEGEND] if (rows["probe"] == CHAIN).any() else told


def _legend(resampled: str, *, seeds: int, selectivity: bool) -> str:
    """What the marks in a cell mean."""
    marks = [LEGEND.format(resampled=resampled)]
    marks += [SEEDS_LEGEND.format(seeds=seeds)] if seeds > 1 else []
    return " ".join([*marks, SELECTIVITY_LEGEND] if selectivity else marks)


def _aligned_left(table: pd.DataFrame) -> str:
    """The table as text, cells and headings beginning one below the other, whatever follows a score in its cell."""
    widths = {name: max(len(str(name)), *table[name].str.len()) for name in table.columns}
    padded = pd.DataFrame({name.ljust(widths[name]): table[name].str.ljust(widths[name]) for name in table.columns})
    return "\n".join(line.rstrip() for line in padded.to_string(justify="left").splitlines())


def split_title(split: str, treebank: str) -> str:
    """`dev (en_ewt)`, or `dev` alone for a treebank of that name."""
    return split if treebank == split else f"{split} ({treebank})"


def _compression_table(scores: pd.DataFrame) -> str:
    """How many times shorter than the uniform code the training trees become, by layer and kind of probe."""
    rows = scores[scores["metric"] == "compression"].assign(
        row=lambda frame: "layer " + frame["layer"].astype("Int64").astype(str)
    )
    table = rows.pivot_table(index="row", columns="probe", values="value", aggfunc="first", sort=False)
    text = table.rename_axis(None).rename_axis(None, axis=1).to_string(float_format="{:.2f}".format)
    return f"train ({rows['treebank'].iloc[0]}): uniform code / online code\n{text}"


def _cell(value: float, low: float, high: float, seed_sd: float, selectivity: float) -> str:
    """A score, half the width of its 95 % interval, its spread over seeds, and in brackets its selectivity."""
    spread = "" if math.isnan(seed_sd) else f" sd {seed_sd:.3f}"
    gain = "" if math.isnan(selectivity) else f" ({selectivity:+.3f})"
    return f"{value:.3f} ±{(high - low) / 2:.3f}{spread}{gain}"


def _row_name(probe: str, layer: int | None, rank: int | None, *, ranked: bool) -> str:
    """`layer 3`, or the baseline's name with the layer it has; the rank too where there are several."""
    if pd.isna(layer):
        return probe
    named = f"layer {int(layer)}, rank {rank}" if ranked else f"layer {int(layer)}"
    return named if probe in ("distance", "depth") else f"{probe}, {named}"
