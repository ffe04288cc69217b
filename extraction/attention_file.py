"""Attention on disk, for those who ask for it: one HDF5 file, a dataset a sentence."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from treeprobe.extraction.attention import AttentionBatch
from treeprobe.extraction.migration import hdf5_library
from treeprobe.files import written_whole


def write_attention(batches: Iterable[AttentionBatch], path: str | Path) -> None:
    """Write streamed attention: a dataset a sentence, named by its index in the text.

    Each is (layers, heads, positions, positions) float16, without padding; the file's attributes `leading` and
    `trailing` count the special positions around the words. The file appears when it is complete.

    Args:
        batches: what `stream_attention` returns.

    Raises:
        MigrationError: h5py is not installed.
    """
    with written_whole(Path(path)) as partial, hdf5_library().File(partial, "w") as file:
        for batch in batches:
            file.attrs["leading"], file.attrs["trailing"] = batch.leading, batch.trailing
            for row, (index, length) in enumerate(zip(batch.indices, batch.lengths)):
                real = batch.leading + int(length) + batch.trailing
                found = batch.attention[:, row, :, :real, :real].numpy()
                file.create_dataset(str(index), data=found.astype(np.float16))
