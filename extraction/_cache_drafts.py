"""Shards of a cache that are being written: rows come in any order and go to their places, and a shard appears whole.

Nothing is held in memory, however many shards are written at once.
"""

import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from treeprobe.extraction._cache_records import (
    SHARD_RECORD,
    FileRecord,
    KeptShard,
    Manifest,
    ShardRecord,
    layer_file,
    shard_name,
)
from treeprobe.extraction._cache_shards import file_header
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Layout, Run

_DIGESTS = 8
"""Files whose digests are taken at once, at most."""


class DraftShards:
    """Some shards beside their places in the cache's folder, their files of full size from the start."""

    def __init__(self, folder: Path, manifest: Manifest, layout: Layout, numbers: Collection[int]) -> None:
        """Nothing is written yet."""
        self._folder, self._manifest, self._layout, self._numbers = folder, manifest, layout, tuple(numbers)
        self._origins: dict[tuple[int, int], int] = {}

    def begin(self) -> None:
        """Write the header of every file; its numbers are zero until rows are written."""
        for number in self._numbers:
            draft = self._draft(number)
            draft.mkdir()
            words = int(self._layout.shard_words[number + 1] - self._layout.shard_words[number])
            for layer in self._layout.layers:
                header, size = file_header(self._manifest, number, layer, words=words)
                self._origins[number, layer] = len(header)
                with (draft / layer_file(layer)).open("wb") as file:
                    file.write(header)
                    file.truncate(len(header) + size)

    def write(self, vectors: Tensor, runs: Mapping[int, list[Run]]) -> None:
        """Write rows to their places; those of other shards than these are passed over.

        Args:
            vectors: (layers, rows, dim) on the CPU, in the cache's number format.
            runs: which of the rows go where in each shard.
        """
        raw = vectors.contiguous().view(torch.uint8).numpy()
        for number in runs.keys() & self._numbers:
            for place, layer in enumerate(self._layout.layers):
                rows = raw[place]
                origin, row_bytes = self._origins[number, layer], rows.shape[1]
                # Opened for each batch: the files of all shards may be more than a process may have open.
                with _opened(self._draft(number) / layer_file(layer)) as file:
                    for run in runs[number]:
                        part = rows[run.row : run.row + run.length].data.cast("B")
                        _write_fully(file, part, origin + run.word * row_bytes)

    def finish(self, reports: Mapping[int, AlignmentReport]) -> dict[int, KeptShard]:
        """Put the shards in place; their records by number."""
        paths = [self._draft(number) / layer_file(layer) for number in self._numbers for layer in self._layout.layers]
        # Reading and digests release the interpreter's lock.
        with ThreadPoolExecutor(min(_DIGESTS, os.cpu_count() or 1)) as executor:
            records = dict(zip(paths, executor.map(FileRecord.of, paths)))
        kept = {}
        for number in self._numbers:
            draft, name = self._draft(number), shard_name(number)
            files = {layer_file(layer): records[draft / layer_file(layer)] for layer in self._layout.layers}
            one = KeptShard(ShardRecord(self._manifest.key, name, files), reports[number], sealed=True)
            (draft / SHARD_RECORD).write_text(json.dumps(one.to_json()), encoding="utf-8")
            draft.rename(self._folder / name)
            kept[number] = one
        return kept

    def discard(self) -> None:
        """Remove what is not in place."""
        for number in self._numbers:
            shutil.rmtree(self._draft(number), ignore_errors=True)

    def _draft(self, number: int) -> Path:
        return self._folder / f".{shard_name(number)}.partial"


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_WRONLY)
    try:
        yield file
    finally:
        os.close(file)


def _write_fully(file: int, content: memoryview, position: int) -> None:
    while len(content):
        count = os.pwrite(file, content, position)
        content, position = content[count:], position + count
