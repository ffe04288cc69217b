"""Scores over the steps of training runs."""

import pandas as pd

from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.report.results import METRICS, MOST_SHOWN, TITLES, Results, evenly
from treeprobe.pipeline.results.scores import CHAIN, CHOSEN_ON, best_rows, probe_rows, reported_split
from treeprobe.reporting import new_figure, step_curves
from treeprobe.reporting.html import Picture, Section, curve_size, picture


def training_section(results: Results) -> Section | None:
    """Each metric over training, each step at its best layer."""
    scores = results.scores
    rows = scores[(scores["analysis"] == "structure") & scores["step"].notna()].dropna(subset="value")
    split = reported_split(rows)
    metrics = [metric for metric in METRICS if not probe_rows(rows, metric).empty]
    if not metrics:
        return None
    text = (
        f"Scores of {split}, each step at the layer that is best for it, {CHOSEN_ON[split]}; steps on a logarithmic "
        "scale."
    )
    best = probe_rows(rows, metrics[0]).groupby("family")["value"].max().sort_values().index.tolist()
    shown = evenly(best, MOST_SHOWN)
    if len(shown) < len(best):
        text += f" Curves are of {len(shown)} of {len(best)} runs, spread over the range of their best scores."
        rows = rows[rows["family"].isin(shown)]
    pictures = [training_picture(rows, metric, split=split) for metric in metrics]
    return Section("training", "Training", text, pictures=pictures)


def training_picture(rows: pd.DataFrame, metric: str, *, split: Split = "dev") -> Picture:
    """One metric of a split over training, above the left-to-right chain."""
    best = best_rows(rows, by=["family", "treebank", "step"], metric=metric, split=split)
    best = best[best["rank"] == best.groupby(["family", "treebank", "step"])["rank"].transform("max")]
    chain = probe_rows(rows[rows["split"] == split], metric, probe=CHAIN).drop_duplicates("treebank").astype(object)
    chain["step"] = None
    best = best.assign(probe=best["family"])
    if best["treebank"].nunique() > 1:
        best, chain = (table.assign(probe=table["probe"] + ", " + table["treebank"]) for table in (best, chain))
    shown: pd.DataFrame = pd.concat([best, chain])[["step", "probe", "metric", "value", "low", "high"]]
    figure, axes = new_figure(curve_size(shown["probe"].nunique()))
    step_curves(shown, axes, metric=metric, baselines=set(chain["probe"]), labels="legend")
    if best["step"].max() > 0:
        first = float(best.loc[best["step"] > 0, "step"].min())
        axes.set_xscale("symlog", linthresh=first)
        axes.set_xlim(left=-first / 5)
    text = "; ".join(f"step {step}: {value:.3f}" for step, value in zip(best["step"], best["value"]))
    return picture(figure, title=f"{TITLES[metric]} over training, at the best layer", description=text)
