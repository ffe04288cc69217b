"""What failed, and how the rest was made."""

from collections.abc import Mapping
from typing import Any

from treeprobe.pipeline.report.results import Results
from treeprobe.pipeline.subjects.alignment import WARNED_SHARE, lost_share
from treeprobe.reporting.html import Cell, Section, Table

MOST_NAMED = 10
"""Analyses that are warned of by name."""


def failures_section(results: Results) -> Section | None:
    """What could not be done, by checkpoint: analyses that failed for one reason share a row."""
    if not results.failed:
        return None
    alike: dict[tuple[str, str], dict[str, list[str]]] = {}
    for one in results.failed:
        # Sweeps of earlier versions put no more on record than the task's name.
        analyses = alike.setdefault((str(one.get("checkpoint", one["task"])), str(one["reason"])), {})
        if "analysis" in one:
            analyses.setdefault(str(one["analysis"]), []).append(str(one["treebank"]))
    rows = [
        [Cell(checkpoint), Cell(reason, "; ".join(f"{name} on {', '.join(on)}" for name, on in analyses.items()))]
        for (checkpoint, reason), analyses in sorted(alike.items(), key=lambda group: group[0])
    ]
    count, lacking = len(results.failed), results.without_results
    text = f"{count} {'analysis' if count == 1 else 'analyses'} failed."
    if lacking:
        text += f" Without any results: {', '.join(lacking)}."
    text += " The same sweep with --retry tries them again, with --verify those that are damaged."
    return Section("failed", "Failed", text, [Table("Why, and which analyses", ["checkpoint", "reason"], rows)])


def provenance_section(results: Results) -> Section:
    """What was computed by what, and how long it took."""
    versions = results.finished[0].record["versions"] if results.finished else {}
    rows = [
        [
            Cell(one.folder.name),
            Cell(str(one.record["checkpoint"]["path"])),
            Cell(f"{one.record['seconds']['total']:.1f} s", number=one.record["seconds"]["total"]),
            Cell(one.record["checkpoint"]["digest"][:12]),
            Cell(f"{share:.1%}", number=share) if (share := _lost_words(one.record)) is not None else Cell("–"),
        ]
        for one in results.finished
    ]
    made_by = ", ".join(f"{name} {version}" for name, version in versions.items()) or "nothing yet"
    text = (
        f"{made_by}. Unknown words are those that the tokenizer does not know or drops, in the split with most of them."
    )
    table = Table("Analyses", ["analysis", "checkpoint", "time", "digest", "unknown words"], rows)
    return Section("provenance", "How it was made", text, [table], folded=True)


def tokenizer_warning(results: Results) -> str | None:
    """Where the tokenizer does not know so many words that scores say little, and what share; None where nowhere."""
    lost = {
        f"{one.checkpoint} on {one.treebank}": share
        for one in results.finished
        if (share := _lost_words(one.record) or 0.0) > WARNED_SHARE
    }
    if not lost:
        return None
    if len(lost) <= MOST_NAMED:
        return ", ".join(f"{name} {share:.0%}" for name, share in lost.items())
    worst = sorted(lost.items(), key=lambda pair: -pair[1])[:MOST_NAMED]
    return ", ".join(f"{name} {share:.0%}" for name, share in worst) + f", and {len(lost) - MOST_NAMED} with less"


def _lost_words(record: Mapping[str, Any]) -> float | None:
    """The share of words that the tokenizer does not know or drops, in the worst split; None where none was kept."""
    return max(map(lost_share, record.get("alignment", {}).values()), default=None)
