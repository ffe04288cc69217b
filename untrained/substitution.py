"""Trees from attention averaged over substitutions (SSUD: Jian & Reddy 2023, EMNLP, arXiv:2211.16031).

A word at one end of a dependency can be replaced by another of its category, and the dependency stays. So attention to
a word is averaged over sentences in which that word is replaced by others, which leaves what is owed to the structure
and averages out what is owed to the word. Substitutes are those that a masked language model expects in the word's
place, as in the paper, or words that a treebank has with the same tags, for models that expect nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.attention.masks import between_words
from treeprobe.extraction import Encoder, stream_attention
from treeprobe.extraction.alignment import Aligner, Alignment, Integers, bounds_of
from treeprobe.extraction.batching import Batcher, Windows
from treeprobe.extraction.language_model import only_at
from treeprobe.extraction.subwords import Subwords
from treeprobe.extraction.text import Text
from treeprobe.parsing import Sentence

SUBSTITUTED = frozenset({"ADJ", "ADP", "ADV", "DET", "NOUN", "PROPN", "VERB"})
"""Universal tags of the words that are replaced, those of the paper's published code."""

Substitutes = Mapping[int, Sequence[str]]
"""By place in the sentence, the words that it takes one after the other."""

_SPARE = 20
"""Predictions looked at beyond those that are wanted, since some are no words, or are the word itself."""


@torch.inference_mode()
def predicted_substitutes(
    head: Encoder,
    sentences: Sequence[Sentence],
    *,
    most: int = 10,
    natural: bool = False,
) -> list[Substitutes]:
    """The words that a masked language model expects in the place of each word that is replaced.

    A word of however many subwords is replaced by one mask, and predictions are words of one subword, of letters alone.
    The paper also tags each sentence that comes out, and keeps those in which the word has its tag; no tagger is asked
    here, so that some substitutes are of another category.

    Args:
        head: a model with its masked-LM head (`masked_lm_encoder`).
        sentences: whose universal tags say which words are replaced (`SUBSTITUTED`).
        most: how many substitutes for a word at most, the likeliest first.
        natural: read sentences with the spaces that they naturally have.

    Returns:
        For each sentence the substitutes of its words; words that keep their place are not in it.

    Raises:
        ValueError: a sentence is longer than the model takes.
    """
    spaces = [sentence.space_after for sentence in sentences] if natural else None
    subwords = Subwords.of(head, Text.checked([sentence.words for sentence in sentences], spaces))
    owned = subwords.has_subwords
    numbers = [
        (row, place)
        for row, sentence in enumerate(sentences)
        for place in _places(sentence)
        if owned[subwords.word_bounds[row] + place]
    ]
    rows, places = np.array(numbers, np.int64).reshape(-1, 2).T
    alignment, masks = _with_masks(subwords, rows, places, head.tokenizer.mask_token_id)
    batcher, leading = Batcher(head), len(subwords.batcher.specials.leading)
    bounds = alignment.subword_bounds
    windows = Windows(bounds[:-1], bounds[1:], np.arange(len(rows)), np.empty(0, np.int64))
    found = np.zeros((len(rows), min(most + _SPARE, int(head.model.config.vocab_size))), np.int64)
    for chosen, batch in batcher.batches(alignment, windows, np.arange(len(rows))):
        every, at = torch.arange(len(chosen)), torch.from_numpy(leading + masks[chosen])
        with only_at(head, every, at):
            logits = head.run(batch.input_ids, batch.attention_mask, batch.token_type_ids).logits[:, 0]
        found[chosen] = logits.float().topk(found.shape[1]).indices.cpu().numpy()
    words = _whole_words(head, np.unique(found))
    substitutes: list[dict[int, Sequence[str]]] = [{} for _ in sentences]
    for row, place, predictions in zip(rows.tolist(), places.tolist(), found.tolist()):
        own = sentences[row].words[place].lower()
        kept = [words[number] for number in predictions if number in words and words[number].lower() != own]
        substitutes[row][place] = kept[:most]
    return list(substitutes)


def tag_substitutes(
    sentences: Sequence[Sentence], bank: Sequence[Sentence], *, most: int = 10, seed: int = 0
) -> list[Substitutes]:
    """Words of a treebank with the same tags as each word that is replaced: its universal tag and its features.

    This is substitution by gold tags, which stands in where a model predicts no words. Where the treebank has more
    words than are wanted, they are drawn at random, the same ones for the same seed.

    Args:
        sentences: as in `predicted_substitutes`, whose result has the same form.
        bank: where the words are taken from.
        most: how many substitutes for a word at most.
        seed: of the random choice.
    """
    by_tags: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for sentence in bank:
        for word, upos, features in zip(sentence.words, sentence.upos, sentence.features):
            if upos in SUBSTITUTED:
                by_tags[upos, features].add(word.lower())
    lexicon = {tags: sorted(words) for tags, words in by_tags.items()}
    found: list[Substitutes] = []
    for number, sentence in enumerate(sentences):
        generator = np.random.default_rng([seed, number])
        chosen = {}
        for place in _places(sentence):
            known = lexicon.get((sentence.upos[place], sentence.features[place]), [])
            others = [word for word in known if word != sentence.words[place].lower()]
            chosen[place] = [others[k] for k in generator.permutation(len(others))[:most]]
        found.append(chosen)
    return found


def substituted_attention(
    encoder: Encoder, sentences: Sequence[Sentence], substitutes: Sequence[Substitutes], *, natural: bool = False
) -> list[NDArray[np.float32]]:
    """Attention to each word, averaged over the sentence and the sentences in which that word is replaced.

    Attention is the mean over a layer's heads, between words alone: each word's attention to the others and itself sums
    to 1. The paper's tree is the maximum spanning tree of the greater of the two directions of every edge.

    Args:
        encoder: a model with attention.
        sentences: each of which must fit the model.
        substitutes: of each, as `predicted_substitutes` or `tag_substitutes` returns them.
        natural: as in `predicted_substitutes`.

    Returns:
        (layers, words, words) for each sentence; the row is the word that is looked at, the column the one that looks.

    Raises:
        ValueError: there are not substitutes for each sentence.
        AttentionError: the model has no heads, or does not report their attention.
    """
    if len(sentences) != len(substitutes):
        raise ValueError(f"substitutes for {len(substitutes)} sentences; expected them for {len(sentences)}")
    texts, spaces = [sentence.words for sentence in sentences], [sentence.space_after for sentence in sentences]
    owners, replaced = list(range(len(sentences))), [-1] * len(sentences)
    for number, (sentence, chosen) in enumerate(zip(sentences, substitutes)):
        for place, words in chosen.items():
            for word in words:
                texts.append((*sentence.words[:place], word, *sentence.words[place + 1 :]))
                spaces.append(sentence.space_after)
                owners.append(number)
                replaced.append(place)
    sums = [np.zeros((encoder.blocks, len(one), len(one)), np.float32) for one in sentences]
    counts = [np.zeros(len(one), np.float32) for one in sentences]
    for batch in stream_attention(encoder, texts, space_after=spaces if natural else None):
        mean = between_words(batch).mean(2)
        mean /= mean.sum(-1, keepdim=True).clamp_min(torch.finfo(mean.dtype).tiny)
        looked_at = mean.transpose(-1, -2).cpu().numpy()
        for row, (index, size) in enumerate(zip(batch.indices.tolist(), batch.lengths.tolist())):
            owner, place = owners[index], replaced[index]
            at = slice(None) if place < 0 else slice(place, place + 1)
            sums[owner][:, at] += looked_at[:, row, :size, :size][:, at]
            counts[owner][at] += 1
    for total, count in zip(sums, counts):
        total /= count.clip(min=1)[:, None]
    return sums


def _places(sentence: Sentence) -> list[int]:
    """The words that are replaced."""
    return [place for place, tag in enumerate(sentence.upos) if tag in SUBSTITUTED]


def _with_masks(subwords: Subwords, rows: Integers, places: Integers, mask: int) -> tuple[Alignment, Integers]:
    """Copies of sentences with one mask in the place of one word; and which subword of each copy the mask is."""
    bounds, owners = subwords.alignment.subword_bounds, subwords.owners
    words = subwords.word_bounds[rows] + places
    starts, ends = np.searchsorted(owners, words, "left"), np.searchsorted(owners, words, "right")
    copies = [
        np.concatenate([subwords.ids[bounds[row] : start], [mask], subwords.ids[end : bounds[row + 1]]])
        for row, start, end in zip(rows, starts, ends)
    ]
    nothing = np.empty(0, np.int64)
    ids = np.concatenate([nothing, *copies])
    lengths = np.array([len(copy) for copy in copies], np.int64)
    # No word is linked: what reads this alignment wants the subwords alone.
    alignment = Alignment(ids, bounds_of(lengths), bounds_of(0 * lengths), nothing, nothing, nothing)
    return alignment, starts - bounds[:-1][rows]


def _whole_words(head: Encoder, ids: Integers) -> dict[int, str]:
    """The vocabulary's entries among these that are words of letters, by their numbers: behind a space, such a word is
    read as this one subword."""
    texts = {int(number): head.tokenizer.decode([int(number)]).strip() for number in ids}
    texts = {number: text for number, text in texts.items() if text.isalpha()}
    alignment = Aligner(head.tokenizer)([["a", text] for text in texts.values()])
    counts = np.bincount(alignment.link_words, minlength=alignment.words)[1::2]
    last = alignment.ids[np.maximum(alignment.subword_bounds[1:] - 1, 0)] if texts else np.empty(0, np.int64)
    return {
        number: text
        for (number, text), count, subword in zip(texts.items(), counts, last)
        if count == 1 and subword == number
    }
