"""What a structural analysis keeps for later comparisons: the tallies of every setting, and the gold edges it found.

tallies.npz   for tally number i: i.numerators, i.denominators, i.strata, all (sentences,); for each split whose
              documents are known, SPLIT.documents, (sentences,)
edges.npz     for each split its gold edges, column by column, and `SPLIT.correct`, bits of (settings, edges)
index.json    the setting and metric of every tally, and the settings of the rows of each `correct`
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.parsing import Tally
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.scores import Measurement, Setting

INDEX, TALLIES, EDGES = (f"tallies/{name}" for name in ("index.json", "tallies.npz", "edges.npz"))
EDGE_COLUMNS = (
    "sentence", "document", "relation", "arc_length", "sentence_length", "head_upos", "dependent_upos", "projective"
)  # fmt: skip


@dataclass(frozen=True)
class FoundEdges:
    """Which gold edges of a split some settings found: `gold` has one row an edge, `correct` is (settings, edges)."""

    gold: pd.DataFrame
    settings: Sequence[Setting]
    correct: NDArray[np.bool_]

    def table(self, rows: Sequence[int]) -> pd.DataFrame:
        """The edges as `treeprobe.parsing.break_down` takes them, `correct` the mean over some rows of settings."""
        return self.gold.assign(correct=self.correct[list(rows)].mean(axis=0))


def write_tallies(folder: Path, *, measurements: Sequence[Measurement], edges: Mapping[Split, FoundEdges]) -> None:
    """Write the three files into a new folder."""
    folder.mkdir()
    pairs = [(one.setting, tally) for one in measurements for tally in one.tallies.values()]
    arrays = {
        f"{number}.{column}": getattr(tally, column)
        for number, (_, tally) in enumerate(pairs)
        for column in ("numerators", "denominators", "strata")
    }
    documents = {
        f"{setting.split}.documents": tally.documents for setting, tally in pairs if tally.documents is not None
    }
    _save_arrays(folder / "tallies.npz", {**arrays, **documents})
    _save_arrays(folder / "edges.npz", _edge_arrays(edges))
    index = {
        "tallies": [{**vars(setting), "metric": tally.metric} for setting, tally in pairs],
        "edges": {split: [vars(setting) for setting in found.settings] for split, found in edges.items()},
    }
    (folder / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as one compressed .npz file."""
    np.savez_compressed(path, allow_pickle=False, **dict[str, Any](arrays))


def _edge_arrays(edges: Mapping[Split, FoundEdges]) -> dict[str, NDArray[Any]]:
    """The arrays of edges.npz; text as fixed-width Unicode, which needs no pickle."""
    arrays: dict[str, NDArray[Any]] = {}
    for split, found in edges.items():
        for column in EDGE_COLUMNS:
            values = found.gold[column].to_numpy()
            arrays[f"{split}.{column}"] = values.astype(str) if values.dtype.kind not in "biuf" else values
        arrays[f"{split}.correct"] = np.packbits(found.correct, axis=1)
    return arrays


def read_index(files: ResultFiles) -> list[tuple[Setting, str]]:
    """The setting and metric of every tally of an analysis, by number; none where it keeps no tallies."""
    if INDEX not in files:
        return []
    with files.reading(INDEX):
        rows = [dict(row) for row in files.fields(INDEX).items("tallies")]
        return [(Setting(**row), metric) for row in rows if (metric := str(row.pop("metric")))]


def read_tally(files: ResultFiles, number: int, *, metric: str, split: str) -> Tally:
    """One tally, by its number in the index; `split` is that of its setting."""
    with files.reading(TALLIES) as path, np.load(path, allow_pickle=False) as arrays:
        numerators, denominators, strata = (
            arrays[f"{number}.{column}"] for column in ("numerators", "denominators", "strata")
        )
        return Tally(metric, numerators, denominators, strata, arrays.get(f"{split}.documents"))


def read_edges(files: ResultFiles, split: str) -> FoundEdges:
    """The gold edges of a split and which were found. Raises FindingsError when there is no such split."""
    rows = files.fields(INDEX).part("edges").items(split)
    with files.reading(EDGES) as path, np.load(path, allow_pickle=False) as arrays:
        settings = [Setting(**row) for row in rows]
        gold = pd.DataFrame({column: arrays[f"{split}.{column}"] for column in EDGE_COLUMNS})
        packed = arrays[f"{split}.correct"]
        return FoundEdges(gold, settings, np.unpackbits(packed, axis=1, count=len(gold)).astype(bool))
