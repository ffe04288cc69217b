"""The sample sentences with their recovered trees, for the script of the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from treeprobe.pipeline.report.results import Results, read_results
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.reporting import Picker, tree_picker

MOST_HEADS = 4_000_000
"""Heads of recovered trees that a report holds, a byte each."""


def explore_trees(folder: str | Path) -> Picker:
    """The trees of a run or a sweep in a notebook: choose checkpoint, sentence and layer, as in its report.

    Raises FindingsError when the folder holds no recovered trees, ValueError when they are too many for a page.
    """
    found = explorer(read_results(folder))
    if not found:
        raise FindingsError(
            f"{folder}: holds no recovered trees; expected a structural analysis with --samples above 0"
        )
    return tree_picker(found)


def explorer(results: Results) -> dict[str, Any]:
    """Gold sentences by treebank, and the heads recovered at every layer by checkpoint and treebank.

    Each view says which layer to begin with: the one that is best on dev, or the first where no edge can be scored.
    `first` is the view to begin with: of the first treebank, the checkpoint that is best on dev.
    """
    treebanks: dict[str, Any] = {}
    views: list[dict[str, Any]] = []
    for one in results.of("structure"):
        found = one.files.fields("trees.json").content
        if not found["sentences"]:
            continue
        bank = treebanks.setdefault(one.treebank, {"sentences": found["sentences"]})
        # Results of two versions of a treebank never meet in one sweep; this is for folders edited by hand.
        if bank["sentences"] == found["sentences"]:
            best = one.record["details"]["best_layer"]
            views.append(
                {
                    "checkpoint": one.checkpoint,
                    "treebank": one.treebank,
                    "layers": found["layers"],
                    "best": found["layers"].index(best) if best in found["layers"] else 0,
                    "recovered": found["recovered"],
                }
            )
    return _cut({"treebanks": treebanks, "views": views, "first": _best_view(views, results)}) if views else {}


def _best_view(views: Sequence[Mapping[str, Any]], results: Results) -> int:
    """The place of the view of the checkpoint that is best on dev of the first treebank; 0 where there is none."""
    bank = views[0]["treebank"]
    best = results.best_of_all(bank)
    wanted = None if best is None else (bank, best["checkpoint"])
    return next((place for place, view in enumerate(views) if (view["treebank"], view["checkpoint"]) == wanted), 0)


def _cut(explorer: dict[str, Any]) -> dict[str, Any]:
    """The explorer with as many sentences of each treebank as a page has room for: of many checkpoints, the first."""
    heads = sum(len(tree) for view in explorer["views"] for layer in view["recovered"] for tree in layer)
    if heads <= MOST_HEADS:
        return explorer
    count = max(len(bank["sentences"]) for bank in explorer["treebanks"].values())
    kept = max(1, count * MOST_HEADS // heads)
    banks = {name: {"sentences": bank["sentences"][:kept]} for name, bank in explorer["treebanks"].items()}
    views = [{**view, "recovered": [layer[:kept] for layer in view["recovered"]]} for view in explorer["views"]]
    return {**explorer, "treebanks": banks, "views": views}
