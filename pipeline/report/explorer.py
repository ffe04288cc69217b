"""The sample sentences with their recovered trees, for the script of the page."""

import json
from typing import Any

from treeprobe.pipeline.report.results import Results


def explorer(results: Results) -> dict[str, Any]:
    """Gold sentences by treebank, and the heads recovered at every layer by checkpoint and treebank.

    Each view says which layer to begin with: the one that is best on dev, or the first where no edge can be scored.
    """
    treebanks: dict[str, Any] = {}
    views = []
    for one in results.of("structure"):
        found = json.loads((one.folder / "trees.json").read_text(encoding="utf-8"))
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
    return {"treebanks": treebanks, "views": views} if views else {}
