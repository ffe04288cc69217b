"""One large text, extracted in pieces by several workers, and read as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from treeprobe.extraction import Encoder, States, extract, open_states
from treeprobe.pipeline.sweeps.checkpoints import Checkpoint
from treeprobe.pipeline.sweeps.plan import SweepError
from treeprobe.pipeline.sweeps.tasks import bounded_threads
from treeprobe.pipeline.sweeps.workers import Workers, run_jobs


@dataclass(frozen=True)
class Piece:
    """Some consecutive sentences of a text."""

    number: int
    words: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Extracted:
    """Where the states of a piece lie, or why they do not."""

    number: int
    folder: str = ""
    reason: str = ""


class JoinedStates:
    """States of the pieces of a text, with the face of the whole text's `States`."""

    def __init__(self, pieces: Sequence[States]) -> None:
        self.layers = pieces[0].layers
        self.dim = pieces[0].dim
        self.lengths = np.concatenate([piece.lengths for piece in pieces])
        self.identity: dict[str, Any] = {**pieces[0].identity, "pieces": [piece.identity["text"] for piece in pieces]}
        self._pieces = pieces
        self._bounds = np.cumsum([0, *(len(piece) for piece in pieces)])

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.lengths)

    def read(self, sentences: Any, layers: Any = None) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The words of some sentences back to back in the order asked for, (layers, words, dim) float32.

        Raises IndexError when there is no such sentence or layer.
        """
        wanted = np.arange(len(self))[sentences]
        owners = np.searchsorted(self._bounds, wanted, "right") - 1
        chosen = self.layers if layers is None else tuple(layers)
        parts = [np.empty((len(chosen), 0, self.dim), np.float32)]
        for run in np.split(np.arange(len(wanted)), np.flatnonzero(np.diff(owners)) + 1):
            if len(run):
                owner = int(owners[run[0]])
                parts.append(self._pieces[owner].read(wanted[run] - self._bounds[owner], chosen))
        return np.concatenate(parts, axis=1)

    def sentence(self, i: int, layer: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(words, dim) float32 of sentence `i`."""
        return self.read([i], [layer])[0]


def extract_in_pieces(
    checkpoint: Checkpoint,
    words: Sequence[Sequence[str]],
    *,
    cache: str | Path,
    pieces: int,
    workers: Workers,
    **settings: Any,
) -> JoinedStates:
    """Hidden states of a text, its pieces extracted by several workers; `settings` go to `extraction.extract`.

    Pieces hold about as many words each, and are caches of their own: those that are there already are not extracted
    again, so an interrupted extraction goes on with the others. Every worker must see `cache`.

    Raises SweepError that names the first piece which failed.
    """
    parts = _cut(words, pieces)
    root = Path(cache).expanduser().absolute()
    work = partial(_extract_piece, checkpoint=checkpoint, cache=root, threads=workers.task_threads, settings=settings)
    found = sorted(run_jobs(workers, work, parts, lost=_lost_piece), key=lambda one: one.number)
    for one in found:
        if one.reason:
            raise SweepError(f"piece {one.number + 1} of {len(parts)} could not be extracted: {one.reason}")
    return JoinedStates([open_states(one.folder) for one in found])


def _cut(words: Sequence[Sequence[str]], pieces: int) -> list[Piece]:
    """Consecutive sentences in up to `pieces` parts of about as many words each."""
    ends = np.cumsum([len(sentence) for sentence in words])
    if pieces < 1 or not len(ends):
        raise SweepError(f"{len(ends)} sentences in {pieces} pieces; expected at least one of each")
    part = np.minimum((ends - 1) * pieces // ends[-1], pieces - 1)
    groups = [np.flatnonzero(part == number) for number in range(pieces)]
    filled = [group for group in groups if len(group)]
    return [Piece(number, tuple(tuple(words[int(i)]) for i in group)) for number, group in enumerate(filled)]


def _extract_piece(
    piece: Piece, *, checkpoint: Checkpoint, cache: Path, threads: int, settings: dict[str, Any]
) -> Extracted:
    """Extract one piece into a cache of its own."""
    folder = cache / f"piece-{piece.number:04d}"
    try:
        with bounded_threads(threads):
            encoder = Encoder.from_pretrained(checkpoint.source, revision=checkpoint.revision)
            states = extract(encoder, piece.words, cache=folder, **settings)
        return Extracted(piece.number, str(_cache_folder(folder, states.identity)))
    except Exception as error:
        return Extracted(piece.number, reason=f"{type(error).__name__}: {error}")


def _cache_folder(root: Path, identity: dict[str, Any]) -> Path:
    """The cache under `root` that holds these states; earlier versions of the text may lie beside it."""
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and open_states(folder).identity == identity:
            return folder
    raise SweepError(f"{root}: the cache just written is not there")


def _lost_piece(piece: Piece, reason: str) -> Extracted:
    """What stands for a piece whose worker died."""
    return Extracted(piece.number, reason=reason)
