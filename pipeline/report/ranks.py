"""Scores by the rank of the probes."""

import pandas as pd

from treeprobe.pipeline.report.results import Results, spread
from treeprobe.pipeline.results.scores import CHOSEN_ON, best_rows, probe_rows, reported_split
from treeprobe.reporting import new_figure, rank_curves
from treeprobe.reporting.html import Picture, Section, curve_size, picture


def ranks_section(results: Results) -> Section | None:
    """UUAS by rank, each checkpoint at its best layer; None where there is but one rank."""
    scores = results.scores
    rows = scores[scores["analysis"] == "structure"]
    split = reported_split(rows)
    if probe_rows(rows, "uuas")["rank"].nunique() < 2:
        return None
    best = best_rows(rows[rows["checkpoint"].isin(spread(rows))], by=["checkpoint", "trained_on"], split=split)
    if best.empty:
        return None
    return Section(
        "ranks",
        "Ranks",
        "How many dimensions the tree needs: UUAS at the best layer, by the rank of the probe. "
        f"Scores are of {split}; layers are {CHOSEN_ON[split]}.",
        pictures=[_rank_picture(own, str(bank)) for bank, own in best.groupby("trained_on", sort=False)],
    )


def _rank_picture(best: pd.DataFrame, bank: str) -> Picture:
    """UUAS by rank on one treebank, a curve for each checkpoint."""
    figure, axes = new_figure(curve_size(best["checkpoint"].nunique()))
    rank_curves(best.drop(columns=["layer", "split"]), axes, metric="uuas", labels="legend")
    text = "; ".join(f"{row.checkpoint}, rank {row.rank}: {row.value:.3f}" for row in best.itertuples())
    return picture(figure, title=f"UUAS by rank, {bank}", description=text)
