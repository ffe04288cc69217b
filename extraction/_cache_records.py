"""The records of a cache: the manifest of the whole and the record of each shard, as data that has been checked.

Nothing else reads these files, so that whoever holds a `Manifest` or a `ShardRecord` may rely on every field of it.
"""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.digests import file_digest, json_digest
from treeprobe.errors import TreeprobeError
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Layout
from treeprobe.files import write_json
from treeprobe.records import Fields, sealed

MANIFEST = "manifest.json"
SHARD_RECORD = "shard.json"
BOUNDS = ("word_bounds.npy", "shard_bounds.npy")
REMEDY = "extract with repair=True to replace what is damaged, or remove the cache (treeprobe cache rm)"
STORED_AS: Mapping[str, str] = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64"}
"""safetensors' name of each storage format."""
_FORMAT = 1
_VERSIONED = ("treeprobe", "torch", "transformers", "tokenizers", "safetensors", "numpy")


@cache
def _versions() -> Mapping[str, str]:
    """The versions that hidden states depend on, which are looked up on disk once."""
    return {name: version(name) for name in _VERSIONED} | {"python": platform.python_version()}


class CacheError(TreeprobeError, RuntimeError):
    """A cache that is damaged, foreign, incomplete, or cannot be written."""


def cache_key(layout: Layout) -> str:
    """SHA-256 of the identity: caches of different keys never share a folder."""
    return json_digest(layout.identity)


def shard_name(number: int) -> str:
    """The name of a shard's folder within its cache."""
    return f"shard-{number:05d}"


def layer_file(layer: int) -> str:
    """The name of a layer's file within a shard."""
    return f"layer-{layer:02d}.safetensors"


@dataclass(frozen=True)
class FileRecord:
    """What a file was when it was written."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "FileRecord":
        """The record of a file that has just been written."""
        return cls(path.stat().st_size, file_digest(path))

    @classmethod
    def table(cls, found: Fields, names: Sequence[str]) -> dict[str, "FileRecord"]:
        """The records of files of exactly these names, from a record's field `files`."""
        table = found.table("files")
        if sorted(table) != sorted(names):
            found.refuse("files", f"the files {', '.join(names)}")
        return {name: cls(table[name].integer("bytes"), table[name].text("sha256")) for name in names}

    def damage(self, path: Path, *, digest: bool) -> str | None:
        """How a file differs from what was written, as "FILE: what is wrong"; its digest is compared if `digest`."""
        try:
            size = path.stat().st_size
            if size != self.bytes:
                return f"{path}: {size} bytes, expected {self.bytes}"
            if digest and file_digest(path) != self.sha256:
                return f"{path}: its digest is not the recorded one, so it was changed after it was written"
        except OSError as error:
            return f"{path}: {error.strerror}"
        return None


@dataclass(frozen=True)
class ShardRecord:
    """The files of one shard, as the manifest of a complete cache keeps them and the shard itself."""

    key: str
    """Key of the cache that the shard belongs to."""
    shard: str
    """Name of its folder."""
    files: Mapping[str, FileRecord]
    """The file of each layer, by name."""

    @classmethod
    def parse(cls, found: Fields, *, key: str, number: int, layers: Sequence[int]) -> "ShardRecord":
        """The record of that shard of that cache. Raises CacheError where it is another's."""
        for name, expected in (("key", key), ("shard", shard_name(number))):
            if found.text(name) != expected:
                found.refuse(name, f"{expected}: it is of another cache or place")
        return cls(key, shard_name(number), FileRecord.table(found, [layer_file(layer) for layer in layers]))


@dataclass(frozen=True)
class KeptShard:
    """What `shard.json` says: the shard's record and, for the report of the whole, its own."""

    record: ShardRecord
    report: AlignmentReport
    sealed: bool
    """Whether a seal vouches for it; records of earlier versions have none."""

    @classmethod
    def read(cls, folder: Path, manifest: "Manifest", number: int) -> "KeptShard":
        """From a shard's folder. Raises CacheError where there is none, it is damaged, or is another shard's."""
        path = folder / shard_name(number) / SHARD_RECORD
        try:
            found = Fields.read(path, error=CacheError, remedy=REMEDY)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise CacheError(f"{path} is missing; {REMEDY}") from error
        record = ShardRecord.parse(found, key=manifest.key, number=number, layers=manifest.layers)
        return cls(record, AlignmentReport.parse(found.part("report")), found.sealed)

    def to_json(self) -> dict[str, Any]:
        """What `read` reads, sealed."""
        return sealed(asdict(self.record) | {"report": self.report.to_json()})


@dataclass(frozen=True)
class Contents:
    """Every file of a complete cache, and the report of its text."""

    files: Mapping[str, FileRecord]
    """The files of bounds, by name."""
    shards: tuple[ShardRecord, ...]
    report: AlignmentReport


@dataclass(frozen=True)
class Manifest:
    """What a cache holds."""

    key: str
    identity: Mapping[str, Any]
    """Checkpoint, text and settings, whose digest the key is."""
    layers: tuple[int, ...]
    dim: int
    storage: str
    shard_count: int
    contents: Contents | None = None
    """None while the cache is being filled."""

    @classmethod
    def of(cls, layout: Layout) -> "Manifest":
        """The manifest of a cache that is to be filled."""
        storage = layout.identity["settings"]["storage"]
        return cls(cache_key(layout), layout.identity, layout.layers, layout.dim, storage, layout.shards)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a cache folder. Raises CacheError where there is none, or one that is damaged."""
        try:
            found = Fields.read(folder / MANIFEST, error=CacheError, remedy=REMEDY)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise CacheError(f"{folder} is not a cache: it has no {MANIFEST}") from error
        if found.content.get("format") != _FORMAT:
            found.refuse("format", f"{_FORMAT}, that of this version's manifests")
        manifest = cls(
            found.text("key"),
            _identity(found),
            found.integers("layers"),
            found.integer("dim", least=1),
            found.text("storage"),
            found.integer("shard_count", least=1),
        )
        for name in ("layers", "storage"):
            if found.content[name] != manifest.identity["settings"][name]:
                found.refuse(name, f"{manifest.identity['settings'][name]}, as in its identity")
        return manifest.completed(manifest._contents(found)) if found.flag("complete") else manifest

    def _contents(self, found: Fields) -> Contents:
        parts = found.parts("shards")
        if len(parts) != self.shard_count:
            found.refuse("shard_count", f"{len(parts)}, the number of its shards")
        shards = [
            ShardRecord.parse(part, key=self.key, number=number, layers=self.layers)
            for number, part in enumerate(parts)
        ]
        return Contents(FileRecord.table(found, BOUNDS), tuple(shards), AlignmentReport.parse(found.part("report")))

    def completed(self, contents: Contents) -> "Manifest":
        """The manifest of the same cache when it is filled."""
        return replace(self, contents=contents)

    @property
    def complete(self) -> bool:
        """Whether every shard was there when it was written."""
        return self.contents is not None

    def write(self, folder: Path) -> None:
        """Write it into a cache folder, sealed, with the versions of the libraries."""
        found = asdict(self)
        contents = found.pop("contents") or {}
        content = {"format": _FORMAT, **found, "versions": _versions(), "complete": self.complete, **contents}
        write_json(folder / MANIFEST, sealed(content))

    def check_key(self, folder: Path, key: str) -> None:
        """Raises CacheError where this is the manifest of another extraction."""
        if self.key != key:
            raise CacheError(f"{folder} holds another extraction: its key is {self.key}, expected {key}")

    def layout(self, folder: Path) -> Layout:
        """The layout, its bounds mapped into memory. Raises CacheError where they are not bounds of such a cache."""
        text = self.identity["text"]
        words, shards = (_bounds(folder / name) for name in BOUNDS)
        whole = self.identity["settings"].get("unit", "word") != "word"  # one vector a sentence
        total = text["sentences"] if whole else text["words"]
        _check_bounds(folder / BOUNDS[0], words, parts=text["sentences"], total=total)
        _check_bounds(folder / BOUNDS[1], shards, parts=self.shard_count, total=text["sentences"])
        return Layout(self.identity, self.layers, self.dim, words, shards)


def _identity(found: Fields) -> Mapping[str, Any]:
    """The identity: the fields of it that are read are checked, and that the key is its digest."""
    identity = found.part("identity")
    checkpoint, text, settings = map(identity.part, ("checkpoint", "text", "settings"))
    for name in ("name", "digest"):
        checkpoint.text(name)
    for name in ("sentences", "words"):
        text.integer(name)
    settings.integers("layers")
    if settings.text("storage") not in STORED_AS:
        settings.refuse("storage", f"one of {', '.join(STORED_AS)}")
    if found.text("key") != (key := json_digest(identity.content)):
        found.refuse("key", f"{key}, the digest of its identity")
    return identity.content


def _bounds(path: Path) -> NDArray[np.int64]:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CacheError(f"{path} cannot be read: {error}; {REMEDY}") from error
    if found.dtype != np.int64 or found.ndim != 1:
        raise CacheError(f"{path} holds {found.dtype} of shape {found.shape}, expected int64 offsets; {REMEDY}")
    return found


def _check_bounds(path: Path, bounds: NDArray[np.int64], *, parts: int, total: int) -> None:
    rising = len(bounds) > 0 and bounds[0] == 0 and bool((np.diff(bounds) >= 0).all())
    if not rising or len(bounds) != parts + 1 or bounds[-1] != total:
        raise CacheError(f"{path} does not hold the offsets of {parts} parts of {total} in all; {REMEDY}")
