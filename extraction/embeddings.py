"""The parts of each word's input representation, before any block (Devlin et al. 2019, figure 2)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.hidden_states import extract
from treeprobe.extraction.hooks import Site, has_site
from treeprobe.extraction.reading import Reading
from treeprobe.extraction.states import States


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
