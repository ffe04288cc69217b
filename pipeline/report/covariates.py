"""Treebanks and tokenizers, as far as they may explain scores."""

from collections.abc import Mapping, Sequence

import pandas as pd

from treeprobe.pipeline.atlas.association import SIZES
from treeprobe.pipeline.atlas.covariates import TOKENIZER, TREEBANK
from treeprobe.pipeline.report.results import Results
from treeprobe.reporting.html import Cell, Section, Table

_SHARES = frozenset(
    {"nonprojective_arcs", "nonprojective_sentences", "type_token_ratio", "split_words", "unknown_words"}
)


def covariates_section(results: Results) -> Section | None:
    """A row for each treebank, and one for each tokenizer on each; None where none was measured."""
    found = results.of("covariates")
    if not found:
        return None
    tables = {
        (one.checkpoint, one.treebank): one.table("covariates", texts=("of", "measure", "split")) for one in found
    }
    banks = {bank: table for (_, bank), table in tables.items()}
    first = [[Cell(bank), *_cells(table, TREEBANK)] for bank, table in banks.items()]
    second = [[Cell(name), Cell(bank), *_cells(table, TOKENIZER)] for (name, bank), table in tables.items()]
    text = (
        "Sizes are of train, all else of the last split, with 95 % intervals. Forms and lemmas are counted in windows "
        "of equal size, without punctuation, symbols, numbers and foreign words. A dash is what a treebank does not "
        "annotate."
    )
    shown = [
        Table("Treebanks", ["treebank", *TREEBANK.values()], first),
        Table("Tokenizers", ["checkpoint", "treebank", *TOKENIZER.values()], second),
    ]
    return Section("covariates", "Treebanks and tokenizers", text, shown, folded=len(found) > 12)


def _cells(table: pd.DataFrame, measures: Mapping[str, str]) -> Sequence[Cell]:
    """The measures of one treebank, in order."""
    splits = list(dict.fromkeys(table["split"]))
    cells = []
    for name in measures:
        split = splits[0] if name in SIZES else splits[-1]
        rows = table[(table["measure"] == name) & (table["split"] == split)]
        if rows.empty:
            cells.append(Cell("–"))
            continue
        value, low, high = (float(rows[column].iloc[0]) for column in ("value", "low", "high"))
        if name in SIZES:
            cells.append(Cell(f"{value:,.0f}", number=value))
        elif name in _SHARES:
            cells.append(interval_cell(value * 100, low * 100, high * 100, digits=1, unit=" %"))
        else:
            cells.append(interval_cell(value, low, high, digits=2))
    return cells


def interval_cell(value: float, low: float, high: float, *, digits: int = 3, unit: str = "") -> Cell:
    """A value, its interval as a note, where it has one."""
    if pd.isna(value):
        return Cell("–")
    note = "" if pd.isna(low) else f"{low:.{digits}f} to {high:.{digits}f}"
    return Cell(f"{value:.{digits}f}{unit}", note, number=value)
