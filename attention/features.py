"""Attention in both directions as features of pairs of words, for probes that learn a weight for each head."""

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
"""Pairs of words to train on: about 120 MB for 72 heads, and ample for a few hundred weights."""


@dataclass(frozen=True)
class PairFeatures:
    """A sentence as input of an attention probe."""

    index: int
    """Its number in the corpus."""
    attention: Tensor
    """(words, 1 + words, 2 × layers × heads) float16: for each dependent and each candidate head, the attention from
    the dependent, then the attention to it. Candidate 0 is the root: a special token stands for it, or zeros."""


def choose_sentences(sentences: Sequence[Sentence], *, pairs: int = PAIRS, seed: int = 0) -> NDArray[np.int64]:
    """A random sample of sentences to train a probe on, with at most `pairs` pairs of words in total; ascending."""
    order = np.random.default_rng(seed).permutation(len(sentences))
    sizes = np.array([len(sentences[int(index)]) ** 2 for index in order])
    return np.sort(order[np.cumsum(sizes) <= pairs])


def pair_features(batches: Iterable[AttentionBatch]) -> Iterator[PairFeatures]:
    """The features of each sentence of a stream of attention between words."""
    for batch in batches:
        for row, (index, length) in enumerate(zip(batch.indices, batch.lengths.tolist())):
            words = slice(batch.leading, batch.leading + length)
            attention = batch.attention[:, row]
            # A head that finds nothing attends to a special token (Clark et al. 2019, §3.2), which stands for the root.
            special = 0 if batch.leading else (length if batch.trailing else None)
            others = attention[..., words, words] * (1 - torch.eye(length, device=attention.device))
            towards, back = attention.new_zeros(2, *attention.shape[:2], length, length + 1)
            towards[..., 1:], back[..., 1:] = others, others.transpose(-1, -2)
            if special is not None:
                towards[..., 0], back[..., 0] = attention[..., words, special], attention[..., special, words]
            both = torch.cat([towards.flatten(0, 1), back.flatten(0, 1)])
            yield PairFeatures(int(index), both.permute(1, 2, 0).to(torch.float16).contiguous().cpu())


def static_embeddings(
    encoder: Encoder,
    sentences: Sequence[Sequence[str]],
    *,
    fitted_on: Sequence[Sequence[str]] | None = None,
    dim: int = 64,
) -> list[NDArray[np.float32]]:
    """Uncontextualised word vectors from the model's own input embeddings, in place of Clark et al.'s (2019) GloVe.

    A word's vector is the mean input embedding of its subwords, projected onto the leading principal components of the
    word forms of `fitted_on` and scaled to unit mean variance over those.

    Args:
        encoder: the model.
        sentences: words of each sentence.
        fitted_on: words of the sentences whose forms the components are fitted to, the same for a probe's training
            and test sentences; `sentences` where None.
        dim: number of components; all of them where there are fewer.

    Returns:
        (words, dim) float32 for each sentence.
    """
    forms = sorted({word for words in (sentences if fitted_on is None else fitted_on) for word in words})
    known, _ = _input_embeddings(encoder, [forms])
    # Exact and repeatable, where the solver that scikit-learn chooses for such shapes draws random vectors.
    components = PCA(min(dim, *known.shape), svd_solver="covariance_eigh").fit(known)
    found, bounds = _input_embeddings(encoder, sentences)
    scale = max(float(np.sqrt(components.explained_variance_.mean())), 1e-12)
    return np.split((components.transform(found) / scale).astype(np.float32), bounds[1:-1])


def _input_embeddings(
    encoder: Encoder, sentences: Sequence[Sequence[str]]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The mean input embedding of each word's subwords, (words, width), and the sentences' cumulative word counts."""
    table = encoder.model.get_input_embeddings().weight.detach().float().cpu().numpy()
    alignment = Aligner(encoder.tokenizer)(sentences)
    vectors = np.zeros((alignment.words, table.shape[1]), dtype=np.float32)
    shares = alignment.weights("mean")[:, None] * table[alignment.ids[alignment.link_subwords]]
    np.add.at(vectors, alignment.link_words, shares)
    return vectors, alignment.word_bounds
