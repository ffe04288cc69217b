"""Word-aligned hidden states of a whole text: the function that everything else of the package serves."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from treeprobe.errors import TreeprobeError
from treeprobe.extraction.alignment import Aligner, Pooling, bounds_of
from treeprobe.extraction.cache import cached_states
from treeprobe.extraction.encoder import Dtype, Encoder
from treeprobe.extraction.hidden import Reading, WordVectors, read_words
from treeprobe.extraction.manifest import Plan
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.sites import SITES, Site, site_dim, site_layers
from treeprobe.extraction.states import MemoryShard, States
from treeprobe.extraction.text import check_text, text_digest

TOKEN_BUDGET = 1024
"""Positions in a batch, padding counted; the fastest of those tried by `benchmarks/extraction_speed.py` on a CPU."""

SHARD_NUMBERS = 18 << 20
"""Numbers in a shard, all layers: 36 MB in half precision. Sentences are sorted by length within a shard, so small
shards mean more padding; a shard is the same sentences in every storage format, so batches are the same too."""


class StorageError(TreeprobeError, ValueError):
    """A value that is not finite, or that the storage format cannot hold."""


def extract(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    *,
    cache: str | Path | None = None,
    space_after: Sequence[Sequence[bool]] | None = None,
    layers: Iterable[int] | None = None,
    site: Site = "hidden",
    pooling: Pooling = "mean",
    segment: Literal[0, 1] = 0,
    storage: Dtype = "float32",
    max_subwords: int | None = None,
    overlap: float = 0.5,
    token_budget: int = TOKEN_BUDGET,
    shard_numbers: int = SHARD_NUMBERS,
    verify: bool = False,
    repair: bool = False,
    progress: bool = False,
) -> States:
    """One vector a word and layer for every sentence.

    A word's vector is made of its subwords' vectors. Words that have no subword get zeros, sentences longer than
    the model takes are read through overlapping windows; both are counted and listed in `States.report`. The same
    text gives the same vectors whatever else is in its batch, up to rounding.

    Args:
        words: one sequence of words a sentence, none of them without words.
        cache: folder of caches; states are written there shard by shard, and read from there when they are
            there already. In memory where None.
        space_after: like `words`, whether a space follows the word in the natural sentence, which is then what the
            model reads; words are joined by single spaces where None.
        layers: layer numbers to keep; all where None.
        site: where states are read: block outputs, parts of blocks, or parts of the input (`Site`).
        pooling: a word's vector is the mean of its subwords' vectors, or the first's, or the last's.
        segment: segment id of every subword; 1 is what the scripts of Hewitt & Manning (2019) used.
        storage: number format of the states kept; a value beyond its range is an error.
        max_subwords: longest input with special tokens; the model's own limit where None.
        overlap: share of a window that the next one repeats, in sentences longer than that.
        token_budget: subwords in a batch, padding counted.
        shard_numbers: words times layers times dim that are held in memory before they are stored as one shard.
        verify: compare every file of a cache that was there with its digest.
        repair: extract damaged shards of the cache anew instead of refusing them.
        progress: show a progress bar.

    Raises:
        ValueError: `words`, `space_after` or a setting is not as described.
        StorageError: a value is not finite in `storage`; the layer and the sentence are named.
        CacheError: the cache is damaged or cannot be written.
    """
    check_text(words, space_after)
    reading = reading_of(
        encoder,
        layers=layers,
        site=site,
        pooling=pooling,
        segment=segment,
        max_subwords=max_subwords,
        overlap=overlap,
        storage=storage,
    )
    plan = _plan(encoder, words, space_after, reading, shard_numbers)
    aligner = Aligner(encoder.tokenizer)

    def produce(shard: int) -> WordVectors:
        first, last = int(plan.shard_bounds[shard]), int(plan.shard_bounds[shard + 1])
        bar.update(int(plan.word_bounds[first]) - bar.n)  # past the shards that are there already
        stretch = [words[i] for i in range(first, last)]
        spaces = None if space_after is None else [space_after[i] for i in range(first, last)]
        found = read_words(
            encoder,
            aligner,
            stretch,
            spaces,
            reading,
            token_budget=token_budget,
            first_sentence=first,
            advance=bar.update,
        )
        bar.update(int(plan.word_bounds[last]) - bar.n)
        _check_range(found, reading, plan.word_bounds[first : last + 1], first)
        return found

    total = int(plan.word_bounds[-1])
    name = f"reading with {encoder.name}"
    with tqdm(desc=name, total=total, unit=" words", disable=not progress, delay=1.0) as bar:
        if cache is not None:
            return cached_states(Path(cache).expanduser(), plan, produce, verify=verify, repair=repair)
        return _in_memory(plan, produce)


def reading_of(
    encoder: Encoder,
    *,
    layers: Iterable[int] | None = None,
    site: Site = "hidden",
    pooling: Pooling = "mean",
    segment: Literal[0, 1] = 0,
    max_subwords: int | None = None,
    overlap: float = 0.5,
    storage: Dtype = "float32",
) -> Reading:
    """Settings checked against the encoder, limits filled in; `ValueError` for those that it cannot follow."""
    if site not in SITES:
        raise ValueError(f"site must be one of {', '.join(SITES)}, found {site!r}")
    known = site_layers(encoder, site)
    chosen = tuple(known) if layers is None else tuple(sorted(set(layers)))
    unknown = [layer for layer in chosen if layer not in known]
    if unknown or not chosen:
        raise ValueError(
            f"{encoder.name} has layers {known[0]} to {known[-1]} at site {site}, found {unknown or 'none'}"
        )
    if pooling not in ("mean", "first", "last"):
        raise ValueError(f"pooling must be mean, first or last, found {pooling!r}")
    if storage not in get_args(Dtype):
        raise ValueError(f"storage must be one of {', '.join(get_args(Dtype))}, found {storage!r}")
    if segment not in (0, 1) or (segment and encoder.segments < 2):
        raise ValueError(
            f"segment id {segment} asked for, but {encoder.name} has {encoder.segments} segment embeddings"
        )
    if not 0 <= overlap < 1:
        raise ValueError(f"overlap must be at least 0 and below 1, found {overlap}")
    limit = encoder.max_subwords
    if max_subwords is not None and limit is not None and max_subwords > limit:
        raise ValueError(f"{encoder.name} takes at most {limit} subwords, found max_subwords={max_subwords}")
    limit = limit if max_subwords is None else max_subwords
    specials = encoder.tokenizer.num_special_tokens_to_add()
    if limit is not None and limit <= specials:
        raise ValueError(f"max_subwords={limit} leaves no room beside {specials} special tokens")
    return Reading(chosen, site, pooling, segment, limit, overlap, storage)


def _plan(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    space_after: Sequence[Sequence[bool]] | None,
    reading: Reading,
    shard_numbers: int,
) -> Plan:
    counts = np.fromiter((len(words[i]) for i in range(len(words))), np.int64, len(words))
    word_bounds = bounds_of(counts)
    dim = site_dim(encoder, reading.site)
    shard_words = max(1, shard_numbers // (len(reading.layers) * dim))
    identity = {
        "checkpoint": {
            "name": encoder.name,
            "digest": encoder.digest,
            "model": type(encoder.model).__name__,
            "dtype": encoder.dtype,
        },
        "tokenizer": encoder.tokenizer_digest,
        "text": {
            "digest": text_digest(words, space_after),
            "sentences": len(words),
            "words": int(word_bounds[-1]),
            "form": "words" if space_after is None else "natural",
        },
        "settings": {
            "layers": list(reading.layers),
            "site": reading.site,
            "pooling": reading.pooling,
            "segment": reading.segment,
            "max_subwords": reading.max_subwords,
            "overlap": reading.overlap,
            "storage": reading.storage,
            "shard_words": shard_words,
        },
    }
    return Plan(identity, reading.layers, dim, reading.storage, word_bounds, _shard_bounds(word_bounds, shard_words))


def _shard_bounds(word_bounds: NDArray[np.int64], shard_words: int) -> NDArray[np.int64]:
    """(shards + 1,) the first sentence of each shard, so that a shard holds about `shard_words` words."""
    shards = -(-np.maximum(word_bounds[1:], 1) // shard_words)
    starts = np.flatnonzero(np.diff(shards, prepend=0) > 0)
    return np.append(starts, len(word_bounds) - 1) if len(starts) else np.array([0, len(word_bounds) - 1])


def _check_range(found: WordVectors, reading: Reading, word_bounds: NDArray[np.int64], first: int) -> None:
    """Refuse values that are not finite, or not any more in the storage format."""
    for layer, vectors in zip(reading.layers, found.vectors):
        if not vectors.numel() or all(map(math.isfinite, torch.aminmax(vectors))):
            continue
        bad = int(torch.nonzero(~vectors.isfinite().all(1))[0])
        sentence = first + int(np.searchsorted(word_bounds - word_bounds[0], bad, "right"))
        raise StorageError(
            f"layer {layer} of sentence {sentence} has a value beyond {reading.storage} (largest "
            f"{torch.finfo(vectors.dtype).max:g}), which would be stored as {vectors[bad].abs().amax():g}: store "
            "float32 or bfloat16, and if it is not finite there either, compute in float32"
        )


def _in_memory(plan: Plan, produce: Callable[[int], WordVectors]) -> States:
    shards, report = [], AlignmentReport()
    for number in range(len(plan.shard_bounds) - 1):
        found = produce(number)
        vectors = found.vectors.float().numpy()
        shards.append(MemoryShard(dict(zip(plan.layers, vectors))))
        report += found.report
    return States(
        shards,
        layers=plan.layers,
        dim=plan.dim,
        word_bounds=plan.word_bounds,
        shard_bounds=plan.shard_bounds,
        identity=plan.identity,
        report=report,
    )
