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
    versions = results.tasks[0]["versions"] if results.tasks else {}
    rows = [
        [
            Cell(task["task"]),
            Cell(str(task["source"])),
            Cell(f"{task['seconds']['total']:.1f} s", number=task["seconds"]["total"]),
            Cell(task["identity"]["checkpoint"][:12]),
        ]
        for task in results.tasks
    ]
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    table = Table("Tasks", ["task", "checkpoint", "time", "digest"], rows)
    return Section("provenance", "How it was made", text, [table], folded=True)
