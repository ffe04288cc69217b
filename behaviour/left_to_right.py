"""Log-probabilities of words under a model that predicts the next subword, whatever marks the words in its tokens."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from treeprobe.behaviour.word_starts import first_token, word_starts
from treeprobe.extraction import Encoder
from treeprobe.extraction.encoder import wide
from treeprobe.extraction.subwords import Subwords, with_first


@torch.inference_mode()
def left_to_right_scores(
    encoder: Encoder, subwords: Subwords, wanted: NDArray[np.bool_], *, progress: bool = False
) -> NDArray[np.float64]:
    """Log-probability of each word given those before it, in nats; its end counts to the word itself.

    Tokenizers such as GPT-2's mark the beginnings of words, so a word's subwords do not say that it ends there: "a
    cat" may go on to "a catalogue". The probability that the next token begins a word therefore belongs to this word,
    and not to the next one, from which it is taken (Oh & Schuler 2024, section 2; Pimentel & Meister 2024, theorem 1):

        log p(w) = Σ log p(subwords) + log p(a word begins after w) - log p(a word begins at w)

    The last term is left out where none has begun by necessity: at the first word, and where a word follows without a
    space. Tokens that end the text end the word too. The words of a sentence sum to the log-probability of its
    subwords and of a word's end after the last. Where tokens mark the ends of words, their sum is the word's.

    Args:
        encoder: one with a head that predicts the next subword.
        wanted: (words,) words to score; sentences without any are not read.
        progress: show a progress bar.

    Returns:
        (words,); nan for words without subwords.

    Raises:
        CheckpointError: the tokenizer has no token that a text begins with, or does not mark words.
    """
    batcher, bounds = subwords.batcher, subwords.alignment.subword_bounds
    leading = len(batcher.specials.leading)
    starts = word_starts(encoder)
    # The mass of tokens that begin a word, where a word of the text begins with one, and after each sentence.
    first = np.diff(subwords.owners, prepend=-1) != 0
    begins = first & starts[subwords.ids] & (np.arange(len(subwords.ids)) != subwords.starts)
    log_p, at_word, at_end = np.zeros(len(subwords.ids)), np.zeros(len(subwords.ids)), np.zeros(len(bounds) - 1)
    read = np.zeros(len(bounds) - 1, bool)
    read[subwords.sentences[wanted[subwords.owners]]] = True
    chosen = np.flatnonzero(read)
    # A tokenizer may have tokens that its model has no output for, and the other way round.
    openers = torch.from_numpy(np.flatnonzero(starts[: encoder.model.config.vocab_size])).to(encoder.device)
    bar = tqdm(total=len(chosen), desc="sentences", disable=not progress)
    for rows, batch in batcher.batches(subwords.alignment, subwords.copies(np.arange(len(read))), chosen):
        if not leading:
            batch = with_first(batch, first_token(encoder))
        logits = encoder.run(batch.input_ids, batch.attention_mask, batch.token_type_ids, places=batch.places).logits
        logits = logits[:, max(leading, 1) - 1 :].to(wide(logits.dtype)).log_softmax(-1)
        counts = bounds[rows + 1] - bounds[rows]
        sentence = np.repeat(np.arange(len(rows)), counts)
        place = np.arange(len(sentence)) - np.repeat(np.cumsum(counts) - counts, counts)
        here = bounds[rows][sentence] + place
        log_p[here] = _gathered(logits, sentence, place, subwords.ids[here])
        word = begins[here]
        at_word[here[word]] = _mass(logits, sentence[word], place[word], openers)
        bar.update(len(rows))
        at_end[rows] = _mass(logits, np.arange(len(rows)), counts, openers)
    bar.close()
    words = subwords.sums(log_p - at_word)
    return words + _after(subwords, first, at_word, at_end)


def _after(
    subwords: Subwords, first: NDArray[np.bool_], at_word: NDArray[np.float64], at_end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(words,) log-probability that a word begins after each word: at the next word's first subword, or at the end."""
    heads = np.flatnonzero(first)
    last = np.append(subwords.sentences[heads][1:] != subwords.sentences[heads][:-1], True)
    following = np.append(at_word[heads][1:], 0.0)
    after = np.zeros(subwords.alignment.words)
    after[subwords.owners[heads]] = np.where(last, at_end[subwords.sentences[heads]], following)
    return after


def _gathered(
    log_p: Tensor, rows: NDArray[np.int64], places: NDArray[np.int64], tokens: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(tokens,) log-probability of each token at its place."""
    index = [torch.from_numpy(one).to(log_p.device) for one in (rows, places, tokens)]
    return log_p[index[0], index[1], index[2]].double().cpu().numpy()


def _mass(log_p: Tensor, rows: NDArray[np.int64], places: NDArray[np.int64], tokens: Tensor) -> NDArray[np.float64]:
    """(places,) log of the summed probability of some tokens at each place."""
    index = [torch.from_numpy(one).to(log_p.device) for one in (rows, places)]
    return log_p[index[0], index[1]][:, tokens].logsumexp(-1).double().cpu().numpy()
