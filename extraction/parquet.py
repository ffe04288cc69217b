"""Word-aligned states as a Parquet file: a row a word, a column a layer, for tools that know nothing of treeprobe.

Columns: `sentence` and `word`, from 0; `layer_0`, `layer_1`, … of lists of `dim` float32. A row group holds whole
sentences, so that a few of them are read without the rest.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.errors import TreeprobeError
from treeprobe.extraction.alignment import bounds_of
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Layout, Piece, States, copy_pieces
from treeprobe.files import written_whole

_GROUP_WORDS = 4096
"""Words of a row group, at least, but for the last."""
_LAYER = "layer_"


class ParquetError(TreeprobeError, ValueError):
    """A Parquet file that cannot be read or holds no states; or pyarrow is missing."""


def write_parquet(states: States, path: str | Path) -> None:
    """Write states as a Parquet file, which appears when it is complete; memory holds a row group.

    Raises:
        ParquetError: pyarrow is not installed.
    """
    arrow, parquet = _library("pyarrow"), _library("pyarrow.parquet")
    vectors = arrow.list_(arrow.float32(), states.dim)
    names = [f"{_LAYER}{layer}" for layer in states.layers]
    schema = arrow.schema(
        [("sentence", arrow.int32()), ("word", arrow.int32()), *((name, vectors) for name in names)],
        metadata={"treeprobe.states": "1"},
    )
    with written_whole(Path(path)) as draft, parquet.ParquetWriter(draft, schema) as file:
        for first, last in _groups(states.lengths):
            lengths = states.lengths[first:last]
            columns = [
                arrow.array(np.repeat(np.arange(first, last), lengths), arrow.int32()),
                arrow.array(np.concatenate([np.arange(length) for length in lengths]), arrow.int32()),
            ]
            columns += [
                arrow.FixedSizeListArray.from_arrays(arrow.array(layer.reshape(-1)), states.dim)
                for layer in states.read(np.arange(first, last))
            ]
            file.write_table(arrow.Table.from_arrays(columns, schema=schema), row_group_size=int(lengths.sum()) or 1)


def read_parquet(path: str | Path) -> States:
    """Open a file that `write_parquet` wrote, or one of its layout, as states; they are read as they are asked for.

    Raises:
        ParquetError: the file cannot be read, or is of another layout; pyarrow is not installed.
    """
    path, parquet = Path(path), _library("pyarrow.parquet")
    try:
        file = parquet.ParquetFile(path)
        layers, dim = _layers_of(file, path)
        sentences = file.read(["sentence"])["sentence"].to_numpy()
        groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    except (OSError, _library("pyarrow").ArrowException) as error:
        raise ParquetError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    starts = bounds_of(np.array(groups, np.int64))
    count = int(sentences[-1]) + 1 if len(sentences) else 0
    firsts = np.searchsorted(sentences, np.arange(count))
    begun = np.append(sentences[starts[:-1]], count) if groups else np.zeros(1, np.int64)
    if (np.diff(sentences) < 0).any() or not np.isin(starts[:-1], firsts).all() or not groups:
        raise ParquetError(f"{path}: expected rows in the order of sentences, and row groups of whole sentences")
    layout = Layout(
        identity={"checkpoint": {"name": path.name, "digest": None}, "source": "parquet"},
        layers=layers,
        dim=dim,
        word_bounds=np.append(firsts, len(sentences)).astype(np.int64),
        shard_bounds=begun.astype(np.int64),
    )
    shards = [_RowGroup(file, number, dim) for number in range(len(groups))]
    return States(shards, layout, AlignmentReport(count, len(sentences)))


class _RowGroup:
    """The states of a row group, read a layer at a time."""

    dtype = np.dtype(np.float32)

    def __init__(self, file: Any, number: int, dim: int) -> None:
        self._file, self._number, self._dim = file, number, dim

    def read_into(self, out: NDArray[Any], layer: int, pieces: Sequence[Piece]) -> None:
        column = self._file.read_row_group(self._number, [f"{_LAYER}{layer}"]).column(0).combine_chunks()
        copy_pieces(column.flatten().to_numpy().reshape(-1, self._dim), out, pieces)


def _groups(lengths: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last sentence of each row group, the latter excluded."""
    bounds, found, first = bounds_of(lengths), [], 0
    while first < len(lengths):
        last = int(np.searchsorted(bounds, bounds[first] + _GROUP_WORDS))
        last = min(max(last, first + 1), len(lengths))
        found.append((first, last))
        first = last
    return found


def _layers_of(file: Any, path: Path) -> tuple[tuple[int, ...], int]:
    """Layer numbers and width of the vectors. Raises ParquetError where the columns are not those of states."""
    names = file.schema_arrow.names
    layers = [name.removeprefix(_LAYER) for name in names if name.startswith(_LAYER)]
    widths = {getattr(file.schema_arrow.field(f"{_LAYER}{layer}").type, "list_size", 0) for layer in layers}
    numbered = all(layer.isdecimal() for layer in layers)
    if "sentence" not in names or not layers or not numbered or len(widths) != 1 or 0 in widths:
        raise ParquetError(
            f"{path}: found columns {', '.join(names)}; expected sentence, word, and layer_0, layer_1, … of lists of "
            "one width"
        )
    return tuple(sorted(map(int, layers))), int(widths.pop())


def _library(name: str) -> Any:
    """A module of pyarrow, an optional dependency. Raises ParquetError, which says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ParquetError("Parquet files need pyarrow: pip install 'treeprobe[parquet]'") from error
