"""Word-aligned hidden states of a whole text, in memory or in a cache: `extract`."""

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from treeprobe.devices import memory_named
from treeprobe.extraction.alignment import bounds_of
from treeprobe.extraction.cache import cached_states
from treeprobe.extraction.editing_attention import edited
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.memory import states_in_memory
from treeprobe.extraction.reading import Reading
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.states import Layout, States
from treeprobe.extraction.stretches import Stretch, read_stretches
from treeprobe.extraction.text import Text
from treeprobe.extraction.word_vectors import WordReader

SHARD_NUMBERS = 18 << 20
"""Words times layers times dim that a shard holds at most: 36 MB in half precision. It is a fixed number, so that
a shard holds the same sentences in every storage format."""


def extract(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    *,
    reading: Reading = Reading(),  # noqa: B008 (frozen)
    space_after: Sequence[Sequence[bool]] | None = None,
    cache: str | Path | None = None,
    verify: bool = False,
    repair: bool = False,
    progress: bool = False,
) -> States:
    """One vector per word and layer for every sentence, or one per sentence and layer (`Reading.unit`).

    A word's vector is made of its subwords' vectors. Words without a subword get zeros, sentences longer than the
    model takes are read through overlapping windows; both are counted and listed in `States.report`. The same
    text gives the same vectors whatever else is in its batch, up to rounding.

    Args:
        words: one non-empty sequence of words per sentence.
        reading: layers, site, pooling and whatever else decides a word's vector (`Reading`).
        space_after: like `words`, whether a space follows the word in the natural sentence, which is then what the
            model reads; words are joined by single spaces where None.
        cache: folder of caches. States are written there shard by shard, and read from there when they are there
            already; they stay in memory where None.
        verify: compare every file of a cache that was there with its digest.
        repair: extract damaged shards of the cache anew instead of refusing them.
        progress: show a progress bar.

    Returns:
        the states of every sentence; from a cache, they are read from disk as they are asked for.

    Raises:
        ValueError: `words` or `space_after` is not as described, the encoder cannot be read as `reading` says, or it is
            being edited while a cache is named.
        StorageError: a value is not finite in the storage format, or a layer is zero throughout; the layer and the
            sentence are named.
        CacheError: the cache is damaged or cannot be written.
    """
    text = Text.checked(words, space_after)
    if reading.context == "prefix" and encoder.under_way.edits:
        raise ValueError(
            f"{encoder.name} is being edited by sentence and word, which prefixes do not have; read whole sentences"
        )
    reader = WordReader(encoder, reading)
    if cache is not None and (encoder.under_way.edits or edited(encoder)):
        raise ValueError(
            f"{encoder.name} is being edited, and a cache would keep its states as its own: leave cache out"
        )
    layout = _layout(encoder, text, reader)

    def read(wanted: Sequence[int]) -> Generator[Stretch]:
        return read_stretches(reader, text, layout, wanted, passed=lambda words: bar.update(words - bar.n))

    description, total = f"reading with {encoder.name}", int(layout.word_bounds[-1])
    remedy = "smaller batches (extraction.batching.CARD_TOKEN_BUDGET), bfloat16 (dtype), fewer layers"
    with (
        memory_named(torch, work=description, remedy=remedy),
        tqdm(desc=description, total=total, unit=f" {reader.reading.unit}s", disable=not progress, delay=1.0) as bar,
    ):
        if cache is not None:
            return cached_states(Path(cache).expanduser(), layout, read, verify=verify, repair=repair)
        return states_in_memory(layout, read(range(layout.shards)))


def alignment_report(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    *,
    reading: Reading = Reading(),  # noqa: B008 (frozen)
    space_after: Sequence[Sequence[bool]] | None = None,
) -> AlignmentReport:
    """How the words of a text meet the tokenizer: the report of `extract`, without running the model.

    Args:
        words, reading, space_after: as in `extract`.

    Raises:
        ValueError: as in `extract`.
    """
    return WordReader(encoder, reading).align(Text.checked(words, space_after)).report


def _layout(encoder: Encoder, text: Text, reader: WordReader) -> Layout:
    reading = reader.reading
    # Of sentences as wholes there is one vector each, as of one word.
    word_bounds = bounds_of(text.lengths if reading.unit == "word" else np.ones(len(text), np.int64))
    shard_words = max(1, SHARD_NUMBERS // (len(reader.layers) * reader.dim))
    identity = {
        "checkpoint": {
            "name": encoder.name,
            "digest": encoder.digest,
            "model": type(encoder.model).__name__,
            "dtype": encoder.dtype,
        },
        "tokenizer": encoder.tokenizer_digest,
        "text": {
            "digest": text.digest,
            "sentences": len(text),
            "words": int(text.lengths.sum()),
            "form": "words" if text.space_after is None else "natural",
        },
        "settings": {
            "layers": list(reader.layers),
            "site": reading.site,
            "pooling": reading.pooling,
            "segment": reading.segment,
            "max_subwords": reading.max_subwords,
            "overlap": reading.overlap,
            # Caches of before prefixes and sentences could be read lack them.
            **({"context": reading.context} if reading.context != "sentence" else {}),
            **({"unit": reading.unit} if reading.unit != "word" else {}),
            "storage": reading.storage,
            "shard_words": shard_words,
        },
    }
    return Layout(identity, reader.layers, reader.dim, word_bounds, _shard_bounds(word_bounds, shard_words))


def _shard_bounds(word_bounds: NDArray[np.int64], shard_words: int) -> NDArray[np.int64]:
    """(shards + 1,) the first sentence of each shard, so that a shard holds about `shard_words` words."""
    shards = -(-np.maximum(word_bounds[1:], 1) // shard_words)
    starts = np.flatnonzero(np.diff(shards, prepend=0) > 0)
    return np.append(starts, len(word_bounds) - 1) if len(starts) else np.array([0, len(word_bounds) - 1])
