"""What failed, and how the rest was made."""

from treeprobe.pipeline.report.results import Results
from treeprobe.reporting.html import Cell, Section, Table


def failures_section(results: Results) -> Section | None:
    """What could not be done, and why."""
    if not results.failed:
        return None
    rows = [[Cell(one["task"]), Cell(one["reason"])] for one in results.failed]
    return Section("failed", "Failed", tables=[Table("Tasks that failed", ["task", "reason"], rows)])


def provenance_section(results: Results) -> Section:
    """What was computed by what, and how long it took."""
    versions = results.finished[0].record["versions"] if results.finished else {}
    rows = [
        [
            Cell(one.folder.name),
            Cell(str(one.record["checkpoint"]["path"])),
            Cell(f"{one.record['seconds']['total']:.1f} s", number=one.record["seconds"]["total"]),
            Cell(one.record["checkpoint"]["digest"][:12]),
        ]
        for one in results.finished
    ]
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    table = Table("Analyses", ["analysis", "checkpoint", "time", "digest"], rows)
    return Section("provenance", "How it was made", text, [table], folded=True)
