"""Scores over the steps of training runs."""

import pandas as pd

from treeprobe.pipeline.report.results import METRICS, TITLES, Results
from treeprobe.pipeline.scores import best_rows, probe_rows
from treeprobe.reporting import new_figure, step_curves
from treeprobe.reporting.html import Picture, Section, curve_size, picture


def training_section(results: Results) -> Section | None:
    """Each metric over training, each step at its best layer."""
    scores = results.scores
    rows = scores[(scores["analysis"] == "structure") & (scores["split"] == "dev") & scores["step"].notna()]
    rows = rows.dropna(subset="value")
    metrics = [metric for metric in METRICS if not probe_rows(rows, metric).empty]
    if not metrics:
        return None
    text = "Each step at the layer that is best for it; steps on a logarithmic scale."
    return Section("training", "Training", text, pictures=[training_picture(rows, metric) for metric in metrics])


def training_picture(rows: pd.DataFrame, metric: str) -> Picture:
    """One metric over training, above the left-to-right chain."""
    best = best_rows(rows, by=["family", "treebank", "step"], metric=metric)
    best = best[best["rank"] == best.groupby(["family", "treebank", "step"])["rank"].transform("max")]
    chain = rows[(rows["metric"] == metric) & (rows["probe"] == "chain")].drop_duplicates("treebank").astype(object)
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
