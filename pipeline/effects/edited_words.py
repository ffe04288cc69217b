"""Edits of word vectors that were read before, without another pass of the model."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.extraction import Places, StateEdit
from treeprobe.extraction.places import NO_WORD
from treeprobe.interventions.intervention import batches_of
from treeprobe.probes.states import States


def edited_words(states: States, layer: int, edit: StateEdit) -> list[NDArray[np.float32]]:
    """The word vectors of a layer as an edit leaves them, one (words, dim) array a sentence.

    An eraser commutes with the mean of a word's subwords, and a counterfactual moves that mean, so these are the
    vectors that are read from the model while the same edit runs in it.
    """
    found: list[NDArray[np.float32]] = []
    lengths = np.asarray(states.lengths)
    for numbers, words in batches_of(states, layer):
        found += _edited(list(numbers), lengths[list(numbers)], words, layer, edit)
    return found


@torch.inference_mode()
def _edited(
    numbers: Sequence[int], lengths: NDArray[np.int64], words: NDArray[np.float32], layer: int, edit: StateEdit
) -> Iterator[NDArray[np.float32]]:
    """Some sentences as a batch in which every word is one subword."""
    mask = np.arange(lengths.max(initial=0)) < lengths[:, None]
    vectors = np.zeros((*mask.shape, words.shape[1]), np.float32)
    vectors[mask] = words
    held = np.where(mask, np.arange(mask.shape[1]), NO_WORD)
    after = edit(layer, torch.from_numpy(vectors), Places(torch.tensor(numbers), torch.from_numpy(held)))
    return iter(np.split(after.float().numpy()[mask], np.cumsum(lengths)[:-1]))
