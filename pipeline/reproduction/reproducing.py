"""A published setting run on what the user has of it, and its numbers beside those that were published."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from treeprobe.extraction import embedded_checkpoint
from treeprobe.files import staged_folder
from treeprobe.parsing import Tally
from treeprobe.pipeline.analyses import find_analysis
from treeprobe.pipeline.analysis import open_subject, perform
from treeprobe.pipeline.reproduction.published import Expected, PublishedSetting, ReproductionError, find_setting
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.findings import Findings, read_record, write_record
from treeprobe.pipeline.results.finished import Finished
from treeprobe.pipeline.results.measured import everything_measured
from treeprobe.pipeline.results.scores import SIGNATURE
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.subjects.subject import Sources, Subject

TABLE = "reproduction.csv"
Verdict = Literal["reproduced", "not reproduced", "stand-in", "nothing to compare"]


@dataclass(frozen=True)
class Reproduction:
    """What came of a published setting.

    Attributes:
        table: a row a number: what, expected, found, difference, tolerance, within (None where there is nothing to
            compare), n, signature.
        lacks: in what the given checkpoint and treebanks are not those of the setting.
        unchecked: what could not be compared, as nothing to compare it with is known.
    """

    setting: PublishedSetting
    table: pd.DataFrame
    lacks: tuple[str, ...]
    unchecked: tuple[str, ...]
    summary: str

    @property
    def verdict(self) -> Verdict:
        """`stand-in` where something is lacking, whatever the numbers; otherwise what the numbers say."""
        if self.lacks:
            return "stand-in"
        compared = self.table["within"].dropna()
        if compared.empty:
            return "nothing to compare"
        return "reproduced" if compared.all() else "not reproduced"


def reproduce(
    name: str,
    out: str | Path,
    *,
    given: Mapping[str, Any] | None = None,
    anyway: bool = False,
    figures: bool = False,
    overwrite: bool = False,
    progress: Progress = True,
) -> Reproduction:
    """Run a published setting, and write what comes of it into a folder: that of its analysis, with `reproduction.csv`.

    Args:
        name: of the setting (`published_settings`).
        given: fields of `Sources`: the checkpoint and treebanks. What is not given is the setting's own, by its name on
            the hub and in Universal Dependencies.
        anyway: run it although the digest of a treebank or checkpoint is another; it is then a stand-in.

    Raises:
        ReproductionError: there is no such setting, what it needs was not given and has no public name, or a digest is
            not the one that is known.
        TreeprobeError: as the analysis raises it.
    """
    setting = find_setting(name)
    analysis = find_analysis(setting.analysis)
    sources = _sources(setting, given or {})
    with staged_folder(out, overwrite=overwrite) as folder:
        subject = open_subject(analysis, sources, progress=progress)
        other, lacks, unchecked = _compare_subject(setting, subject)
        if other and not anyway:
            raise ReproductionError(
                f"{name}: {'; '.join(other)}. Give what the setting names, or run it as a stand-in (--anyway, "
                "anyway=True)"
            )
        findings = perform(analysis, subject, folder, options=setting.options, figures=figures)
        finished = Finished(ResultFiles.of(folder))
        table = pd.DataFrame([_row(one, findings, finished) for one in setting.expected])
        lacks += _missing(table, setting.expected)
        found = Reproduction(setting, table, (*other, *lacks), tuple(unchecked), findings.summary)
        _write(found, folder)
        return found


def _sources(setting: PublishedSetting, given: Mapping[str, Any]) -> Sources:
    """What is given, and for the rest the public names of the setting. Raises ReproductionError where it has none."""
    said = {key: value for key, value in given.items() if value is not None}
    if "model" not in said:
        said["model"] = embedded_checkpoint() if setting.checkpoint.embedded else setting.checkpoint.hub
    languages = find_analysis(setting.analysis).languages
    for split in setting.treebank.needs:
        if split not in said:
            if setting.treebank.ud is None:
                raise ReproductionError(
                    f"{setting.name}: found no {split} treebank; expected --{split}: {setting.treebank.name}, which "
                    "has no public name by which it could be fetched"
                )
            said[split] = setting.treebank.ud
        if languages and isinstance(said[split], str):
            said[split] = tuple(part.strip() for part in said[split].split(",") if part.strip())
    return Sources(**said)


def _compare_subject(setting: PublishedSetting, subject: Subject) -> tuple[list[str], list[str], list[str]]:
    """What is another by its digest, what is of another shape or size, and what cannot be told."""
    wanted, bank = setting.checkpoint, setting.treebank
    other, lacks, unchecked = [], [], []
    encoder = subject.encoder
    if wanted.digest is None:
        unchecked.append(f"the weights of {wanted.hub}: no digest of them is known")
    elif encoder.digest != wanted.digest:
        other.append(f"{encoder.name}: found the digest {encoder.digest[:12]}, expected {wanted.digest[:12]}")
    config = encoder.model.config
    shape = {
        "blocks": (len(encoder.layers) - 1, wanted.blocks),
        "dimensions": (encoder.dim, wanted.dim),
        "heads a block": (getattr(config, "num_attention_heads", None), wanted.heads),
    }
    for what, (found, expected) in shape.items():
        if expected is not None and found != expected:
            lacks.append(f"{encoder.name} has {found} {what}; expected {expected} ({wanted.hub})")
    for split in bank.needs:
        own, known = subject.splits[split], bank.digests.get(split)
        if known is not None and own.digest != known:
            other.append(
                f"{split}: found the digest {own.digest[:12]} ({own.name}), expected {known[:12]} ({bank.name})"
            )
        size = bank.sentences.get(split)
        if size is not None and len(own) != size:
            lacks.append(f"{split} has {len(own):,} sentences; expected {size:,} ({bank.name})")
        if known is None and size is None:
            unchecked.append(f"the {split} split of {bank.name}: neither its digest nor its size is known")
    return other, lacks, unchecked


def _row(expected: Expected, findings: Findings, finished: Finished) -> dict[str, Any]:
    """A published number beside ours: the mean over the rows, which are those of several seeds."""
    rows = _rows(findings.tables[expected.table], expected.where)
    found = _found(expected, rows, finished)
    gap = math.nan if expected.value is None else found - expected.value
    # Both are rounded as the published number is, so that the end of the interval belongs to it.
    within = None if math.isnan(gap) else bool(abs(gap) <= expected.tolerance + 1e-9)
    return {
        "what": expected.what,
        "expected": math.nan if expected.value is None else expected.value,
        "found": found,
        "difference": gap,
        "tolerance": math.nan if expected.value is None else expected.tolerance,
        "within": within,
        "n": int(rows["n"].iloc[0]) if len(rows) and "n" in rows else None,
        SIGNATURE: rows[SIGNATURE].iloc[0] if len(rows) and SIGNATURE in rows else None,
    }


def _rows(table: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """The rows whose cells are those asked for."""
    chosen = np.ones(len(table), dtype=bool)
    for column, value in where.items():
        chosen &= (table[column] == value).fillna(False).to_numpy(dtype=bool)
    return table[chosen]


def _found(expected: Expected, rows: pd.DataFrame, finished: Finished) -> float:
    """Our number; nan where there is none."""
    if expected.average is None:
        return float(rows[expected.column].astype(float).mean()) if len(rows) else math.nan
    tallies = [
        one.tally()
        for one in everything_measured(finished)
        if all({**vars(one.setting), "metric": one.metric}[key] == value for key, value in expected.where.items())
    ]
    return float(np.mean([sentence_mean(tally) for tally in tallies])) if tallies else math.nan


def sentence_mean(tally: Tally) -> float:
    """The mean of the scores of sentences, each counting alike, where the tally's own is over edges or words of all."""
    counted = tally.denominators > 0
    return float(np.mean(tally.numerators[counted] / tally.denominators[counted])) if counted.any() else math.nan


def _missing(table: pd.DataFrame, expected: Sequence[Expected]) -> list[str]:
    """Numbers that the analysis does not have, or has of another number of edges."""
    lacks = [f"{what}: found no such score" for what in table["what"][table["found"].isna()]]
    counts = [
        f"{one.what}: found {n:,} edges; expected {one.n:,}"
        for one, n in zip(expected, table["n"])
        if one.n is not None and not pd.isna(n) and n != one.n
    ]
    return lacks + counts


def _write(found: Reproduction, folder: Path) -> None:
    """Add the table to the folder, and to its record what the table is of and what it says."""
    found.table.to_csv(folder / TABLE, index=False)
    record = {key: value for key, value in read_record(folder).items() if key not in ("files", "digest")}
    told = {
        "setting": found.setting.name,
        "verdict": found.verdict,
        "lacks": found.lacks,
        "source": found.setting.source,
    }
    write_record(folder, {**record, "reproduction": told})
