"""The tidy table of scores that every run, sweep and figure shares."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from treeprobe.parsing import Score

COLUMNS = (
    "checkpoint",
    "treebank",
    "split",
    "layer",
    "probe",
    "rank",
    "seed",
    "metric",
    "value",
    "low",
    "high",
    "n",
)


HEADLINE_METRICS = ("uuas", "dspr", "root_accuracy", "nspr")
"""The scores of Hewitt & Manning (2019), in the order in which tables and figures have them."""


@dataclass(frozen=True)
class Setting:
    """Which measurement a row belongs to; `layer`, `rank` and `seed` are None for baselines without them."""

    checkpoint: str
    treebank: str
    split: str
    probe: str
    layer: int | None = None
    rank: int | None = None
    seed: int | None = None

    def rows(self, scores: Iterable[Score]) -> list[dict[str, Any]]:
        """One row of the table for each score."""
        return [
            {
                **vars(self),
                "metric": score.metric,
                "value": score.value,
                "low": score.low,
                "high": score.high,
                "n": score.n,
            }
            for score in scores
        ]


def score_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as a frame with the table's columns in order; whole numbers stay whole where a cell is empty."""
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return frame.astype({"layer": "Int64", "rank": "Int64", "seed": "Int64", "n": "Int64"})
