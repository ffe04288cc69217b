"""The folder of one cache: begun, completed, opened, and what can be wrong with it.

NAME-KEY/
    manifest.json          what was extracted from what, with versions; when complete, every file's size and digest
    word_bounds.npy        (sentences + 1,) int64: first word of each sentence
    shard_bounds.npy       (shards + 1,) int64: first sentence of each shard
    shard-00000/           renamed into place when all its files are written
        layer-00.safetensors ...   one tensor "states" (words, dim)
        shard.json         key, sizes, digests and alignment report of this shard
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from treeprobe.extraction._cache_records import (
    BOUNDS,
    MANIFEST,
    REMEDY,
    SHARD_RECORD,
    CacheError,
    Contents,
    FileRecord,
    KeptShard,
    Manifest,
    ShardRecord,
    cache_key,
    shard_name,
)
from treeprobe.extraction._cache_shards import DiskShard
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Layout, States
from treeprobe.files import written_whole


def cache_folder_name(layout: Layout) -> str:
    """The checkpoint's name, so that people find the folder, and the beginning of the key."""
    name = re.sub(r"[^\w.-]+", "--", layout.identity["checkpoint"]["name"])
    # File systems count bytes, of which a letter may take four.
    return f"{name.encode()[:80].decode(errors='ignore')}-{cache_key(layout)[:16]}"


def begin_cache(folder: Path, layout: Layout, *, repair: bool) -> Manifest:
    """Write what is known beforehand, the manifest last.

    Raises CacheError where another extraction was begun or the manifest is damaged, unless `repair`.
    """
    manifest = Manifest.of(layout)
    if repair:
        for name in (*BOUNDS, MANIFEST):
            if (folder / name).is_dir():
                (folder / name).rmdir()
    elif (folder / MANIFEST).exists():
        Manifest.read(folder).check_key(folder, manifest.key)
    for name, bounds in zip(BOUNDS, (layout.word_bounds, layout.shard_bounds)):
        with written_whole(folder / name) as draft, draft.open("wb") as file:
            np.save(file, bounds, allow_pickle=False)
    manifest.write(folder)
    return manifest


def complete_cache(folder: Path, manifest: Manifest, kept: Sequence[KeptShard]) -> None:
    """Write the manifest of a cache whose shards are all there, from their records in order."""
    report = sum((one.report for one in kept), AlignmentReport())
    files = {name: FileRecord.of(folder / name) for name in BOUNDS}
    manifest.completed(Contents(files, tuple(one.record for one in kept), report)).write(folder)


def open_cache(folder: Path, manifest: Manifest, *, verify: bool) -> States:
    """The states of a cache, whose shards are read when they are asked for. Raises CacheError: see `open_states`."""
    if manifest.contents is None:
        raise CacheError(f"{folder} is not complete: run the same extraction again and it goes on where it stopped")
    contents = manifest.contents
    # Bounds are small, and a wrong one would pass for another text's: their digests are always compared.
    refuse_damage(folder, (contents.files[name].damage(folder / name, digest=True) for name in BOUNDS))
    layout = manifest.layout(folder)
    words = np.diff(layout.word_bounds[layout.shard_bounds])
    opened = [DiskShard(folder, manifest, number, words=int(count)) for number, count in enumerate(words)]
    found = [refusal(partial(shard.check, layer)) for shard in opened for layer in layout.layers]
    if verify:
        for number, record in enumerate(contents.shards):
            found += files_damage(folder / shard_name(number), record, digest=True)
    refuse_damage(folder, found)
    return States(opened, layout, contents.report)


def verify_folder(folder: Path) -> None:
    """Compare every file of a cache with its digest; of one that is being filled, the shards that are there.

    Raises CacheError naming the damaged files.
    """
    manifest = Manifest.read(folder)
    if manifest.complete:
        open_cache(folder, manifest, verify=True)
    present = [number for number in range(manifest.shard_count) if (folder / shard_name(number)).exists()]
    refuse_damage(folder, (refusal(partial(_check_kept, folder, manifest, number)) for number in present))


def files_damage(shard: Path, record: ShardRecord, *, digest: bool) -> list[str]:
    """Every file of a shard that is missing or not as its record says."""
    found = (one.damage(shard / name, digest=digest) for name, one in record.files.items())
    return [damage for damage in found if damage]


def refuse_damage(folder: Path, damages: Iterable[str | None]) -> None:
    """Raises CacheError with the first five damages, where there are any, and what to do."""
    if found := list(dict.fromkeys(damage for damage in damages if damage)):
        more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
        raise CacheError(f"cache {folder} is damaged: {'; '.join(found[:5])}{more}; {REMEDY}")


def refusal(check: Callable[[], object]) -> str | None:
    """What a check raises CacheError about, without what to do; None where it passes."""
    try:
        check()
    except CacheError as error:
        return str(error).removesuffix(f"; {REMEDY}")
    return None


def _check_kept(folder: Path, manifest: Manifest, number: int) -> None:
    """Raises CacheError where a shard's own record is damaged or, where no manifest speaks for them, its files."""
    shard = folder / shard_name(number)
    record = KeptShard.read(folder, manifest, number).record
    if manifest.contents is None:
        refuse_damage(shard, files_damage(shard, record, digest=True))
    elif record != manifest.contents.shards[number]:
        raise CacheError(f"{shard / SHARD_RECORD} names other files than the manifest; {REMEDY}")
