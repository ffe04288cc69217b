"""How accuracy on minimal pairs is read, by the analysis that measures it and by the report."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

HEADLINE = "sentence"
"""The comparison that is reported first. Whole sentences can be compared for pairs of every kind, BLiMP's scores are
of them, and they ask whether the model prefers the grammatical sentence, not whether it would choose a word there."""


def by_metric(rows: pd.DataFrame) -> dict[str, dict[Hashable, Any]]:
    """The rows of one source and category of `accuracy_table`, by their metric."""
    return {str(row["metric"]): row for row in rows.to_dict("records")}
