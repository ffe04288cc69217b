"""Which properties of a language go with how well its trees are found: rank correlations over languages."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, spearmanr

from treeprobe.pipeline.atlas.reading import Charted
from treeprobe.pipeline.effects.significance import holm

ENOUGH = 10
"""Languages below which no correlation is told; of ten, the interval of a rho below .68 still holds 0."""
SIZES = ("sentences", "words")
"""Measures of the training split, which say what probes learnt from; all others are of the split that is scored."""
_COLUMNS = ["checkpoint", "score", "measure", "languages", "rho", "low", "high", "p", "p_holm"]


def measure_rows(charted: Sequence[Charted]) -> pd.DataFrame:
    """The measures of every language for every checkpoint: sizes of train, all others of the split that is reported."""
    frames = []
    for one in charted:
        for language, found in one.covariates.items():
            table = found.table("covariates", texts=("of", "measure", "split"))
            sizes = table["measure"].isin(SIZES)
            kept = table[(table["split"] == one.split) & ~sizes | (table["split"] == "train") & sizes]
            frames.append(kept.assign(checkpoint=one.checkpoint, treebank=language))
    columns = ["checkpoint", "treebank", "of", "measure", "split", "value", "low", "high"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def association_rows(scores: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rho of each measure with UUAS, and with what is above the chain, for each checkpoint.

    Only where `ENOUGH` languages have both, and the measure differs among them. p is two-sided, `p_holm` adjusted for
    all measures beside one score (Holm 1979). The interval is of 95 % (`rho_interval`).
    """
    rows = []
    own = scores[scores["probe"] == "distance"]
    for (checkpoint, score), scored in own.groupby(["checkpoint", "metric"], sort=False):
        values = scored.set_index("treebank")["value"]
        known = measures[measures["checkpoint"] == checkpoint]
        found = list(_correlations(values, known))
        adjusted = holm([row["p"] for row in found])
        rows += [
            {"checkpoint": checkpoint, "score": score, **row, "p_holm": p}
            for row, p in zip(found, adjusted, strict=True)
        ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def rho_interval(rho: float, count: int) -> tuple[float, float]:
    """The 95 % interval of Spearman's rho over so many languages (Bonett & Wright 2000)."""
    spread = float(norm.ppf(0.975)) * np.sqrt((1 + rho**2 / 2) / (count - 3))
    centre = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    return float(np.tanh(centre - spread)), float(np.tanh(centre + spread))


def _correlations(values: "pd.Series[float]", measures: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """A row for each measure that can be correlated."""
    for measure, own in measures.groupby("measure", sort=False):
        both = pd.concat([values, own.set_index("treebank")["value"]], axis="columns", join="inner").dropna()
        both.columns = pd.Index(["score", "measure"])
        if len(both) < ENOUGH or both["measure"].nunique() < 2 or both["score"].nunique() < 2:
            continue
        found = spearmanr(both["score"], both["measure"])
        low, high = rho_interval(float(found.statistic), len(both))
        yield {
            "measure": measure,
            "languages": len(both),
            "rho": float(found.statistic),
            "low": low,
            "high": high,
            "p": float(found.pvalue),
        }
