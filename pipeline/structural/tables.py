"""Measurements as the tidy table of scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from parsing import score_all
from pipeline.score_table import score_table
from pipeline.structural.analysis import Measurement
from pipeline.structural.controls import selectivity_rows


def tabulate(measurements: Sequence[Measurement], *, codelengths: Sequence[Mapping[str, Any]] = ()) -> pd.DataFrame:
    """The tidy table with intervals, and the selectivity of what has a control; rows of `codelengths` come last.

    All settings of a split share their resampled treebanks, which is far quicker.
    """
    rows: list[Mapping[str, Any]] = []
    for split in dict.fromkeys(measurement.setting.split for measurement in measurements):
        scored = [measurement for measurement in measurements if measurement.setting.split == split]
        pairs = [(measurement.setting, tally) for measurement in scored for tally in measurement.tallies.values()]
        scores = score_all([tally for _, tally in pairs])
        rows += [row for (setting, _), score in zip(pairs, scores) for row in setting.rows([score])]
        rows += selectivity_rows(scored)
    return score_table([*rows, *codelengths])
