"""Perturbed masking: how much a model's reading of one word hangs on seeing another (Wu et al. 2020, ACL).

The impact of word j on word i is d(H(x without i)_i, H(x without i and j)_i), where H(·)_i is what the model makes of
the masked place i, and a word is left out by masking all its subwords (section 2.2). For `Dist`, H is a hidden state
and d the Euclidean distance; for `Prob`, H is the probability of the word that stood there, and d the difference. The
impact on a word of several subwords is the mean over them (section 2.3).

The sentence without i and j is the same for both of its impacts, so that n words take n (n + 1) / 2 forward passes,
where one for every ordered pair would be n².
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from treeprobe.errors import TreeprobeError
from treeprobe.extraction import Encoder
from treeprobe.extraction.alignment import Integers
from treeprobe.extraction.batching import Batch
from treeprobe.extraction.language_model import only_at
from treeprobe.extraction.prefixes import ignores_what_follows
from treeprobe.extraction.subwords import Subwords
from treeprobe.extraction.text import Text
from treeprobe.untrained.chunks import Chunk, on_device, ranges, read_by_sentence


class PerturbationError(TreeprobeError, ValueError):
    """A model whose words cannot be masked."""


@dataclass(frozen=True)
class ImpactMatrices:
    """The impacts of a sentence's words on each other; rows are the words that are read, columns those masked too.

    Attributes:
        distances: (layers, words, words) float32: `Dist` at each layer; 0 on the diagonal.
        probabilities: (words, words) float32: `Prob`, by how much the word's probability falls, which may be below 0;
            None without a masked-LM head.
    """

    distances: NDArray[np.float32]
    probabilities: NDArray[np.float32] | None = None


def impact_matrices(
    encoder: Encoder,
    words: Sequence[Sequence[str]],
    *,
    head: Encoder | None = None,
    space_after: Sequence[Sequence[bool]] | None = None,
    progress: bool = False,
) -> list[ImpactMatrices]:
    """The impact of every word of each sentence on every other.

    Passes are batched over pairs and sentences, sorted by length, and memory is bounded however long the text is. A
    word without a subword has no impact, and there is none on it.

    Args:
        encoder: a model that reads both sides of a word, with a mask token in its tokenizer.
        words: one non-empty sequence of words per sentence.
        head: the same model with its masked-LM head (`masked_lm_encoder`), for `Prob`.
        space_after: whether a space follows each word in the natural sentence; words are joined by spaces where None.
        progress: show a progress bar of forward passes.

    Raises:
        PerturbationError: the model has no mask token, or it reads from left to right.
        ValueError: `words` is not as described, or a sentence is longer than the model takes.
    """
    check_perturbable(encoder)
    text = Text.checked(words, space_after)
    reader = _Reader(encoder, head, Subwords.of(encoder, text))
    counts = text.lengths
    return read_by_sentence(
        encoder,
        reader.subwords,
        reader.matrices,
        passes=int((counts * (counts + 1) // 2).sum()),
        title="masked pairs",
        work="masking words in pairs",
        progress=progress,
    )


def check_perturbable(encoder: Encoder) -> None:
    """Refuse a model that cannot be asked for a masked word. Raises PerturbationError."""
    if ignores_what_follows(encoder):
        raise PerturbationError(
            f"{encoder.name} reads from left to right, so that no word has an impact on one before it; expected a "
            "model that reads both sides of a mask, such as BERT"
        )
    if encoder.tokenizer.mask_token_id is None:
        raise PerturbationError(f"the tokenizer of {encoder.name} has no mask token; expected one to put for words")


@dataclass(frozen=True)
class _Passes:
    """Sentences with words masked, a pass each; `one` and `other` are the same where one word alone is masked."""

    sentences: Integers
    one: Integers
    other: Integers


@dataclass(frozen=True)
class _Places:
    """Subwords that are read off a batch, (places,) each: their row and position in it, number in the text, and the
    word that was masked beside theirs."""

    rows: Integers
    positions: Integers
    subwords: Integers
    beside: Integers


class _Reader:
    """Reads masked words of a text."""

    def __init__(self, encoder: Encoder, head: Encoder | None, subwords: Subwords) -> None:
        self.subwords = subwords
        self._encoder, self._head = encoder, head
        self._counts = np.bincount(subwords.owners, minlength=subwords.alignment.words)
        self._starts = np.searchsorted(subwords.owners, np.arange(subwords.alignment.words))
        self._sentence_starts = subwords.alignment.subword_bounds[:-1]
        self._leading = len(subwords.batcher.specials.leading)
        self._word_sentences = np.repeat(np.arange(len(self._sentence_starts)), np.diff(subwords.word_bounds))

    @torch.inference_mode()
    def matrices(self, chunk: Chunk, bar: tqdm) -> list[ImpactMatrices]:
        """The matrices of a chunk's sentences, in its order."""
        encoder, lengths = self._encoder, np.diff(self.subwords.alignment.subword_bounds)[chunk.sentences]
        # The chunk's subwords numbered from 0: where the states of those that are alone masked are held.
        held = np.full(len(self.subwords.ids), -1)
        held[ranges(self._sentence_starts[chunk.sentences], lengths)] = np.arange(int(lengths.sum()))
        alone = torch.zeros(len(encoder.layers), int(lengths.sum()), encoder.dim, device=encoder.device)
        likely = torch.zeros(alone.shape[1], device=encoder.device)
        distances = torch.zeros(len(encoder.layers), chunk.size, device=encoder.device)
        falls = torch.zeros(chunk.size, device=encoder.device)
        for places, states, probabilities in self._read(self._single(chunk), bar):
            (own,) = on_device(encoder, held[places.subwords])
            for layer, into in zip(states, alone):
                into[own] = layer
            likely[own] = probabilities
        for places, states, probabilities in self._read(self._pairs(chunk), bar):
            words = self.subwords.owners[places.subwords]
            own, targets = on_device(encoder, held[places.subwords], self._targets(chunk, words, places.beside))
            share = torch.from_numpy((1.0 / self._counts[words]).astype(np.float32)).to(encoder.device)
            for layer, before, into in zip(states, alone, distances):
                into.index_add_(0, targets, (before[own] - layer).norm(dim=-1) * share)
            falls.index_add_(0, targets, (likely[own] - probabilities) * share)
        return self._split(chunk, distances.cpu().numpy(), falls.cpu().numpy())

    def _split(self, chunk: Chunk, distances: NDArray[np.float32], falls: NDArray[np.float32]) -> list[ImpactMatrices]:
        """Flat arrays of a chunk as matrices of its sentences."""
        found = []
        for start, end, size in zip(chunk.matrix_bounds[:-1], chunk.matrix_bounds[1:], chunk.words):
            own = distances[:, start:end].reshape(-1, size, size)
            found.append(ImpactMatrices(own, None if self._head is None else falls[start:end].reshape(size, size)))
        return found

    def _single(self, chunk: Chunk) -> _Passes:
        """Every word of a chunk that has a subword, masked alone."""
        words = ranges(self.subwords.word_bounds[chunk.sentences], chunk.words)
        words = words[self._counts[words] > 0]
        return _Passes(self._word_sentences[words], words, words)

    def _pairs(self, chunk: Chunk) -> _Passes:
        """Every two such words of one sentence."""
        ones, others = [], []
        for sentence in chunk.sentences:
            first, end = self.subwords.word_bounds[sentence : sentence + 2]
            words = np.arange(first, end)
            words = words[self._counts[words] > 0]
            one, other = np.triu_indices(len(words), k=1)
            ones.append(words[one])
            others.append(words[other])
        one, other = np.concatenate(ones), np.concatenate(others)
        return _Passes(self._word_sentences[one], one, other)

    def _targets(self, chunk: Chunk, read: Integers, beside: Integers) -> Integers:
        """Where the impacts on some words stand in the flat array of a chunk's matrices."""
        rows = np.zeros(len(self._sentence_starts), np.int64)
        rows[chunk.sentences] = np.arange(len(chunk.sentences))
        sentences = self._word_sentences[read]
        first, row = self.subwords.word_bounds[sentences], rows[sentences]
        return chunk.matrix_bounds[row] + (read - first) * chunk.words[row] + beside - first

    def _read(self, passes: _Passes, bar: tqdm) -> Iterator[tuple[_Places, list[Tensor], Tensor]]:
        """What the model makes of masked subwords, batch by batch: the places, a (places, dim) tensor for each layer,
        and the probabilities of what stood there, (places,), 0 without a head."""
        copies = self.subwords.copies(passes.sentences)
        for chosen, batch in self.subwords.batcher.batches(
            self.subwords.alignment, copies, np.arange(len(passes.sentences))
        ):
            places = self._places(passes, chosen)
            masked = torch.zeros_like(batch.input_ids, dtype=torch.bool)
            masked[torch.from_numpy(places.rows), torch.from_numpy(places.positions)] = True
            ids = batch.input_ids.masked_fill(masked, self._encoder.tokenizer.mask_token_id)
            states, probabilities = self._run(ids, batch, places)
            bar.update(len(chosen))
            yield places, states, probabilities

    def _places(self, passes: _Passes, chosen: Integers) -> _Places:
        """The masked subwords of a batch: those of the first word of each pass, and those of the second."""
        one, other = passes.one[chosen], passes.other[chosen]
        rows = np.arange(len(chosen))
        if (one != other).any():
            rows, one, other = np.tile(rows, 2), np.append(one, other), np.append(other, one)
        counts = self._counts[one]
        subwords = ranges(self._starts[one], counts)
        starts = self._sentence_starts[passes.sentences[chosen]]
        rows = np.repeat(rows, counts)
        return _Places(rows, self._leading + subwords - starts[rows], subwords, np.repeat(other, counts))

    def _run(self, ids: Tensor, batch: Batch, places: _Places) -> tuple[list[Tensor], Tensor]:
        """One forward pass; states are read in single precision."""
        rows, positions, gold = on_device(
            self._encoder, places.rows, places.positions, self.subwords.ids[places.subwords]
        )
        if self._head is None:
            states = self._encoder.hidden_states(ids, batch.attention_mask, batch.token_type_ids, places=batch.places)
            probabilities = torch.zeros(len(gold), device=gold.device)
        else:
            with only_at(self._head, rows, positions):
                output = self._head.run(
                    ids, batch.attention_mask, batch.token_type_ids, places=batch.places, output_hidden_states=True
                )
            states = output.hidden_states
            logits = output.logits[:, 0].float()
            probabilities = logits.softmax(-1).gather(1, gold[:, None])[:, 0]
        return [layer[rows, positions].float() for layer in states], probabilities
