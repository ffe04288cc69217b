"""Hidden states and attention in HDF5 files, those of the scripts of 2019 among them.

The scripts of Hewitt & Manning (2019, github.com/john-hewitt/structural-probes) keep hidden states in one HDF5 file:
a dataset per sentence, named by its index, of shape (layers, subwords, dim) for BERT, with [CLS] and [SEP], and
(layers, words, dim) for ELMo. Their BERT files leave the embedding output out: index 0 is the output of the first
block, which is layer 1 here.
"""

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from treeprobe.errors import TreeprobeError, first_line
from treeprobe.extraction.alignment import Pooling
from treeprobe.extraction.attention import AttentionBatch
from treeprobe.extraction.states import Layout, Piece, States, copy_pieces
from treeprobe.extraction.subword_rows import SpecialRows, SubwordRows
from treeprobe.files import written_whole


class Hdf5Error(TreeprobeError, ValueError):
    """An HDF5 file that cannot be read, is not in the layout of 2019 or not of the given words; or h5py is missing."""


def read_hdf5(
    path: str | Path,
    words: Sequence[Sequence[str]],
    *,
    tokenizer: PreTrainedTokenizerBase | None = None,
    pooling: Pooling = "mean",
    first_layer: int | None = None,
    special_tokens: SpecialRows = True,
) -> States:
    """Open an HDF5 file of hidden states as word-aligned states; sentences are read as they are asked for.

    Args:
        words: the sentences that the file was made from.
        tokenizer: the fast tokenizer that made the file's subwords; None if its rows are words.
        pooling: a word's vector is the mean of its subwords' vectors, or the first's, or the last's.
        first_layer: number of the file's first layer. None: as the file says if `write_hdf5` made it, else 1 for
            subwords, since the scripts of 2019 leave the embedding output out, and 0 for words.
        special_tokens: whether the rows include the tokenizer's special tokens; or how many stand before and after.

    Raises:
        Hdf5Error: the file cannot be read, or a sentence is missing or of another shape than its words.
    """
    path = Path(path)
    rows = SubwordRows.of(words, tokenizer, pooling=pooling, special_tokens=special_tokens)
    file = _open(path)
    try:
        layers, dim = _check_shapes(file, path, len(words), rows)
        stored = file.attrs.get("layers")
    except BaseException:
        file.close()
        raise
    if first_layer is not None or stored is None:
        start = first_layer if first_layer is not None else int(tokenizer is not None)
        stored = range(start, start + layers)
    numbers = tuple(int(layer) for layer in stored)
    layout = Layout(
        identity={"checkpoint": {"name": path.name, "digest": None}, "source": "hdf5"},
        layers=numbers,
        dim=dim,
        word_bounds=rows.word_bounds,
        shard_bounds=np.arange(len(words) + 1),
    )
    return States([_Hdf5Sentence(file, sentence, numbers, rows) for sentence in range(len(words))], layout, rows.report)


def write_hdf5(states: States, path: str | Path) -> None:
    """Write states as HDF5: a dataset per sentence, named by its index, (layers, words, dim) float32.

    The file's attribute `layers` holds the layer numbers. The file appears when it is complete.

    Raises:
        Hdf5Error: h5py is not installed.
    """
    with written_whole(Path(path)) as partial, _hdf5_library().File(partial, "w") as file:
        file.attrs["layers"] = list(states.layers)
        for sentence in range(len(states)):
            file.create_dataset(str(sentence), data=states.read([sentence]))


def write_attention(batches: Iterable[AttentionBatch], path: str | Path) -> None:
    """Write streamed attention: a dataset per sentence, named by its index in the text.

    Each is (layers, heads, positions, positions) float16, without padding; the file's attributes `leading` and
    `trailing` count the special positions around the words. The file appears when it is complete.

    Args:
        batches: what `stream_attention` returns.

    Raises:
        Hdf5Error: h5py is not installed.
    """
    with written_whole(Path(path)) as partial, _hdf5_library().File(partial, "w") as file:
        for batch in batches:
            file.attrs["leading"], file.attrs["trailing"] = batch.leading, batch.trailing
            for row, (index, length) in enumerate(zip(batch.indices, batch.lengths)):
                real = batch.leading + int(length) + batch.trailing
                found = batch.attention[:, row, :, :real, :real].cpu().numpy()
                file.create_dataset(str(index), data=found.astype(np.float16))


class _Hdf5Sentence:
    """One sentence of an open HDF5 file, as a shard."""

    dtype = np.dtype(np.float32)

    def __init__(self, file: Any, sentence: int, layers: tuple[int, ...], rows: SubwordRows) -> None:
        self._file, self._sentence, self._layers, self._rows = file, sentence, layers, rows

    def read_into(self, out: NDArray[Any], layer: int, pieces: Sequence[Piece]) -> None:
        found = self._file[str(self._sentence)][self._layers.index(layer)].astype(np.float32)
        copy_pieces(self._rows.pool(self._sentence, found), out, pieces)


def _hdf5_library() -> Any:
    """`h5py`, an optional dependency. Raises Hdf5Error, which says how to install it, where it is missing."""
    try:
        return importlib.import_module("h5py")
    except ImportError as error:
        raise Hdf5Error("HDF5 files need h5py: pip install 'treeprobe[hdf5]'") from error


def _open(path: Path) -> Any:
    library = _hdf5_library()
    try:
        return library.File(path, "r")
    except OSError as error:
        raise Hdf5Error(f"{path} cannot be read as HDF5: {first_line(error)}") from error


def _check_shapes(file: Any, path: Path, sentences: int, rows: SubwordRows) -> tuple[int, int]:
    """Layers and dim that every sentence agrees on."""
    if len(file) != sentences:
        raise Hdf5Error(f"{path} holds {len(file)} sentences, expected {sentences}")
    layers, dim = 0, 0
    for sentence in range(sentences):
        shape = file[str(sentence)].shape if str(sentence) in file else None
        if shape is None or len(shape) != 3 or shape[1] != rows.count(sentence):
            raise Hdf5Error(
                f"{path}, dataset {sentence}: found {'nothing' if shape is None else f'shape {shape}'}, expected "
                f"(layers, {rows.count(sentence)}, dim) for the words of sentence {sentence + 1}"
            )
        if sentence and (shape[0], shape[2]) != (layers, dim):
            raise Hdf5Error(
                f"{path}, dataset {sentence}: shape {shape} is unlike those before it, "
                f"expected ({layers}, {shape[1]}, {dim})"
            )
        layers, dim = shape[0], shape[2]
    return layers, dim
