"""The whole report, section by section."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from treeprobe.errors import OutputError
from treeprobe.files import written_whole
from treeprobe.pipeline.analyses import ANALYSES, Analysis
from treeprobe.pipeline.report.association import association_section
from treeprobe.pipeline.report.closing import failures_section, provenance_section, tokenizer_warning
from treeprobe.pipeline.report.comparison import comparison_section
from treeprobe.pipeline.report.explorer import explorer
from treeprobe.pipeline.report.headline import headline_section, headline_sentence
from treeprobe.pipeline.report.layers import layers_section
from treeprobe.pipeline.report.ranking import ranking_section
from treeprobe.pipeline.report.ranks import ranks_section
from treeprobe.pipeline.report.relations import relations_section
from treeprobe.pipeline.report.results import Results, read_results
from treeprobe.pipeline.report.training import training_section
from treeprobe.reporting.html import Report, Section, render_report

MOST_NAMED = 3
"""Checkpoints that a title names."""
MOST_LACKING = 10
"""Checkpoints without results that are named at the top."""


def write_report(folder: str | Path, out: str | Path | None = None) -> Path:
    """Write the report of the folder of an analysis or a sweep, by default as `report.html` inside it.

    The file appears whole or not at all. Raises FindingsError when the folder holds neither, OutputError when the file
    cannot be written.
    """
    return write_page(read_results(folder), out)


def write_page(results: Results, out: str | Path | None = None) -> Path:
    """Write the report of what was read, as `write_report` does. Raises OutputError when the file cannot be written."""
    target = results.folder / "report.html" if out is None else Path(out).absolute()
    page = render_report(make_report(results))
    try:
        with written_whole(target) as draft:
            draft.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from error
    return target


def make_report(results: Results) -> Report:
    """The report's content."""
    banks = results.treebanks
    found = f"{_name_checkpoints(results)} on {', '.join(banks) or 'no treebank'}"
    return Report(
        title=f"Syntax in {_name_checkpoints(results)}",
        summary=headline_sentence(results) or f"{found}; no structural results yet.",
        facts={
            "checkpoints": _count_checkpoints(results),
            "treebanks": ", ".join(banks) or "none",
            "analyses": f"{len(results.finished)} done, {len(results.failed)} failed",
            "intervals": "95 %, by resampling sentences",
            **({"words unknown to the tokenizer": unknown} if (unknown := tokenizer_warning(results)) else {}),
        },
        sections=list(sections(results)),
        explorer=explorer(results),
    )


def _name_checkpoints(results: Results) -> str:
    """The checkpoints by name where they are few, otherwise how many; those that failed are counted too."""
    names, failed = results.checkpoints, len(results.without_results)
    count = len(names) + failed
    if count <= MOST_NAMED and not failed and names:
        return ", ".join(names)
    return f"{count} checkpoint{'s' * (count != 1)}{f' ({failed} failed)' if failed else ''}"


def _count_checkpoints(results: Results) -> str:
    """How many checkpoints have results, of how many; the names of those that have none."""
    names, lacking = results.checkpoints, results.without_results
    if not lacking:
        return str(len(names))
    more = f", and {len(lacking) - MOST_LACKING} more" if len(lacking) > MOST_LACKING else ""
    return f"{len(names)} of {len(names) + len(lacking)}; failed: {', '.join(lacking[:MOST_LACKING])}{more}"


def sections(results: Results) -> Iterator[Section]:
    """The parts of the page in order, without those that there is nothing to say in."""
    found = (
        headline_section(results),
        *(layers_section(results, bank) for bank in results.treebanks),
        training_section(results),
        ranks_section(results),
        relations_section(results),
        comparison_section(results),
        ranking_section(results),
        *(_own_section(analysis, results) for analysis in ANALYSES),
        association_section(results),
        failures_section(results),
    )
    yield from (section for section in found if section is not None)
    yield provenance_section(results)


def _own_section(analysis: Analysis, results: Results) -> Section | None:
    """The section of an analysis, by the module of this package that has its name; None where there is none."""
    home = f"{__package__}.{analysis.name}"
    if find_spec(home) is None:
        return None
    section: Section | None = getattr(import_module(home), f"{analysis.name}_section")(results)
    return section
