"""Probes of attention: how much dependency structure all heads hold together (Clark et al. 2019, section 5)."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn.functional import cross_entropy

from treeprobe.attention.features import PairFeatures
from treeprobe.parsing import Sentence

Vectors = Sequence[NDArray[np.float32]]

GROUP_SENTENCES = 4
"""Sentences of a batch, sorted by length, that are padded together."""


class AttentionProbe(BaseEstimator):
    """The probability that word i is the head of word j: a softmax over i of a weighted sum of attention weights.

    p(i | j) ∝ exp Σₖ wₖ(i, j) αₖ(j, i) + uₖ(i, j) αₖ(i, j) over all heads k; the root is one more candidate. Without
    vectors w and u are one number per head; with vectors they are linear in the static vectors of both words (the
    "attention-only" and the "attention-and-words" probe of Clark et al. 2019, section 5).

    Args:
        epochs: passes over the training sentences.
        batch_size: sentences per step.
        learning_rate: Adam's initial learning rate, annealed to zero along a half cosine; the many weights of word
            vectors take a tenth of it.
        seed: seed of the order of the sentences.

    Attributes:
        weights_: (features,) w and u.
        word_weights_: (2, dim, features) for dependent and head; dim is 0 without vectors.
        root_bias_: the score of the root before any attention.
        history_: mean loss of each epoch's batches, in nats.
    """

    weights_: Tensor
    word_weights_: Tensor
    root_bias_: float
    history_: list[float]

    def __init__(self, *, epochs: int = 6, batch_size: int = 16, learning_rate: float = 0.1, seed: int = 0) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(
        self, features: Sequence[PairFeatures], sentences: Sequence[Sentence], *, vectors: Vectors | None = None
    ) -> Self:
        """Train the probe.

        Args:
            features: features of the training sentences.
            sentences: the corpus with its trees, indexed by the features' `index`.
            vectors: (words, dim) static vectors of every sentence of the corpus; None for the attention-only probe.

        Raises:
            ValueError: there are no features.
        """
        if not features:
            raise ValueError("no features to train on; expected those of at least one sentence")
        width = features[0].attention.shape[2]
        dim = 0 if vectors is None else vectors[0].shape[1]
        weights, root = torch.zeros(width, requires_grad=True), torch.zeros(1, requires_grad=True)
        word_weights = torch.zeros(2, dim, width, requires_grad=True)
        steps = self.epochs * -(-len(features) // self.batch_size)
        rates = [{"params": [weights, root]}, {"params": [word_weights], "lr": self.learning_rate / 10}]
        optimiser = torch.optim.Adam(rates, lr=self.learning_rate)  # type: ignore[arg-type]
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        generator = np.random.default_rng(self.seed)
        self.history_ = []
        for _ in range(self.epochs):
            losses = []
            for batch in _shuffled_batches(features, size=self.batch_size, generator=generator):
                words_in_batch = sum(len(one.attention) for one in batch)
                optimiser.zero_grad()
                loss = 0.0
                for start in range(0, len(batch), GROUP_SENTENCES):
                    group = batch[start : start + GROUP_SENTENCES]
                    gold = _padded_heads([sentences[one.index].heads for one in group])
                    scores = self._scores(group, vectors, weights, word_weights, root).flatten(0, 1)
                    total = cross_entropy(scores, gold.flatten(), ignore_index=-1, reduction="sum")
                    part = total / words_in_batch
                    part.backward()
                    loss += part.item()
                optimiser.step()
                schedule.step()
                losses.append(loss)
            self.history_.append(float(np.mean(losses)))
        self.weights_, self.word_weights_, self.root_bias_ = weights.detach(), word_weights.detach(), root.item()
        return self

    @torch.inference_mode()
    def predict(self, features: PairFeatures, *, vectors: Vectors | None = None) -> NDArray[np.float64]:
        """Log-probabilities of heads; a word is never its own head.

        Args:
            features: features of a sentence.
            vectors: (words, dim) static vectors of every sentence of the corpus, if the probe was trained with them.

        Returns:
            (words, 1 + words): rows are dependents, column 0 is the root.

        Raises:
            ValueError: the probe was trained with vectors and none are given, or vice versa.
        """
        check_is_fitted(self, "weights_")
        trained = bool(self.word_weights_.shape[1])
        if trained != (vectors is not None):
            found, expected = ("no vectors", "vectors") if trained else ("vectors", "none")
            raise ValueError(f"found {found} of words; expected {expected}, as the probe was trained")
        scores = self._scores([features], vectors, self.weights_, self.word_weights_, torch.tensor([self.root_bias_]))
        return scores[0].log_softmax(-1).double().numpy()

    def head_weights(self, *, layers: int) -> NDArray[np.float64]:
        """The learned w and u, (2, layers, heads): of attention from the dependent, and of attention to it."""
        check_is_fitted(self, "weights_")
        return self.weights_.double().numpy().reshape(2, layers, -1)

    def _scores(
        self,
        batch: Sequence[PairFeatures],
        vectors: Vectors | None,
        weights: Tensor,
        word_weights: Tensor,
        root: Tensor,
    ) -> Tensor:
        """(sentences, words, 1 + words) scores; no candidate is the word itself or padding."""
        longest = max(len(one.attention) for one in batch)
        attention = torch.zeros(len(batch), longest, longest + 1, len(weights))
        excluded = torch.eye(longest, longest + 1).roll(1, dims=1).bool().repeat(len(batch), 1, 1)
        static = torch.zeros(len(batch), longest + 1, word_weights.shape[1])
        for row, one in enumerate(batch):
            length = len(one.attention)
            attention[row, :length, : length + 1] = one.attention.float()
            excluded[row, :, length + 1 :] = True
            if vectors is not None:
                static[row, 1 : length + 1] = torch.from_numpy(vectors[one.index])
        scores = attention @ weights
        if word_weights.shape[1]:
            # w(i, j) is a sum of a term of i and a term of j, so no pair needs a vector of its own.
            dependents, heads = static[:, 1:] @ word_weights[0], static @ word_weights[1]
            scores = scores + torch.einsum("sjik,sjk->sji", attention, dependents)
            scores = scores + torch.einsum("sjik,sik->sji", attention, heads)
        bias = torch.zeros(longest + 1).index_put((torch.tensor([0]),), root)
        return (scores + bias).masked_fill(excluded, -1e9)


def heads_of(log_probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """The likeliest head of each word, (words,), -1 for the root.

    They need not form a tree; this is what Clark et al. (2019) score.

    Args:
        log_probabilities: (words, 1 + words), as `AttentionProbe.predict` returns them.
    """
    return log_probabilities.argmax(1) - 1


def _shuffled_batches(
    features: Sequence[PairFeatures], *, size: int, generator: np.random.Generator
) -> list[list[PairFeatures]]:
    """Every sentence once, in batches of mixed lengths (batches of one length would bias the steps), sorted inside."""
    order = generator.permutation(len(features))
    batches = [[features[place] for place in order[start : start + size]] for start in range(0, len(order), size)]
    return [sorted(batch, key=lambda one: len(one.attention)) for batch in batches]


def _padded_heads(heads: Sequence[Sequence[int]]) -> Tensor:
    """(sentences, words) index of the gold candidate: 0 for the root, 1 + head for a word, -1 at padding."""
    gold = torch.full((len(heads), max(map(len, heads))), -1)
    for row, found in enumerate(heads):
        gold[row, : len(found)] = torch.tensor(found) + 1
    return gold
