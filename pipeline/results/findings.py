"""What an analysis finds, and the one folder that holds it.

FOLDER/
    analysis.json   what was analysed, by which analysis and options, with digests, versions, times, and the result;
                    sealed, with the sizes and digests of all other files but figures
    NAME.csv        every table
    figures/        where they were asked for
    ...             what else the analysis leaves: probes, trees, tallies
"""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.digests import file_digest
from treeprobe.errors import TreeprobeError
from treeprobe.files import write_json
from treeprobe.pipeline.options import Options
from treeprobe.records import Fields, sealed

FORMAT = 2
RECORD = "analysis.json"
FIGURES = "figures"
KEYS = frozenset(
    {"analysis", "checkpoint", "details", "options", "seconds", "splits", "summary", "treebank", "versions"}
)
"""What every record says."""
AGAIN = "run the analysis again with --overwrite"
EARLIER = ("run.json", "convolution.json", "task.json")
"""Records of earlier versions."""
PACKAGES = ("treeprobe", "torch", "transformers", "tokenizers", "numpy", "scipy", "networkx", "scikit-learn")

Writer = Callable[[Path], None]


class FindingsError(TreeprobeError, ValueError):
    """A folder that does not hold the findings of an analysis, or not those that are needed."""


@dataclass(frozen=True)
class Closing:
    """What a terminal shows when an analysis ends.

    Attributes:
        text: what one looks at first.
        full: everything; where it is empty, `text` is everything.
        rows: everything as a tidy table.
    """

    text: str
    rows: pd.DataFrame
    full: str = ""


@dataclass(frozen=True)
class Findings:
    """The result of an analysis of one subject.

    Attributes:
        summary: the result in one sentence.
        tables: tidy tables, each written as NAME.csv.
        artefacts: what else is written: the name of a file or folder, and the function that writes it there.
        figures: draws every figure into a folder that exists.
        details: what the record says besides: the best layer, sentences left out.
        closing: the tables that a terminal shows when the analysis ends, where it has some.
        options: those that were followed, where they are not the ones given: those of probes that were taken over.
    """

    summary: str
    tables: Mapping[str, pd.DataFrame]
    artefacts: Mapping[str, Writer] = field(default_factory=dict)
    figures: Writer | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    closing: Closing | None = None
    options: Options | None = None

    def write(self, folder: Path, *, figures: bool = True) -> None:
        """Write tables, artefacts and, where asked for, figures into a folder that exists."""
        for name, table in self.tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)
        for name, write in self.artefacts.items():
            write(folder / name)
        if figures and self.figures is not None:
            (folder / FIGURES).mkdir()
            self.figures(folder / FIGURES)


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a folder of findings, last of all its files, whose sizes and digests it holds."""
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": file_digest(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / RECORD and not path.is_relative_to(folder / FIGURES)
    }
    write_json(folder / RECORD, sealed({"format": FORMAT, **record, "versions": versions(), "files": files}))


def read_record(folder: Path, *, remedy: str = AGAIN) -> dict[str, Any]:
    """The record of a folder of findings; `remedy` is what the error about a damaged one says to do.

    Raises FindingsError when the folder has none, one that cannot be read or was changed, or one of an earlier version.
    """
    path = folder / RECORD
    try:
        fields = Fields.read(path, error=FindingsError, remedy=remedy)
    except (FileNotFoundError, NotADirectoryError) as error:
        if not folder.is_dir():
            raise FindingsError(f"{folder}: there is no such folder; expected that of an analysis") from error
        if earlier := [name for name in EARLIER if (folder / name).exists()]:
            raise FindingsError(
                f"{folder}: its {earlier[0]} is of an earlier version of treeprobe; {remedy}"
            ) from error
        # What to do again is known of a task in a sweep; of another folder, it is not known that it was an analysis's.
        hint = f"; {remedy}" if remedy != AGAIN else ""
        raise FindingsError(f"{folder}: holds no {RECORD}; expected the folder of an analysis{hint}") from error
    found = fields.content.get("format")
    if found != FORMAT:
        raise FindingsError(f"{path}: is of format {found}; expected {FORMAT}; {remedy}")
    if missing := KEYS - fields.content.keys():
        raise FindingsError(f"{path}: lacks {', '.join(sorted(missing))}; {remedy}")
    _check_fields(fields)
    return dict(fields.content)


def _check_fields(record: Fields) -> None:
    """Refuse a record whose fields are not what they are expected to be."""
    for name in ("analysis", "summary", "treebank"):
        record.text(name)
    for name in ("name", "path", "digest"):
        record.part("checkpoint").text(name)
    for name in ("details", "options", "versions"):
        if not isinstance(record.content.get(name), dict):
            record.part(name)  # refuses it
    for split in record.table("splits").values():
        split.text("digest")
    record.part("seconds").number("total")
    if record.content.get("family") is not None:
        record.text("family")
    if record.content.get("step") is not None:
        record.integer("step")
    if "identity" in record.content:
        record.part("identity")
    # Records of before sizes and digests were kept have no files.
    files = record.content.get("files", {})
    if isinstance(files, dict) and all(map(_is_file, files.values())):
        return
    for file in record.table("files").values():
        file.integer("bytes")
        file.text("sha256")


def _is_file(file: object) -> bool:
    """Whether the size and digest of a file are what they should be: quickly, since most are."""
    if not isinstance(file, dict):
        return False
    size = file.get("bytes")
    return type(size) is int and size >= 0 and type(file.get("sha256")) is str


@cache
def versions() -> Mapping[str, str]:
    """The versions that results depend on, Python's included."""
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}
