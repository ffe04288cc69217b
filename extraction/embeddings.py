"""The parts of each word's input representation, before any block (Devlin et al. 2019, figure 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.extract import extract
from treeprobe.extraction.sites import Site, has_site
from treeprobe.extraction.states import States


@dataclass(frozen=True)
class EmbeddingParts:
    """Embeddings of every word, each part as states of layer 0 alone; None where the model has no such part."""

    token: States
    """What the vocabulary says of the word's subwords."""
    position: States | None
    """Absolute positions, numbered as the model numbers them."""
    segment: States | None
    total: States
    """Their sum as it leaves the embeddings: after LayerNorm, where the model has one there."""


def read_embeddings(encoder: Encoder, words: Sequence[Sequence[str]], **options: Any) -> EmbeddingParts:
    """The token, position and segment embeddings of each word separately, and their sum after LayerNorm.

    Args:
        words: one sequence of words a sentence.
        options: any of `extract`'s but `site` and `layers`.
    """

    def part(site: Site) -> States | None:
        return extract(encoder, words, site=site, **options) if has_site(encoder, site) else None

    token = extract(encoder, words, site="token", **options)
    total = extract(encoder, words, site="embedding", **options)
    return EmbeddingParts(token, part("position"), part("segment"), total)
