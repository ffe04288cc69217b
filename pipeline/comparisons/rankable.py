"""Which runs can be ranked beside one another: of several checkpoints, on one treebank, by the same options."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from treeprobe.errors import TreeprobeError
from treeprobe.pipeline.results.finished import Finished

_SHAPING = ("seeds", "layers", "epochs", "punctuation", "text", "pooling", "context")
"""Options that decide what a score of labelled trees is; ranks, which narrow checkpoints lower, are compared apart."""


class RankingError(TreeprobeError, ValueError):
    """Runs that cannot be ranked beside one another."""


def name_treebank(runs: Sequence[Finished], asked: str | None) -> str:
    """The treebank to rank on. Raises RankingError where none or several are there, and it was not said which."""
    known = sorted({one.treebank for one in runs})
    if not runs:
        raise RankingError(
            "no labelled trees; expected a sweep with the analysis labelled_trees (--analyses labelled_trees) or with "
            "--labelled, or runs of `treeprobe labelled-trees` or of `treeprobe run --labelled`"
        )
    if asked is None and len(known) > 1:
        raise RankingError(f"several treebanks, {', '.join(known)}; expected one: say which (treebank)")
    if asked is not None and asked not in known:
        raise RankingError(f"no labelled trees of treebank {asked}; found {', '.join(known)}")
    return asked or known[0]


def check_alike(runs: Sequence[Finished]) -> None:
    """Refuse fewer than two checkpoints, one twice, and runs of other sentences or options. Raises RankingError."""
    counts = Counter(one.checkpoint for one in runs)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise RankingError(f"{', '.join(twice)}: more than one run; expected one of each checkpoint")
    if len(runs) < 2:
        raise RankingError(f"only {', '.join(counts)} to rank; expected two checkpoints or more")
    first = runs[0]
    for other in runs[1:]:
        if differing := _differing(first, other):
            told = "; ".join(f"{name}: {ours} and {theirs}" for name, (ours, theirs) in differing.items())
            raise RankingError(
                f"{first.checkpoint} and {other.checkpoint} were not analysed alike: {told}; expected the same "
                "sentences and options in all runs"
            )


def _differing(ours: Finished, theirs: Finished) -> dict[str, tuple[Any, Any]]:
    """What makes scores incomparable, by its name, both ways: splits of other sentences, options, ranks."""
    splits = [one.record["splits"] for one in (ours, theirs)]
    pairs: dict[str, tuple[Any, Any]] = {
        f"{name} treebank": (split["digest"][:12], splits[1][name]["digest"][:12])
        for name, split in splits[0].items()
        if name in splits[1]
    }
    options = [one.record["options"] for one in (ours, theirs)]
    pairs |= {name: (options[0].get(name), options[1].get(name)) for name in _SHAPING}
    # No rank is above the width of the states: narrow checkpoints have lower ones, whatever was asked for.
    width = min(one.record["checkpoint"].get("dim", max(one.record["options"]["ranks"])) for one in (ours, theirs))
    lowered = [sorted({min(rank, width) for rank in found["ranks"]}) for found in options]
    pairs["ranks"] = (lowered[0], lowered[1])
    return {name: found for name, found in pairs.items() if found[0] != found[1]}
