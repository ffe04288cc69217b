"""What an analysis finds, and the one folder that holds it.

FOLDER/
    analysis.json   what was analysed, by which analysis and options, with digests, versions, times, and the result
    NAME.csv        every table
    figures/        where they were asked for
    ...             what else the analysis leaves: probes, trees, tallies
"""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.errors import TreeprobeError
from treeprobe.files import write_json
from treeprobe.pipeline.options import Options

FORMAT = 2
RECORD = "analysis.json"
KEYS = frozenset(
    {"analysis", "checkpoint", "details", "options", "seconds", "splits", "summary", "treebank", "versions"}
)
"""What every record says."""
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
            (folder / "figures").mkdir()
            self.figures(folder / "figures")


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a folder of findings, last of all its files."""
    write_json(folder / RECORD, {"format": FORMAT, **record, "versions": versions()})


def read_record(folder: Path) -> dict[str, Any]:
    """The record of a folder of findings.

    Raises FindingsError when the folder has none, one that cannot be read, or one of an earlier version.
    """
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if not folder.is_dir():
            raise FindingsError(f"{folder}: there is no such folder; expected that of an analysis") from error
        if earlier := [name for name in EARLIER if (folder / name).exists()]:
            raise FindingsError(
                f"{folder}: its {earlier[0]} is of an earlier version of treeprobe; run the analysis again "
                "with --overwrite"
            ) from error
        raise FindingsError(f"{folder}: holds no {RECORD}; expected the folder of an analysis") from error
    except (OSError, ValueError) as error:
        raise FindingsError(f"{path}: cannot be read: {error}; run the analysis again with --overwrite") from error
    found = record.get("format") if isinstance(record, dict) else None
    if found != FORMAT:
        raise FindingsError(f"{path}: is of format {found}; expected {FORMAT}. Run the analysis again with --overwrite")
    if missing := KEYS - record.keys():
        raise FindingsError(f"{path}: lacks {', '.join(sorted(missing))}; run the analysis again with --overwrite")
    return dict(record)


def versions() -> dict[str, str]:
    """The versions that results depend on, Python's included."""
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}
