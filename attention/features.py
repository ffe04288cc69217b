"""Attention of both directions as features of pairs of words, for probes that learn to weigh heads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Tensor

from treeprobe.extraction import AttentionBatch, Encoder
from treeprobe.extraction.alignment import Aligner
from treeprobe.parsing import Sentence

PAIRS = 400_000
"""Pairs of words kept for training: about 120 MB for 72 heads, and plenty for a few hundred weights."""


@dataclass(frozen=True)
class PairFeatures:
    """A sentence for an attention probe; `index` is its place in the corpus."""

    index: int
    attention: Tensor
    """(words, 1 + words, 2 × layers × heads) float16: of each dependent and each candidate head, the attention from the
    dependent and then the attention to it. Candidate 0 is the root: a special token stands for it, or zeros."""


def choose_sentences(sentences: Sequence[Sentence], *, pairs: int = PAIRS, seed: int = 0) -> NDArray[np.int64]:
    """Random sentences with at most `pairs` pairs of words between them, ascending: what a probe is trained on."""
    order = np.random.default_rng(seed).permutation(len(sentences))
    sizes = np.array([len(sentences[int(index)]) ** 2 for index in order])
    return np.sort(order[np.cumsum(sizes) <= pairs])


def pair_features(batches: Iterable[AttentionBatch]) -> Iterator[PairFeatures]:
    """The features of each sentence of a stream of attention between words."""
    for batch in batches:
        for row, (index, length) in enumerate(zip(batch.indices, batch.lengths)):
            words = slice(batch.leading, batch.leading + int(length))
            one = batch.attention[:, row]
            # A head that finds nothing attends to a special token (Clark et al. 2019, §3.2), which stands for the root.
            special = 0 if batch.leading else (int(length) if batch.trailing else None)
            square = one[..., words, words]
            square = square * (1 - torch.eye(int(length)))
            towards, back = torch.zeros(2, *one.shape[:2], int(length), int(length) + 1)
            towards[..., 1:], back[..., 1:] = square, square.transpose(-1, -2)
            if special is not None:
                towards[..., 0], back[..., 0] = one[..., words, special], one[..., special, words]
            both = torch.cat([towards.flatten(0, 1), back.flatten(0, 1)])
            yield PairFeatures(int(index), both.permute(1, 2, 0).to(torch.float16).contiguous())


def static_embeddings(
    encoder: Encoder,
    sentences: Sequence[Sequence[str]],
    *,
    fitted_on: Sequence[Sequence[str]] | None = None,
    dim: int = 64,
) -> list[NDArray[np.float32]]:
    """A vector of each word that no context has touched, (words, dim) a sentence.

    It is the mean of the model's own input embeddings of the word's subwords, on the principal components of the word
    forms of `fitted_on`, scaled to unit variance over those. Sentences of a probe's training and of its test are to
    have the same `fitted_on`; None takes the sentences themselves. Where there are not `dim` components, because the
    embeddings are narrower or the word forms fewer, all there are make the vector. The vectors stand where Clark et al.
    (2019) have GloVe.
    """
    forms = sorted({word for words in (sentences if fitted_on is None else fitted_on) for word in words})
    known, _ = input_embeddings(encoder, [forms])
    components = PCA(min(dim, *known.shape)).fit(known)
    found, bounds = input_embeddings(encoder, sentences)
    scale = max(float(np.sqrt(components.explained_variance_.mean())), 1e-12)
    return np.split((components.transform(found) / scale).astype(np.float32), bounds[1:-1])


def input_embeddings(
    encoder: Encoder, sentences: Sequence[Sequence[str]]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The mean input embedding of each word's subwords, (words, width), and where each sentence's words begin."""
    table = encoder.model.get_input_embeddings().weight.detach().float().cpu().numpy()
    alignment = Aligner(encoder.tokenizer)(sentences)
    vectors = np.zeros((alignment.words, table.shape[1]), dtype=np.float32)
    shares = alignment.weights("mean")[:, None] * table[alignment.ids[alignment.link_subwords]]
    np.add.at(vectors, alignment.link_words, shares)
    return vectors, alignment.word_bounds
