"""What each head attends to on the surface: special tokens, punctuation, neighbours (Clark et al. 2019, section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.attention.masks import between_words, sentences_of, word_mask
from treeprobe.devices import moved
from treeprobe.extraction import AttentionBatch
from treeprobe.extraction.diagonals import OffsetSums
from treeprobe.extraction.entropy import entropies
from treeprobe.extraction.heads import head_table
from treeprobe.parsing import PunctuationRule, Sentence, punctuation_mask

Grid = NDArray[np.float64]


@dataclass(frozen=True)
class Behaviour:
    """Means over the words of a text as queries, each (layers, heads); shares of attention lie in [0, 1].

    A word without subwords attends to nothing and is not counted.
    """

    entropy: Grid
    """Entropy of a word's attention over words and special tokens, in nats."""
    first_special: Grid
    """Share on the special tokens before the sentence ([CLS])."""
    last_special: Grid
    """Share on the special tokens after the sentence ([SEP])."""
    punctuation: Grid
    """Share on punctuation."""
    same: Grid
    """Share on the word itself."""
    previous: Grid
    """Share on the previous word."""
    next: Grid
    """Share on the next word."""
    offset: Grid
    """Mean of key minus query over attention between words, in words: negative looks back."""
    reach: Grid
    """Mean distance between key and query over attention between words, in words."""
    position_share: Grid
    """Share of the variance of attention between words that the relative position key - query alone explains: the
    correlation ratio η², variance between offsets over total variance, in [0, 1]. Where no word attends to its right
    (in a decoder), only the pairs that the causal mask allows are counted."""

    @property
    def kinds(self) -> NDArray[np.str_]:
        """(layers, heads) what takes at least half of a head's attention, or "other words" where nothing here does."""
        names = ["first_special", "last_special", "punctuation", "same", "previous", "next"]
        shares = np.stack([getattr(self, name) for name in names])
        labels = np.array([name.replace("_", " ") for name in names])
        return np.where(shares.max(axis=0) >= 0.5, labels[shares.argmax(axis=0)], "other words")

    @property
    def frame(self) -> pd.DataFrame:
        """One row per head: layer and head from 1, every quantity, and its kind."""
        return head_table({**{field.name: getattr(self, field.name) for field in fields(self)}, "kind": self.kinds})


class BehaviourTally:
    """Sums over batches of attention between words, kept where the attention is until `result` asks for them.

    Memory depends on the longest sentence alone.
    """

    def __init__(self, *, punctuation: PunctuationRule) -> None:
        self._rule = punctuation
        self._sums: dict[str, Tensor] = {}
        self._pairs = OffsetSums()
        self._weight: OffsetSums | None = None

    def update(self, batch: AttentionBatch, sentences: Sequence[Sentence], between: Tensor | None = None) -> None:
        """Add a batch; `between` is its `between_words` where the caller has it already."""
        between = between_words(batch) if between is None else between
        mask = word_mask(batch)
        queries = batch.attention[:, :, :, batch.leading : batch.leading + mask.shape[1]]
        # The attention of a word without subwords is zero in every layer and head, so one of them shows it.
        counted = mask & (queries[0, :, 0].sum(-1) > 0)
        self._add("queries", counted.sum())
        rows = counted.to(queries.dtype)
        self._add("entropy", torch.einsum("lshq,sq->lh", entropies(queries), rows))
        keys = torch.einsum("lshqk,sq->lshk", queries, rows)
        self._add("first_special", keys[..., : batch.leading].sum((1, 3)))
        self._add("last_special", keys.gather(3, _trailing_positions(batch, keys)).sum((1, 3)))
        marks = moved(_punctuation(sentences_of(batch, sentences), self._rule, mask.shape[1]), keys.device)
        words = keys[..., batch.leading : batch.leading + mask.shape[1]]
        self._add("punctuation", torch.einsum("lshk,sk->lh", words, marks.to(words.dtype)))
        self._add("squares", torch.einsum("lshqk,lshqk->lh", between, between))
        if self._weight is None:
            self._weight = OffsetSums(between.shape[0], between.shape[2])
        self._weight.add(between.sum(1))
        self._pairs.add(counted.double().T @ mask.double())

    def result(self) -> Behaviour:
        """The means so far.

        Raises:
            ValueError: no word was counted.
        """
        sums = {name: total.cpu().numpy() for name, total in self._sums.items()}
        queries = int(sums.pop("queries", 0))
        if self._weight is None or not queries:
            raise ValueError("no attention was counted: the text has no sentence with a word that the model reads")
        squares = sums.pop("squares")
        means = {name: total / queries for name, total in sums.items()}
        weight, pairs = self._weight.values, self._pairs.values
        offsets = np.arange(-self._pairs.span, self._pairs.span + 1)
        total = weight.sum(-1)
        # Where a causal mask alone keeps attention at zero, the offset would seem to explain it.
        causal = not weight[..., offsets > 0].any()
        allowed = np.where(offsets > 0, 0.0, pairs) if causal else pairs
        at = {offset: weight[..., offsets == offset].sum(-1) / queries for offset in (-1, 0, 1)}
        with np.errstate(invalid="ignore", divide="ignore"):
            return Behaviour(
                **means,
                same=at[0],
                previous=at[-1],
                next=at[1],
                offset=weight @ offsets / total,
                reach=weight @ np.abs(offsets) / total,
                position_share=correlation_ratio(weight, allowed, squares),
            )

    def _add(self, name: str, values: Tensor) -> None:
        added = values.double()
        self._sums[name] = self._sums[name] + added if name in self._sums else added


def correlation_ratio(sums: Grid, counts: NDArray[np.float64], squares: Grid) -> Grid:
    """η², the share of variance that lies between groups (Fisher 1925, §45).

    Args:
        sums: (..., groups) sum of the values of each group.
        counts: (groups,) values in each group.
        squares: (...,) sum of all squared values.

    Returns:
        (...,) in [0, 1]; nan where nothing varies.
    """
    filled = counts > 0
    common = sums.sum(-1) ** 2 / counts.sum()
    between = (sums[..., filled] ** 2 / counts[filled]).sum(-1) - common
    total = squares - common
    # Below the rounding of squares summed in float32 there is no variance to explain.
    varies = total > 1e-6 * squares
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(varies, np.clip(between / total, 0.0, 1.0), np.nan)


def _trailing_positions(batch: AttentionBatch, keys: Tensor) -> Tensor:
    """Positions of the special tokens after each sentence, as an index into (layers, sentences, heads, positions)."""
    ends = np.asarray(batch.lengths, dtype=np.int64) + batch.leading
    positions = moved(torch.from_numpy(ends[:, None] + np.arange(batch.trailing)), keys.device)
    layers, sentences, heads, _ = keys.shape
    return positions[None, :, None].expand(layers, sentences, heads, batch.trailing)


def _punctuation(sentences: Sequence[Sentence], rule: PunctuationRule, words: int) -> Tensor:
    """(sentences, words) bool, false at padding."""
    marks = np.zeros((len(sentences), words), dtype=bool)
    for row, sentence in enumerate(sentences):
        marks[row, : len(sentence)] = punctuation_mask(sentence, rule)
    return torch.from_numpy(marks)
