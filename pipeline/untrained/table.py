"""The table of untrained trees: scores with intervals, and paired differences from the baseline of each metric."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.parsing.scores import resample
from treeprobe.pipeline.untrained.scoring import BRANCHING, CHAIN, Scored

COLUMNS = (
    "checkpoint", "treebank", "split", "trees", "setting", "layer", "decoder", "chosen", "metric", "value", "low",
    "high", "n", "over", "difference", "difference_low", "difference_high", "p", "resampled",
)  # fmt: skip
TEXTS = ("checkpoint", "treebank", "split", "trees", "setting", "decoder", "metric", "over", "resampled")
"""Columns that stay text."""
BASELINES = {"uuas": CHAIN, "uas": CHAIN, "bracket_f1": BRANCHING, "bracket_recall": BRANCHING}
"""What each metric's scores are compared with; of two such chains or branchings, with the better one on dev."""


def tabulate(scored: Sequence[Scored], *, checkpoint: str, treebank: str) -> pd.DataFrame:
    """One row for each score; the scores of a split are resampled alike, and differences are paired."""
    rows = [
        {"checkpoint": checkpoint, "treebank": treebank, **row}
        for split in dict.fromkeys(one.split for one in scored)
        for row in _split_rows([one for one in scored if one.split == split], _baselines(scored))
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"layer": "Int64", "n": "Int64", "chosen": bool})


def _baselines(scored: Sequence[Scored]) -> dict[str, tuple[str, str]]:
    """By metric, the trees and the setting of the baseline that is best on dev."""
    best: dict[str, tuple[str, str]] = {}
    values: dict[str, float] = {}
    for one in scored:
        metric, value = one.tally.metric, float(np.nan_to_num(one.tally.value, nan=-1.0))
        if one.split == "dev" and one.trees == BASELINES.get(metric) and value > values.get(metric, -np.inf):
            best[metric], values[metric] = (one.trees, one.setting), value
    return best


def _split_rows(scored: Sequence[Scored], baselines: dict[str, tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The rows of one split."""
    found = resample([one.tally for one in scored])
    places = {
        metric: next(
            place
            for place, one in enumerate(scored)
            if (one.tally.metric, one.trees, one.setting) == (metric, *baseline)
        )
        for metric, baseline in baselines.items()
    }
    for place, one in enumerate(scored):
        row: dict[str, Any] = {
            "split": one.split, "trees": one.trees, "setting": one.setting, "layer": one.layer, "decoder": one.decoder,
            "chosen": one.chosen, **vars(found.score(place)),
        }  # fmt: skip
        baseline = places.get(one.tally.metric)
        if baseline is not None and baseline != place:
            gap = found.difference(place, baseline)
            row |= {
                "over": " ".join(filter(None, (scored[baseline].trees, scored[baseline].setting))),
                "difference": gap.value, "difference_low": gap.low, "difference_high": gap.high, "p": gap.p,
            }  # fmt: skip
        yield row
