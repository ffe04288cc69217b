"""Where words and arcs of the trees on a page stand: the layout of drawings in notebooks, as data for a script."""

from collections.abc import Mapping, Sequence
from typing import Any

from treeprobe.parsing.drawing import head_marks, lay_out_arcs
from treeprobe.parsing.drawing.arc_layout import Row
from treeprobe.parsing.drawing.kinds import shown_labels
from treeprobe.parsing.drawing.svg import MEASURES, screen_row


def with_layout(explorer: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a tree explorer, as in `Report`, with the layout of every tree in pixels.

    Each sentence gains `centres` of its words, their `width`, the `labels` of its arcs, and `arcs`: start, end and
    level for each word. Each view gains `arcs` beside `recovered`. `screen` has the measures of the drawing.
    """
    if not explorer:
        return {}
    rows = {name: [_row(sentence) for sentence in bank["sentences"]] for name, bank in explorer["treebanks"].items()}
    banks = {
        name: {"sentences": [_laid_out(*pair) for pair in zip(bank["sentences"], rows[name], strict=True)]}
        for name, bank in explorer["treebanks"].items()
    }
    views = [
        {
            **view,
            "arcs": [
                [_arcs(heads, row) for heads, row in zip(layer, rows[view["treebank"]], strict=True)]
                for layer in view["recovered"]
            ],
        }
        for view in explorer["views"]
    ]
    return {**explorer, "treebanks": banks, "views": views, "screen": MEASURES}


def sentence_layout(
    words: Sequence[str], trees: Sequence[Sequence[int]], *, heads: Sequence[int] = (), relations: Sequence[str] = ()
) -> tuple[dict[str, Any], list[list[tuple[int, int, int]]]]:
    """The layout of one sentence, as in `with_layout`, and the arcs of each recovered tree.

    Args:
        words: The sentence.
        trees: The heads of each recovered tree; without a gold tree words stand so far apart as the first one asks.
        heads: Of the gold tree; none where it is not known.
        relations: Likewise.
    """
    labels = shown_labels(relations) if len(relations) else None
    row = screen_row(words, head_marks(heads if len(heads) else trees[0]), labels=labels)
    placed = {
        "centres": [round(centre) for centre in row.centres.tolist()],
        "width": round(row.width),
        "labels": list(labels or [""] * len(heads)),
        "arcs": _arcs(heads, row) if len(heads) else [],
    }
    return placed, [_arcs(tree, row) for tree in trees]


def _row(sentence: Mapping[str, Any]) -> Row:
    """The row of a sentence, with space for the labels of its gold tree."""
    labels = shown_labels(sentence["relations"])
    return screen_row(sentence["words"], head_marks(sentence["heads"]), labels=labels)


def _laid_out(sentence: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """A sentence with the layout of its gold tree."""
    return {
        **sentence,
        "centres": [round(centre) for centre in row.centres.tolist()],
        "width": round(row.width),
        "labels": list(shown_labels(sentence["relations"]) or ()),
        "arcs": _arcs(sentence["heads"], row),
    }


def _arcs(heads: Sequence[int], row: Row) -> list[tuple[int, int, int]]:
    """Start, end and level of the arc of each word."""
    return [(round(arc.start), round(arc.end), arc.level) for arc in lay_out_arcs(head_marks(heads), row)]
