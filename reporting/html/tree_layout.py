"""Where words and arcs of the trees on a page stand: the layout of drawings in notebooks, as data for a script.

A page may hold millions of recovered heads. So these are written as text, a character each, and their arcs are laid out
by the script, when they are looked at (`layOutArcs` in trees.js, by the rule of `parsing.drawing.lay_out_arcs`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from treeprobe.parsing.drawing import head_marks, lay_out_arcs
from treeprobe.parsing.drawing.arc_layout import Row
from treeprobe.parsing.drawing.kinds import shown_labels
from treeprobe.parsing.drawing.svg import MEASURES, screen_row

HEADS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~!*()[]{}|:;,@#$%+="
"""The character of a head, as trees.js reads it: the first is that of the root, then one for each word."""


def with_layout(explorer: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a tree explorer, as in `Report`, with the layout of every tree in pixels.

    Each sentence gains `centres` of its words, how far from these arcs may stand (`reach`), their `width`, the `labels`
    of its arcs, and `arcs`: start, end and level for each word. In each view the heads of a sentence are text, a
    character of `HEADS` each, unless it has too many words for that. `screen` has the measures of the drawing.
    """
    if not explorer:
        return {}
    banks = {
        name: {"sentences": [_laid_out(sentence) for sentence in bank["sentences"]]}
        for name, bank in explorer["treebanks"].items()
    }
    views = [
        {**view, "recovered": [[_shortened(heads) for heads in layer] for layer in view["recovered"]]}
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


def _shortened(heads: Sequence[int]) -> str | Sequence[int]:
    """The heads of a tree, a character each, or as they are where there are too many words."""
    return heads if len(heads) >= len(HEADS) else "".join([HEADS[head + 1] for head in heads])


def _laid_out(sentence: Mapping[str, Any]) -> dict[str, Any]:
    """A sentence with the layout of its gold tree, and space for its labels."""
    labels = shown_labels(sentence["relations"])
    row = screen_row(sentence["words"], head_marks(sentence["heads"]), labels=labels)
    return {
        **sentence,
        "centres": [round(centre, 1) for centre in row.centres.tolist()],
        "reach": [round(reach, 1) for reach in row.reach.tolist()],
        "width": round(row.width),
        "labels": list(labels or ()),
        "arcs": _arcs(sentence["heads"], row),
    }


def _arcs(heads: Sequence[int], row: Row) -> list[tuple[int, int, int]]:
    """Start, end and level of the arc of each word."""
    return [(round(arc.start), round(arc.end), arc.level) for arc in lay_out_arcs(head_marks(heads), row)]
