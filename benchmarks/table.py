"""The one table of all ratios, in Markdown, and the page that shows it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import Ratio, cells

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "bench.json"
PAGE = ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- begin: written by make bench -->", "<!-- end: written by make bench -->"


def markdown(machine: dict[str, Any], rows: Sequence[Ratio]) -> str:
    """The machine and the day, and a table of the rows."""
    instructions = ", ".join(machine["instructions"]) or "unknown"
    packages = (("Python", "python"), ("PyTorch", "torch"), ("transformers", "transformers"), ("NumPy", "numpy"))
    versions = ", ".join(f"{name} {machine[field]}" for name, field in packages)
    lines = [
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, {machine['threads']} threads, "
        f"instructions {instructions}; {versions}.",
        "",
        "| what | found | least to greatest | goal | | |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        name = f"`{row.name}`" if row.name.startswith(("import ", "python ", "treeprobe -")) else row.name
        lines.append("| " + " | ".join((name, *cells(row), row.note)) + " |")
    return "\n".join(lines)


def table_of(page: str) -> str:
    """What stands between the marks on a page."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def with_table(page: str, table: str) -> str:
    """The page with another table between its marks.

    Raises:
        ValueError: the page has no marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no table to replace; expected one between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"
