"""The sample sentences with their recovered trees, for the script of the page."""

from typing import Any

from treeprobe.pipeline.report.results import Results
from treeprobe.pipeline.sweeping.store import read_json


def explorer(results: Results) -> dict[str, Any]:
    """Gold sentences by treebank, and the heads recovered at every layer by checkpoint and treebank.

    Each view says which layer to begin with: the one whose probe finds the most edges on dev.
    """
    treebanks: dict[str, Any] = {}
    views = []
    for task in results.of("structure"):
        found = read_json(results.folder(task) / "trees.json")
        if found is None or not found["sentences"]:
            continue
        bank = treebanks.setdefault(task["treebank"], {"sentences": found["sentences"]})
        # Results of two versions of a treebank never meet in one sweep; this is for folders edited by hand.
        if bank["sentences"] == found["sentences"]:
            best = results.best[task["checkpoint"], task["treebank"]].layer
            views.append(
                {
                    "checkpoint": task["checkpoint"],
                    "treebank": task["treebank"],
                    "layers": found["layers"],
                    "best": found["layers"].index(best),
                    "recovered": found["recovered"],
                }
            )
    return {"treebanks": treebanks, "views": views} if views else {}
