"""What is read of a model beside the plain loop: layers, alignment, states, batching and attention."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction import (
    AttentionError,
    CheckpointError,
    Encoder,
    Reading,
    StorageError,
    extract,
    stream_attention,
)
from treeprobe.extraction.batching import Batcher
from treeprobe.extraction.text import Text
from treeprobe.pipeline.verification.checks import Check, Largest
from treeprobe.pipeline.verification.plain import Number, PlainModel, PlainSentence

Sentences = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Pair:
    """One checkpoint as treeprobe has it and as transformers has it, and what each makes of some sentences."""

    encoder: Encoder
    plain: PlainModel
    sentences: Sentences
    expected: Sequence[PlainSentence]
    number: Number

    @classmethod
    def of(cls, encoder: Encoder, plain: PlainModel, sentences: Sentences, *, number: Number) -> "Pair":
        """Read the sentences by the plain loop; those that are longer than the model takes are left out."""
        limit, kept = encoder.max_subwords, []
        for words in sentences:
            size = len(plain.tokenizer(" ".join(words))["input_ids"])
            if limit is None or size <= limit:
                kept.append(words)
        return cls(encoder, plain, kept, [plain.read(words, attention=True) for words in kept], number)

    def states(self, sentences: Sentences) -> NDArray[np.floating]:
        """(layers, words, dim) as `extract` gives them, the words back to back, in the format of the computation."""
        found = extract(self.encoder, sentences, reading=Reading(storage=self.number))
        return found.read_stored(slice(None)).numpy()


def check_layers(pair: Pair) -> Check:
    """Whether the model has as many layers, and as wide ones, as treeprobe says."""
    found = (len(pair.encoder.layers), pair.encoder.dim)
    expected = {(len(one.states), one.states[0].shape[-1]) for one in pair.expected}
    wrong = len(expected - {found})
    shown = " and ".join(f"{layers} of width {dim}" for layers, dim in sorted(expected))
    place = f"treeprobe has {found[0]} of width {found[1]}, transformers {shown}" if wrong else ""
    compared = f"{found[0]} layers of width {found[1]} with the hidden states that transformers reports"
    return Check(name="layers", compared=compared, difference=wrong, place=place)


def check_alignment(pair: Pair) -> Check:
    """Whether each sentence has the same subwords, and each word the same of them, as by the tokenizer's offsets."""
    batcher = Batcher(pair.encoder)
    aligned = batcher.align(Text.checked(pair.sentences))
    leading, trailing = batcher.specials.leading, batcher.specials.trailing
    wrong, place, words = 0, "", 0
    for number, expected in enumerate(pair.expected):
        first, last = aligned.subword_bounds[number : number + 2]
        ids = (*leading, *aligned.ids[first:last].tolist(), *trailing)
        same = ids == expected.ids
        for word, positions in enumerate(expected.places):
            chosen = aligned.link_words == aligned.word_bounds[number] + word
            found = tuple((aligned.link_subwords[chosen] - first + len(leading)).tolist())
            words += 1
            if not same or found != positions:
                wrong += 1
                place = place or f"word {word + 1} of sentence {number + 1}"
    compared = f"the subwords of {words} words with the character offsets of the tokenizer"
    return Check(name="alignment", compared=compared, difference=wrong, place=place)


def check_states(pair: Pair) -> Check:
    """Whether every word has the same vector at every layer, read in padded batches and one sentence at a time."""
    compared = (
        f"words of {len(pair.sentences)} sentences at {len(pair.encoder.layers)} layers, read in padded batches, with "
        "each sentence read alone"
    )
    try:
        found = pair.states(pair.sentences)
    except (CheckpointError, StorageError) as error:
        return Check(name="states", compared=compared, number=pair.number, refusal=str(error))
    largest = Largest()
    bounds = np.cumsum([0, *map(len, pair.sentences)])
    for number, expected in enumerate(pair.expected):
        here = found[:, bounds[number] : bounds[number + 1]]
        for layer in range(max(len(here), len(expected.states))):
            if layer >= min(len(here), len(expected.states)):
                largest.add(np.zeros(0), np.zeros(1), f"layer {layer}, which one side lacks")
                break
            largest.add(here[layer], expected.word_states(layer), f"layer {layer} of sentence {number + 1}")
    return largest.check("states", compared, pair.number)


def check_batching(pair: Pair) -> Check:
    """Whether vectors are the same whatever else is in the batch."""
    compared = "words read in one batch, in the other order, and each sentence in a batch of its own"
    together = pair.states(pair.sentences)
    backwards = pair.states(pair.sentences[::-1])
    largest = Largest()
    bounds = np.cumsum([0, *map(len, pair.sentences)])
    total = int(bounds[-1])
    for number, words in enumerate(pair.sentences):
        first, last = bounds[number], bounds[number + 1]
        here = together[:, first:last]
        place = f"sentence {number + 1}"
        largest.add(pair.states([words]), here, place)
        largest.add(backwards[:, total - last : total - first], here, place)
    return largest.check("batching", compared, pair.number)


def check_attention(pair: Pair) -> Check:
    """Whether attention between words is what eager attention between subwords gives."""
    compared = "attention between words in every head with what transformers reports between subwords"
    largest, read = Largest(), 0
    try:
        for index, found in _streamed(pair):
            expected, read = pair.expected[index], read + 1
            for block, attention in enumerate(found):
                place = f"block {block + 1} of sentence {index + 1}"
                largest.add(attention, expected.word_attention(block), place)
    except AttentionError as error:
        return Check(name="attention", compared=compared, number=pair.number, refusal=str(error))
    note = "" if read == len(pair.sentences) else f"{len(pair.sentences) - read} sentences were left out"
    return largest.check("attention", compared, pair.number, note=note)


def _streamed(pair: Pair) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """The number of each sentence and its attention, (layers, heads, positions, positions)."""
    for batch in stream_attention(pair.encoder, pair.sentences):
        yield from batch.unpadded().items()
