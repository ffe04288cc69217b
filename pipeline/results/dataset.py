"""The scores of any number of sweeps as one Parquet data set, which pandas, DuckDB and polars query.

DATASET/
    checkpoint=NAME/treebank=NAME/ANALYSIS-IDENTITY.parquet     the scores of one finished analysis

A file is named by what it depends on, so that what was collected is neither written again nor collected twice.
"""

import importlib.util
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from treeprobe.digests import json_digest
from treeprobe.errors import OutputError
from treeprobe.files import written_whole
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.finished import Finished, read_contents
from treeprobe.pipeline.results.sweep_folder import DamagedResults

PARTITIONS = ("checkpoint", "treebank")
"""Columns that stand in the names of folders instead of in files, as Hive writes them."""


@dataclass(frozen=True)
class Collected:
    """What a call has collected.

    Attributes:
        out: the data set.
        added: files that were written.
        known: analyses that were in it already.
        without_scores: analyses that have no table of scores.
        damaged: what is wrong with analyses that were left out, by name.
    """

    out: Path
    added: list[Path]
    known: int
    without_scores: int
    damaged: dict[str, str]


def collect_results(folders: Sequence[str | Path], out: str | Path) -> Collected:
    """Add the scores of finished analyses to a Parquet data set, a file each; no file that is there is written again.

    Any number of processes may collect into one data set at once. Columns are those of `load_results`, then what tells
    rows of one name apart: `sweep`, the folder's name; `checkpoint_digest` and `splits`, a JSON object of the digests
    of what was read; `options`, another of what was asked; `version`, that of treeprobe.

    Args:
        folders: of sweeps or of single analyses. Damaged tasks of sweeps are left out with a warning
            (`DamagedResults`).
        out: the data set, made where it is not there yet.

    Raises:
        FindingsError: a folder holds neither, or a single analysis that is damaged.
        OutputError: pyarrow is not installed, or a file cannot be written.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise OutputError("a Parquet data set needs pyarrow, which is not installed: pip install 'treeprobe[parquet]'")
    place, added, known, without = Path(out).expanduser(), [], 0, 0
    damaged: dict[str, str] = {}
    for folder in folders:
        finished, lost = read_contents(folder)
        damaged |= lost
        for one in finished:
            target = _file_of(one, place)
            if target.exists():
                known += 1
            elif (scores := _scores_of(one, damaged)) is None:
                continue
            elif scores.empty:
                without += 1
            else:
                _write(_described(one, scores, Path(folder).expanduser().absolute().name), target)
                added.append(target)
    for problem in damaged.values():
        warnings.warn(problem, DamagedResults, stacklevel=2)
    return Collected(place, added, known, without, damaged)


def _scores_of(one: Finished, damaged: dict[str, str]) -> pd.DataFrame | None:
    """The scores of an analysis; None where they are damaged, which is noted."""
    try:
        return one.scores()
    except FindingsError as error:
        damaged[one.folder.name] = str(error)
        return None


def _file_of(one: Finished, place: Path) -> Path:
    """Where the scores of an analysis lie in a data set: by names that people read, and by all that they depend on."""
    record = one.record
    depends = {name: record.get(name) for name in ("analysis", "options", "probes", "before", "family", "step")}
    depends |= {"checkpoint": record["checkpoint"]["digest"], "splits": _split_digests(one)}
    folders = [f"{name}={quote(getattr(one, name), safe='')}" for name in PARTITIONS]
    return place.joinpath(*folders, f"{one.analysis}-{json_digest(depends)[:16]}.parquet")


def _described(one: Finished, scores: pd.DataFrame, sweep: str) -> pd.DataFrame:
    """The rows with what they depend on."""
    return scores.drop(columns=list(PARTITIONS)).assign(
        sweep=sweep,
        checkpoint_digest=one.record["checkpoint"]["digest"],
        splits=json.dumps(_split_digests(one), sort_keys=True),
        options=json.dumps(one.record["options"], sort_keys=True),
        version=one.record["versions"]["treeprobe"],
    )


def _split_digests(one: Finished) -> dict[str, str]:
    """The digest of each split that an analysis read."""
    return {name: str(split["digest"]) for name, split in one.record["splits"].items()}


def _write(table: pd.DataFrame, target: Path) -> None:
    """Write a file, whole or not at all, with one type for each column in all files: text where it has no values."""
    texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(target) as draft:
            table.astype(dict.fromkeys(texts, "string")).to_parquet(draft, index=False)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from error
