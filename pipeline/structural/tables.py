"""Measurements as the tidy table of scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from treeprobe.parsing.scores.intervals import bootstrap_all, resampled_score
from treeprobe.pipeline.score_table import score_table
from treeprobe.pipeline.structural.analysis import Measurement
from treeprobe.pipeline.structural.controls import selectivity_rows


def tabulate(measurements: Sequence[Measurement], *, codelengths: Sequence[Mapping[str, Any]] = ()) -> pd.DataFrame:
    """The tidy table with intervals, and the selectivity of what has a control; rows of `codelengths` come last.

    All settings of a split share their resampled treebanks, which is far quicker; selectivity is of the same ones.
    """
    rows: list[Mapping[str, Any]] = []
    for split in dict.fromkeys(measurement.setting.split for measurement in measurements):
        measured = [
            (measurement.setting, tally)
            for measurement in measurements
            if measurement.setting.split == split
            for tally in measurement.tallies.values()
        ]
        resampled = bootstrap_all([tally for _, tally in measured])
        for (setting, tally), values in zip(measured, resampled):
            rows += setting.rows([resampled_score(tally, values)])
        rows += selectivity_rows(measured, resampled)
    return score_table([*rows, *codelengths])
