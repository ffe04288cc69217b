"""One input of a model, position by position: a sentence or a pair of them, special tokens included."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.extraction.alignment import Aligner
from treeprobe.extraction.batching import Batch
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.hooks import Site, read_site
from treeprobe.extraction.places import Places
from treeprobe.extraction.reading import Reading
from treeprobe.extraction.text import Text


@dataclass(frozen=True)
class TokenStates:
    """States at every position of one input."""

    tokens: tuple[str, ...]
    """The vocabulary's entry at each position, special tokens included."""
    words: NDArray[np.int64]
    """(positions,) the word that each position belongs to, numbered from 0 through both sentences of a pair; -1 at
    special tokens."""
    segments: NDArray[np.int64]
    """(positions,) the segment id that the model was given."""
    layers: tuple[int, ...]
    vectors: NDArray[np.float32]
    """(layers, positions, dim)"""


def read_tokens(
    encoder: Encoder, words: Sequence[str], following: Sequence[str] | None = None, *, site: Site = "hidden"
) -> TokenStates:
    """States of one sentence, or of a pair read as one input, at every position and layer of a site.

    `extract` reads words; this shows what a model has at each subword and special token. Words are joined by single
    spaces. A model that tells no segments apart reads a pair with what its tokenizer puts between the sentences alone.

    Args:
        words: the words of a sentence.
        following: those of the second sentence of a pair.
        site: where in the model, as in `Reading`.

    Raises:
        ValueError: no words, an input longer than the model takes, or a site that it does not have.
    """
    sentences = [words] if following is None else [words, following]
    Text.checked(sentences)
    layers = tuple(Reading(site=site).resolved(encoder).layers or ())
    whole = Aligner(encoder.tokenizer).whole_input(words, following)
    if encoder.max_subwords is not None and len(whole.ids) > encoder.max_subwords:
        raise ValueError(
            f"the input has {len(whole.ids)} subwords, special tokens counted; {encoder.name} takes at most "
            f"{encoder.max_subwords}"
        )
    tells_apart = following is None or encoder.segments > 1
    segments = whole.segments if tells_apart else np.zeros_like(whole.segments)
    ids, types, places = (torch.from_numpy(each)[None] for each in (whole.ids, segments, whole.words))
    batch = Batch(
        ids, torch.ones_like(ids), types if segments.any() else None, Places(torch.zeros(1, dtype=torch.int64), places)
    )
    found = read_site(encoder, batch, site)
    vectors = np.stack([found[layer][0].float().cpu().numpy() for layer in layers])
    tokens = tuple(encoder.tokenizer.convert_ids_to_tokens(whole.ids.tolist()))
    return TokenStates(tokens, whole.words, segments, layers, vectors)
