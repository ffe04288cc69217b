"""The table of a card: every cell by every predictor, with intervals and paired differences."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.parsing import Tally
from treeprobe.parsing.scores import MatchedTally, matched_tally, mean_tally, precision_tally, recall_tally, resample
from treeprobe.pipeline.card.cells import ALL, Cell, Pairs
from treeprobe.pipeline.card.predictors import Place, Trees
from treeprobe.pipeline.card.texts import ORIGINAL

COLUMNS = (
    "checkpoint", "treebank", "source", "probe", "layer", "rank", "chosen", "seeds", "training", "condition", "edges",
    "length", "attractors", "marks", "metric", "value", "low", "high", "n", "effective_n", "covered", "difference",
    "difference_low", "difference_high", "p", "least_p", "compared_with", "resampled", "punctuation",
)  # fmt: skip
TEXTS = (
    "checkpoint", "treebank", "source", "probe", "training", "condition", "edges", "length", "attractors", "marks",
    "metric", "compared_with", "resampled", "punctuation",
)  # fmt: skip
"""Columns that stay text."""
UUAS, PRECISION, MATCHED, BALANCED = "uuas", "precision", "matched_uuas", "balanced_uuas"
HEADLINE = "headline UUAS"
"""What a value over all edges of the original text is compared with; others name the cell, condition or training."""

Row = dict[str, Any]
Joined = Sequence[NDArray[np.bool_]]
"""Whether each pair of a text is joined, (pairs,), by the probe of each seed."""


@dataclass(frozen=True)
class Measured:
    """A metric of a cell: its tally, the mean over seeds, and how many units of equal weight it stands on."""

    tally: Tally
    effective: float
    covered: float | None = None


@dataclass(frozen=True)
class Compared:
    """A row before it is resampled: what it is of, its measure, and the one that it is compared with."""

    names: Mapping[str, Any]
    measured: Measured
    base: Tally | None = None
    compared_with: str | None = None


def measure_cell(text: Pairs, cell: Cell, found: Joined) -> dict[str, Measured]:
    """The metrics of a cell, means over seeds: UUAS, precision where it is another number, and the matched values.

    The balanced value is that of all lengths, so cells of one class of lengths have none.
    """
    tallies = {UUAS: mean_tally([recall_tally(text.pairs, one, cell.among) for one in found])}
    if cell.length != ALL or cell.attractors != ALL:
        tallies[PRECISION] = mean_tally([precision_tally(text.pairs, one, cell.among) for one in found])
    measured = {metric: Measured(tally, float(tally.n)) for metric, tally in tallies.items()}
    measured[MATCHED] = _mean([matched_tally(text.pairs, one, cell.among) for one in found])
    if cell.length == ALL:
        balanced = [matched_tally(text.pairs, one, cell.among, lengths="balanced") for one in found]
        measured[BALANCED] = _mean(balanced)
    return measured


def joined_by(text: Pairs, trees: Mapping[Place, Sequence[Trees]]) -> dict[Place, Joined]:
    """Which pairs of a text each predictor joins."""
    return {place: [text.pairs.edges_of(one) for one in own] for place, own in trees.items()}


def original_rows(text: Pairs, found: Mapping[Place, Joined], full: Collection[Place]) -> list[Compared]:
    """Every cell of a text as it is, beside the headline: for all layers the whole text, for `full` each cell.

    A cell's metric is compared with the same metric of the whole text; the matched values of the whole text, with its
    UUAS.
    """
    rows = []
    for place, own in found.items():
        headline = measure_cell(text, text.cells[0], own)
        for cell in text.cells if place in full else text.cells[:1]:
            for metric, measured in (headline if cell.whole else measure_cell(text, cell, own)).items():
                base, told = headline[UUAS], HEADLINE
                if not cell.whole and metric in headline:
                    base, told = headline[metric], "all edges"
                same = cell.whole and metric == UUAS
                names = {**_names(place), **cell.names, "condition": ORIGINAL, "metric": metric}
                rows.append(Compared(names, measured, None if same else base.tally, None if same else told))
    return rows


def changed_rows(
    original: Pairs,
    before: Mapping[Place, Joined],
    changed: Pairs,
    after: Mapping[Place, Joined],
    full: Collection[Place],
    *,
    condition: str,
) -> list[Compared]:
    """Every cell of a changed text, beside the same cell of the same sentences as they were; arguments as above."""
    rows = []
    for place, own in after.items():
        cells = list(zip(original.cells, changed.cells)) if place in full else [(original.cells[0], changed.cells[0])]
        for was, cell in cells:
            bases = measure_cell(original, was, before[place])
            for metric, measured in measure_cell(changed, cell, own).items():
                names = {**_names(place), **cell.names, "condition": condition, "metric": metric}
                rows.append(Compared(names, measured, bases[metric].tally, ORIGINAL))
    return rows


def tabulated(rows: Sequence[Compared]) -> Iterator[Row]:
    """Rows over the same sentences with intervals and paired differences; cells without an edge are left out.

    A matched value is kept where it is undefined, so that the table says so: its effective size is 0.
    """
    kept = [row for row in rows if row.measured.tally.n or row.measured.covered == 0]
    tallies = [row.measured.tally for row in kept]
    bases = [row.base for row in kept if row.base is not None]
    found = resample([*tallies, *bases])
    place = len(tallies)
    for number, row in enumerate(kept):
        score = found.score(number)
        told: Row = {
            **row.names,
            **{name: getattr(score, name) for name in ("value", "low", "high", "n", "resampled")},
            "effective_n": row.measured.effective,
            "covered": row.measured.covered,
            "compared_with": row.compared_with,
        }
        if row.base is not None:
            gap = found.difference(number, place)
            place += 1
            told |= {"difference": gap.value, "difference_low": gap.low, "difference_high": gap.high}
            told |= {"p": gap.p, "least_p": gap.least_p}
        yield told


def card_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a frame with the table's columns in order."""
    integers = dict.fromkeys(("layer", "rank", "seeds", "n"), "Int64")
    return pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(integers)


def _names(place: Place) -> Row:
    return {"probe": place[0], "layer": place[1]}


def _mean(found: Sequence[MatchedTally]) -> Measured:
    """Over seeds, which have the same edges, controls and weights."""
    return Measured(mean_tally([one.tally for one in found]), found[0].effective, found[0].covered)
