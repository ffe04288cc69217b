"""Attention scores of the first block decomposed into what content and what position contribute.

In BERT and its relatives the first block reads LayerNorm(word + position + segment). Centring is linear and the
standard deviation σ is one number per subword, so the input is exactly the sum of a content part, the word's centred
embedding times γ/σ, and a content-free part: the position's and the segment's likewise, plus β. Queries and keys are
linear in it (their biases belong to the content-free part), so each score is exactly the sum of content-content,
content-position (both ways) and position-position terms, those of Cordonnier et al. (2020), eq. 7. Deeper blocks read
states in which content and position are mixed, so that the decomposition is not defined for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from treeprobe.devices import moved
from treeprobe.errors import TreeprobeError
from treeprobe.extraction import Encoder

PARTS = ("content-content", "content-position", "position-position")

FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")


class LogitSplitError(TreeprobeError, ValueError):
    """A model whose first block's scores do not decompose into content and position."""


@dataclass(frozen=True)
class LogitSplit:
    """How much each part contributes to the scores of the first block's heads.

    A part's share is its covariance with the score over the keys of a query, divided by the score's variance, both
    summed over queries. Shares sum to 1; a part that works against the others has a negative one.
    """

    shares: NDArray[np.float64]
    """(heads, 3), in the order of `PARTS`."""
    variance: NDArray[np.float64]
    """(heads,) variance of a query's scores over its keys, averaged over queries."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per head and part: layer and head (from 1), part, share, variance."""
        rows = [
            {"layer": 1, "head": head + 1, "part": part, "share": share, "variance": self.variance[head]}
            for head, shares in enumerate(self.shares)
            for part, share in zip(PARTS, shares)
        ]
        return pd.DataFrame(rows)


def split_logits(encoder: Encoder, words: Sequence[Sequence[str]]) -> LogitSplit:
    """Decompose the first block's scores over the sentences of a text, special positions included.

    Args:
        encoder: the model.
        words: words of each sentence. One that is longer than the model takes is truncated.

    Raises:
        LogitSplitError: positions enter the model by rotation or bias, or its first block reads no normalised sum.
        ValueError: there are no sentences.
    """
    block = FirstBlock.of(encoder)
    covariances = torch.zeros(encoder.heads, 3, dtype=torch.float64, device=encoder.device)
    variances, queries = covariances.new_zeros(encoder.heads), 0
    for sentence in words:
        ids = encoder.tokenizer(" ".join(sentence), truncation=True, max_length=encoder.max_subwords)["input_ids"]
        parts = block.parts(moved(torch.tensor(ids), encoder.device)).double()
        parts = parts - parts.mean(-1, keepdim=True)
        whole = parts.sum(0)
        covariances += (parts * whole).mean(-1).sum(-1).T
        variances += (whole**2).mean(-1).sum(-1)
        queries += len(ids)
    if not queries:
        raise ValueError("no sentences to decompose scores over; expected at least one")
    return LogitSplit((covariances / variances[:, None]).cpu().numpy(), (variances / queries).cpu().numpy())


@dataclass(frozen=True)
class FirstBlock:
    """The weights that lead from token ids to the first block's attention scores."""

    words: nn.Embedding
    positions: nn.Embedding
    segments: nn.Embedding | None
    norm: nn.LayerNorm
    query: nn.Linear
    key: nn.Linear
    heads: int
    first_position: int
    """Index of the first position's embedding: RoBERTa reserves rows before it."""

    @classmethod
    def of(cls, encoder: Encoder) -> "FirstBlock":
        """The weights of a checkpoint.

        Raises:
            LogitSplitError: the decomposition is not defined for it.
        """
        model: Any = encoder.model
        family = str(model.config.model_type)
        supported = f"scores decompose exactly in the first block of {', '.join(FAMILIES)}"
        if family not in FAMILIES:
            raise LogitSplitError(
                f"{supported}; in {family} positions enter by rotation, by bias or otherwise than as a normalised sum"
            )
        if hasattr(model, "embeddings_project"):
            raise LogitSplitError(f"{supported}; this {family} projects its embeddings first")
        if getattr(model.config, "position_embedding_type", None) not in (None, "absolute"):
            raise LogitSplitError(f"{supported}, with absolute position embeddings; this {family} has relative ones")
        embeddings = model.embeddings
        if family == "distilbert":
            attention = model.transformer.layer[0].attention
            query, key = attention.q_lin, attention.k_lin
        else:
            attention = model.encoder.layer[0].attention.self
            query, key = attention.query, attention.key
        reserved = embeddings.position_embeddings.padding_idx
        return cls(
            embeddings.word_embeddings,
            embeddings.position_embeddings,
            getattr(embeddings, "token_type_embeddings", None),
            embeddings.LayerNorm,
            query,
            key,
            encoder.heads,
            0 if reserved is None else reserved + 1,
        )

    @torch.inference_mode()
    def parts(self, ids: Tensor) -> Tensor:
        """The parts of every score of one sentence.

        Args:
            ids: (subwords,) token ids.

        Returns:
            (3, heads, subwords, subwords), in the order of `PARTS`; rows are queries.
        """
        content, position = self._inputs(ids)
        dim = self.query.out_features // self.heads
        query = [self._per_head(self.query, content, bias=False), self._per_head(self.query, position, bias=True)]
        key = [self._per_head(self.key, content, bias=False), self._per_head(self.key, position, bias=True)]
        score = [[q @ k.transpose(-1, -2) * dim**-0.5 for k in key] for q in query]
        return torch.stack([score[0][0], score[0][1] + score[1][0], score[1][1]])

    def _inputs(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """The content part and the content-free part of the first block's input, (subwords, dim) each."""
        words = self.words(ids)
        places = self.positions(torch.arange(len(ids), device=ids.device) + self.first_position)
        if self.segments is not None:
            places = places + self.segments.weight[0]
        whole = words + places
        deviation = (whole.var(-1, unbiased=False, keepdim=True) + self.norm.eps).sqrt()

        def scaled(part: Tensor) -> Tensor:
            """The contribution of a part to the normalised sum, without β."""
            return (part - part.mean(-1, keepdim=True)) / deviation * self.norm.weight

        return scaled(words), scaled(places) + self.norm.bias

    def _per_head(self, linear: nn.Linear, part: Tensor, *, bias: bool) -> Tensor:
        """(heads, subwords, head_dim) queries or keys of a part of the input."""
        projected = nn.functional.linear(part, linear.weight, linear.bias if bias else None)
        return projected.unflatten(-1, (self.heads, -1)).transpose(0, 1)
