"""What a card says when it ends: one sentence, and a table of the probe beside its baselines."""

import textwrap
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from treeprobe.pipeline.card.cells import ALL
from treeprobe.pipeline.card.held_out import EVERY
from treeprobe.pipeline.card.rows import BALANCED, MATCHED, UUAS
from treeprobe.pipeline.card.texts import GRAMMAR, ORIGINAL
from treeprobe.pipeline.closing_table import WIDTH, aligned, split_title
from treeprobe.pipeline.results.findings import Closing
from treeprobe.pipeline.results.scores import CHAIN, CHOSEN_ON, PROBE_OF, RANDOM_WEIGHTS

PROBE = PROBE_OF["uuas"]
FEW = 30
"""An effective size below which a value is marked."""
FACTORS = ("length", "attractors", "marks")
LEGEND = (
    "UUAS of the probe with half the width of its 95 % interval; its paired difference from all edges, from the "
    "original sentences, or from a size-matched training set. Matched: each gold edge beside pairs of its sentence as "
    "far apart (the chain has 0, the gold tree 1); balanced: the same with every length weighing alike. Untrained: "
    "random weights."
)


def chosen_rows(table: pd.DataFrame, *, text: str | None = None) -> pd.DataFrame:
    """The rows of the layers that dev chose, of one text: the scored split unless told."""
    text = text or str(next(one for one in table["source"] if one != GRAMMAR))
    return table[table["chosen"] & (table["source"] == text)]


def whole_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Those over all edges of a text, trained on everything: a row for each predictor, condition and metric."""
    return rows[(rows[["edges", *FACTORS]] == ALL).all(axis=1) & (rows["training"] == EVERY)]


def card_summary(table: pd.DataFrame, checkpoint: str, treebank: str) -> str:
    """The result in one sentence."""
    rows = chosen_rows(table)
    whole = whole_rows(rows)
    original = whole[(whole["probe"] == PROBE) & (whole["condition"] == ORIGINAL)]
    own = {str(row["metric"]): row for row in original.to_dict("records")}
    split = str(rows["source"].iloc[0])
    changed = whole[(whole["probe"] == PROBE) & (whole["condition"] != ORIGINAL) & (whole["metric"] == UUAS)]
    told = "".join(
        f"; {row['condition']} {row['value']:.1%} ({row['difference']:+.1%})" for row in changed.to_dict("records")
    )
    chain = whole[(whole["probe"] == CHAIN) & (whole["condition"] == ORIGINAL) & (whole["metric"] == UUAS)]["value"]
    return (
        f"{checkpoint}: the distance probe of layer {own[UUAS]['layer']}, {CHOSEN_ON[split]}, finds "
        f"{own[UUAS]['value']:.1%} of the edges of {split_title(split, treebank)}, the chain {chain.iloc[0]:.1%}. "
        f"Beside pairs as far apart that are no edges it is {_value(own, MATCHED)} (chain 0), with all lengths alike "
        f"{_value(own, BALANCED)}{told}."
    )


def card_closing(table: pd.DataFrame, left_out: Mapping[str, str]) -> Closing:
    """Tables of every text: the conditions, each factor alone, then constructions; all else is in the file.

    Args:
        table: the card.
        left_out: conditions and constructions without rows, and why.
    """
    blocks = []
    for text in dict.fromkeys(table["source"]):
        rows = chosen_rows(table, text=text)
        lines = [["", "UUAS", "difference", "matched", "balanced", "untrained", "matched", "chain", "edges"]]
        for title, block in _blocks(rows):
            # Where there are no gold edges, a cell may still have the precision of those that a tree has there.
            names = block.loc[(block["probe"] == PROBE) & (block["metric"] == UUAS), "name"]
            lines.append([title])
            lines += [_line(str(name), block[block["name"] == name]) for name in names]
        layer = rows.loc[rows["probe"] == PROBE, "layer"].iloc[0]
        widest = max(map(len, lines))
        full = [[*line, *[""] * (widest - len(line))] for line in lines]
        blocks.append("\n".join([f"{_title(str(text), rows)}: probe of layer {layer}", *aligned(full)]))
    legend = textwrap.wrap(f"{LEGEND} ?: of an effective size below {FEW}.", WIDTH)
    lacking = [f"left out: {name} ({reason})" for name, reason in left_out.items()]
    return Closing(text="\n\n".join([*blocks, "\n".join([*legend, *lacking])]), rows=table)


def _title(text: str, rows: pd.DataFrame) -> str:
    return "sentences of the grammar" if text == GRAMMAR else split_title(text, str(rows["treebank"].iloc[0]))


def _blocks(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Rows with their name, by what they are divided by."""
    whole = whole_rows(rows)
    yield "condition", whole.assign(name=whole["condition"])
    plain = rows[(rows["condition"] == ORIGINAL) & (rows["training"] == EVERY)]
    for factor in FACTORS:
        others = [name for name in FACTORS if name != factor]
        own = plain[(plain[factor] != ALL) & (plain[["edges", *others]] == ALL).all(axis=1)]
        yield factor, own.assign(name=own[factor])
    held = rows[rows["training"] != EVERY]
    held = held[held["compared_with"].notna()]
    if not held.empty:
        yield "held out", held.assign(name=held["edges"])


def _line(name: str, rows: pd.DataFrame) -> list[str]:
    """One cell of the card: the probe, its difference and matched values, and the baselines."""
    own = {(row["probe"], row["metric"]): row for row in rows.to_dict("records")}
    probe = own[PROBE, UUAS]
    half = (probe["high"] - probe["low"]) / 2
    gap = probe["difference"]
    return [
        f"  {name}",
        f"{probe['value']:.3f} ±{half:.3f}",
        "" if pd.isna(gap) else f"{gap:+.3f} ±{(probe['difference_high'] - probe['difference_low']) / 2:.3f}",
        *(_cell(own.get(key)) for key in ((PROBE, MATCHED), (PROBE, BALANCED))),
        *(_cell(own.get((RANDOM_WEIGHTS, metric))) for metric in (UUAS, MATCHED)),
        _cell(own.get((CHAIN, UUAS))),
        f"{probe['n']:,}",
    ]


def _cell(row: Mapping[Hashable, Any] | None) -> str:
    """A value, with a mark where it stands on little."""
    if row is None or pd.isna(row["value"]):
        return "–" if row is not None else ""
    return f"{row['value']:.3f}{'?' if row['effective_n'] < FEW else ''}"


def _value(rows: Mapping[str, Mapping[Hashable, Any]], metric: str) -> str:
    """A value in a sentence; undefined where no edge has a control."""
    value = rows[metric]["value"]
    return "undefined" if pd.isna(value) else f"{value:.1%}"
