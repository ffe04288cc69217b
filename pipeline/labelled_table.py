"""The table of probes of labelled trees that a terminal shows when a run ends."""

import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd

from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.closing_table import WIDTH, aligned, split_title
from treeprobe.pipeline.results.findings import Closing
from treeprobe.pipeline.results.scores import ATTENTION_ONLY, LABEL_METRICS, TREE_PROBES, best_layer
from treeprobe.reporting import merge_seeds, metric_name

_METRICS = ("uuas", "uas", *LABEL_METRICS)
_HEADINGS = {"relation_accuracy": "relations"}  # so that the table fits 80 columns
LEGEND = """\
UAS, LAS: share of the words with the gold head, and relation; relations: share
with the gold relation, whatever the head. Each probe at the layer that is best
by LAS on dev; ±: half the width of the 95 % interval.
Selectivity: the score less that of the same probe on control labels.
Attention-only: a probe of all heads of all layers, which names no relation."""
_LABELS_SHOWN = 5


def with_labelled(closing: Closing, scores: pd.DataFrame, unseen: Mapping[Split, Mapping[str, int]]) -> Closing:
    """The closing tables of a run, and below them that of its probes of labelled trees.

    Args:
        closing: the tables of the structural probes.
        scores: the score table, with the rows of all probes.
        unseen: for each split how many words have each relation that training did not see.
    """
    found = merge_seeds(scores[scores["probe"].isin([*TREE_PROBES, ATTENTION_ONLY])])
    text = "\n\n".join([*_blocks(found, layers_of(scores)), LEGEND, *_unseen_text(unseen)])
    return Closing(
        text=f"{closing.text}\n\n{text}",
        full=f"{closing.full}\n\n{text}",
        rows=pd.concat([closing.rows, found], ignore_index=True),
    )


def layers_of(scores: pd.DataFrame) -> dict[str, int | None]:
    """The layer of each kind of probe of labelled trees that is best by LAS on dev."""
    return {name: best_layer(scores, metric="las", probe=name) for name in TREE_PROBES}


def _blocks(rows: pd.DataFrame, layers: Mapping[str, int | None]) -> list[str]:
    """A table for each split, the one that is reported first."""
    blocks = []
    ordered = rows.sort_values("split", key=lambda splits: splits != "test", kind="stable")
    for split, block in ordered.groupby("split", sort=False):
        lines = [["labelled trees", "layer", *(_HEADINGS.get(metric, metric_name(metric)) for metric in _METRICS)]]
        for name in (*TREE_PROBES, ATTENTION_ONLY):
            own = block[block["probe"] == name]
            layer = layers.get(name)
            if layer is not None:
                own = own[(own["layer"] == layer) & (own["rank"] == own["rank"].max())]
                lines.append([name, str(layer), *_cells(own, _METRICS)])
                gained = _cells(own, [f"selectivity_{metric}" for metric in _METRICS], signed=True)
                lines += [["  selectivity", "", *gained]] if any(gained) else []
            elif not own.empty:
                lines.append([name, "all", *_cells(own, _METRICS)])
        blocks.append("\n".join([split_title(str(split), block["treebank"].iloc[0]), *aligned(lines)]))
    return blocks


def _cells(rows: pd.DataFrame, metrics: Sequence[str], *, signed: bool = False) -> list[str]:
    """A score, or with `signed` a difference, and half the width of its interval; empty where there is none."""
    found = {row["metric"]: row for row in rows.to_dict("records")}
    sign = "+" if signed else ""
    return [
        f"{found[metric]['value']:{sign}.3f} ±{(found[metric]['high'] - found[metric]['low']) / 2:.3f}"
        if metric in found
        else ""
        for metric in metrics
    ]


def _unseen_text(unseen: Mapping[Split, Mapping[str, int]]) -> list[str]:
    """How many words have relations that training did not see, and so cannot be right."""
    lines = []
    for split, counts in unseen.items():
        if counts:
            shown = sorted(counts.items(), key=lambda item: -item[1])
            names = ", ".join(f"{relation} ({count})" for relation, count in shown[:_LABELS_SHOWN])
            more = f" and {len(shown) - _LABELS_SHOWN} more" if len(shown) > _LABELS_SHOWN else ""
            total = sum(counts.values())
            said = "words have relations that training did not see, and count as errors"
            lines += textwrap.wrap(f"{split}: {total} {said}: {names}{more}.", WIDTH)
    return ["\n".join(lines)] if lines else []
