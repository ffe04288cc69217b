"""The parts of each word's input representation, before any block (Devlin et al. 2019, figure 2)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.hidden_states import extract
from treeprobe.extraction.hooks import Site, has_site
from treeprobe.extraction.reading import Reading
from treeprobe.extraction.states import States
from treeprobe.extraction.tokens import TokenStates, read_tokens


@dataclass(frozen=True)
class EmbeddingParts:
    """Embeddings of every word, each part as states of layer 0 alone; None where the model has no such part."""

    token: States
    """Entries of the vocabulary's table for the word's subwords."""
    position: States | None
    """Absolute positions, numbered as the model numbers them."""
    segment: States | None
    total: States
    """Their sum as it leaves the embeddings: after LayerNorm, where the model has one there."""


def read_embeddings(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    *,
    reading: Reading = Reading(),  # noqa: B008 (frozen)
    space_after: Sequence[Sequence[bool]] | None = None,
    cache: str | Path | None = None,
) -> EmbeddingParts:
    """The token, position and segment embeddings of each word separately, and their sum after LayerNorm.

    Special tokens and pairs of sentences, position by position, are read by `read_input`.

    Args:
        words: one non-empty sequence of words per sentence.
        reading: as in `extract`; each part has a site of its own and layer 0 alone, so both are left open.
        space_after: as in `extract`.
        cache: as in `extract`.

    Raises:
        ValueError: as `extract` does, or `reading` names a site or layers.
    """
    if reading.site != "hidden" or reading.layers is not None:
        raise ValueError(f"embeddings have sites and a layer of their own; found {reading}, expected neither in it")

    def part(site: Site) -> States:
        return extract(encoder, words, reading=replace(reading, site=site), space_after=space_after, cache=cache)

    def part_if_any(site: Site) -> States | None:
        return part(site) if has_site(encoder, site) else None

    return EmbeddingParts(part("token"), part_if_any("position"), part_if_any("segment"), part("embedding"))


@dataclass(frozen=True)
class InputParts:
    """What the first block reads at every position of one input, special tokens included, part by part."""

    tokens: tuple[str, ...]
    """The vocabulary's entry at each position."""
    words: NDArray[np.int64]
    """(positions,) as in `TokenStates`."""
    segments: NDArray[np.int64]
    """(positions,) the segment id that the model was given."""
    token: NDArray[np.float32]
    """(positions, dim) entries of the vocabulary's table."""
    segment: NDArray[np.float32] | None
    """(positions, dim) entries of the table of segments; None where the model has none."""
    position: NDArray[np.float32] | None
    """(positions, dim) entries of the table of positions; None where the model has none."""
    total: NDArray[np.float32]
    """(positions, dim) the sum as it leaves the embeddings: after LayerNorm, where the model has one there."""

    @property
    def sum(self) -> NDArray[np.float32]:
        """(positions, dim) the sum of the parts before LayerNorm."""
        return np.sum([part for part in (self.token, self.segment, self.position) if part is not None], axis=0)


def read_input(encoder: Encoder, words: Sequence[str], following: Sequence[str] | None = None) -> InputParts:
    """The input representation of a sentence or of a pair, position by position (Devlin et al. 2019, figure 2).

    Args:
        words: the words of a sentence.
        following: those of a second one, which the model reads in the same input as a pair.

    Raises:
        ValueError: as `read_tokens` does.
    """

    def part(site: Site) -> TokenStates:
        return read_tokens(encoder, words, following, site=site)

    def part_if_any(site: Site) -> NDArray[np.float32] | None:
        return part(site).vectors[0] if has_site(encoder, site) else None

    token = part("token")
    return InputParts(
        token.tokens,
        token.words,
        token.segments,
        token.vectors[0],
        part_if_any("segment"),
        part_if_any("position"),
        part("embedding").vectors[0],
    )
