"""One analysis of one subject into one folder: what every command runs, and every task of a sweep."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from treeprobe.digests import json_digest
from treeprobe.files import staged_folder
from treeprobe.parsing import Treebank
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.pipeline.analyses import Analysis, find_analysis
from treeprobe.pipeline.options import Options, OptionsError, RankLowered
from treeprobe.pipeline.results.findings import Findings, read_record, versions, write_record
from treeprobe.pipeline.results.signing import sign
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.subjects.alignment import check_alignment
from treeprobe.pipeline.subjects.punctuation import punctuation_record, settle_punctuation
from treeprobe.pipeline.subjects.subject import Sources, Subject


def analyse(
    name: str,
    sources: Sources,
    out: str | Path,
    *,
    options: Options | None = None,
    figures: bool = True,
    overwrite: bool = False,
    progress: Progress = True,
) -> Findings:
    """Run an analysis by its name in the registry, and write what it finds into `out`, whole or not at all.

    Args:
        figures: draw figures too.
        overwrite: replace what `out` holds, once the new results are complete.
        progress: name the stages and show progress bars on standard error; with "stages", name them alone.

    Raises:
        TreeprobeError: an input cannot be used; the subclass and the message say which. Nothing was written.
        OutputError: `out` holds files, or cannot be written.
    """
    with staged_folder(out, overwrite=overwrite) as folder:
        subject = open_subject(find_analysis(name), sources, progress=progress)
        return perform(find_analysis(name), subject, folder, options=options or Options(), figures=figures)


def open_subject(analysis: Analysis, sources: Sources, *, progress: Progress = False) -> Subject:
    """Open what an analysis reads of some sources. Raises OptionsError when it needs what is not given."""
    required = [split for split, need in analysis.splits.items() if need == "required"]
    if missing := [split for split in required if split not in sources.given]:
        raise OptionsError(f"{analysis.name} needs a {' and a '.join(missing)} treebank; found none")
    for split, source in sources.given.items():
        if split in analysis.splits and isinstance(source, tuple) != analysis.languages:
            wanted = "one for each language, with commas between" if analysis.languages else "one"
            found = "several treebanks" if isinstance(source, tuple) else "one treebank"
            raise OptionsError(f"{analysis.name}: found {found} of {split}; expected {wanted}")
    if analysis.probes == "required" and sources.probes is None:
        raise OptionsError(f"{analysis.name} needs the folder of a structural analysis (probes); found none")
    if analysis.before and sources.before is None:
        raise OptionsError(f"{analysis.name} needs the checkpoint before training (before); found none")
    read = replace(
        sources,
        train=sources.train if "train" in analysis.splits else None,
        test=sources.test if "test" in analysis.splits else None,
        probes=sources.probes if analysis.probes != "none" else None,
        before=sources.before if analysis.before else None,
    )
    return read.open(progress=progress)


def perform(
    analysis: Analysis,
    subject: Subject,
    folder: Path,
    *,
    options: Options,
    figures: bool,
    about: Mapping[str, Any] | None = None,
) -> Findings:
    """Run an analysis on an open subject and write everything into a folder that exists, its record last.

    `about` is what the record says besides: in a sweep, which task this is.
    """
    encoder = subject.encoder
    if "ranks" in analysis.options and (lowered := [str(rank) for rank in options.ranks if rank > encoder.dim]):
        warnings.warn(
            f"{encoder.name}: its states are {encoder.dim} wide, so rank {', '.join(lowered)} is lowered to "
            f"{encoder.dim}",
            RankLowered,
            stacklevel=2,
        )
    choice = settle_punctuation(subject, options.punctuation)
    asked = options.ranks
    options = replace(options.fitted(dim=encoder.dim, layers=encoder.layers), punctuation=choice.rule)
    alignment = check_alignment(subject, options)
    findings = analysis.load()(subject, options)
    taken = None if subject.probes is None else _taken_over(subject.probes)
    chosen = (findings.options or options).chosen(analysis.options)
    record = {
        "analysis": analysis.name,
        "summary": findings.summary,
        "checkpoint": {
            "name": encoder.name,
            "path": subject.source,
            "digest": encoder.digest,
            "dim": encoder.dim,
        },
        "treebank": subject.treebank,
        "splits": {split: split_record(bank) for split, bank in subject.splits.items()},
        "punctuation": punctuation_record(choice, subject.splits),
        "alignment": alignment,
        "probes": None if subject.probes is None else str(subject.probes.absolute()),
        "trained": taken,
        "ranks_asked": list(asked) if "ranks" in analysis.options else None,
        "options": {**chosen, "digest": json_digest(chosen)},
        "details": dict(findings.details),
        "versions": versions(),
        **(about or {}),
    }
    findings = _signed(findings, record)
    with subject.stage("write tables and figures" if figures else "write tables"):
        findings.write(folder, figures=figures)
    write_record(folder, {**record, "seconds": subject.stopwatch.record})
    return findings


def _signed(findings: Findings, record: Mapping[str, Any]) -> Findings:
    """The findings with a signature in each row of each table that holds scores."""
    closing = findings.closing
    return replace(
        findings,
        tables={name: sign(table, record) for name, table in findings.tables.items()},
        closing=None if closing is None else replace(closing, rows=sign(closing.rows, record)),
    )


def _taken_over(probes: Path) -> dict[str, Any]:
    """What a record says of probes that an analysis takes over: what they were trained on, and by which options."""
    record = read_record(probes)
    train = record["splits"].get("train", {"digest": ""})
    options = {name: value for name, value in record["options"].items() if name != "digest"}
    return {"digest": train["digest"], "ranks_asked": record.get("ranks_asked"), "options": options}


def split_record(bank: Treebank) -> dict[str, Any]:
    """What a record says of a split: its name, place, size and digest; `documents` is None where it names none."""
    numbers = document_numbers(bank)
    return {
        "name": bank.name,
        "path": bank.path,
        "documents": None if numbers is None else len(set(numbers.tolist())),
        "sentences": len(bank),
        "words": sum(map(len, bank)),
        "digest": bank.digest,
    }
