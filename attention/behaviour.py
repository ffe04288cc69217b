"""What each head looks at on the surface: special tokens, neighbours, punctuation, position (Clark et al. 2019, §3)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.attention.masks import between_words, sentences_of, word_mask
from treeprobe.extraction import AttentionBatch
from treeprobe.extraction.diagonals import diagonal_sums
from treeprobe.parsing import PunctuationRule, Sentence, punctuation_mask

Grid = NDArray[np.float64]


@dataclass(frozen=True)
class Behaviour:
    """Means over the words of a text, each (layers, heads); shares of a word's attention lie in [0, 1].

    A word that the tokenizer drops attends to nothing and is not counted.
    """

    entropy: Grid
    """Entropy of a word's attention over words and special tokens, nats."""
    first_special: Grid
    """Share to the special tokens before the sentence ([CLS])."""
    last_special: Grid
    """Share to the special tokens after the sentence ([SEP])."""
    punctuation: Grid
    """Share to punctuation."""
    same: Grid
    """Share to the word itself."""
    previous: Grid
    """Share to the word before."""
    next: Grid
    """Share to the word after."""
    offset: Grid
    """Mean of key minus query over attention between words, in words: negative looks back."""
    reach: Grid
    """Mean distance of key and query over attention between words, in words."""
    position_share: Grid
    """Share of the variance of attention between words that the relative position key - query alone explains:
    the correlation ratio η², variance between offsets over all variance, in [0, 1]. Where no word looks to its right
    (in a decoder), only pairs that the mask leaves are counted."""

    @property
    def kinds(self) -> NDArray[np.str_]:
        """(layers, heads) what takes at least half of a head's attention, or "other words" where nothing here does."""
        names = ["first_special", "last_special", "punctuation", "same", "previous", "next"]
        shares = np.stack([getattr(self, name) for name in names])
        labels = np.array([name.replace("_", " ") for name in names])
        return np.where(shares.max(axis=0) >= 0.5, labels[shares.argmax(axis=0)], "other words")

    @property
    def frame(self) -> pd.DataFrame:
        """One row a head: layer and head from 1, every quantity, and its kind."""
        layers, heads = self.entropy.shape
        columns = {field.name: getattr(self, field.name).ravel() for field in fields(self)}
        places = {"layer": np.repeat(np.arange(layers), heads) + 1, "head": np.tile(np.arange(heads), layers) + 1}
        return pd.DataFrame({**places, **columns, "kind": self.kinds.ravel()})


class BehaviourTally:
    """Sums over batches of attention between words, of a size that depends on the longest sentence only."""

    def __init__(self, *, punctuation: PunctuationRule = "xpos") -> None:
        self._rule: PunctuationRule = punctuation
        self._queries = 0
        self._sums: dict[str, Grid] = {}
        # By offset, from -(words - 1) to words - 1 of the longest sentence so far; grows at both ends.
        self._pairs = np.zeros(1)
        self._weight = np.zeros((1, 1, 1))

    def update(self, batch: AttentionBatch, sentences: Sequence[Sentence], words: Tensor | None = None) -> None:
        """Add a batch; `words` is its `between_words` when that is at hand."""
        words = between_words(batch) if words is None else words
        mask = word_mask(batch)
        # Attention of a word without subwords is zero in every layer and head, so one of them tells.
        whole = batch.attention[:, :, :, batch.leading : batch.leading + mask.shape[1]]
        reads = mask & (whole[0, :, 0].sum(-1) > 0)
        self._queries += int(reads.sum())
        rows = reads.to(whole.dtype)
        self._add("entropy", torch.einsum("lshq,sq->lh", torch.special.entr(whole).sum(-1), rows))
        columns = torch.einsum("lshqk,sq->lshk", whole, rows)
        self._add("first_special", columns[..., : batch.leading].sum((1, 3)))
        after = _trailing_places(batch)
        self._add("last_special", columns.gather(3, _spread(after, columns)).sum((1, 3)))
        marks = _punctuation(sentences_of(batch, sentences), self._rule, mask.shape[1])
        keys = columns[..., batch.leading : batch.leading + mask.shape[1]]
        self._add("punctuation", torch.einsum("lshk,sk->lh", keys, marks.to(keys.dtype)))
        self._add("squares", torch.einsum("lshqk,lshqk->lh", words, words))
        self._add_offsets(words.sum(1), reads, mask)

    def result(self) -> Behaviour:
        """The means so far. Raises ValueError when no word was counted."""
        if not self._queries:
            raise ValueError("no attention was counted: the text has no sentence with a word that the model reads")
        means = {name: total / self._queries for name, total in self._sums.items()}
        squares = means.pop("squares") * self._queries
        offsets = np.arange(len(self._pairs)) - len(self._pairs) // 2
        weight = self._weight
        total = weight.sum(-1)
        # Where a mask alone keeps attention at zero, the offset would seem to explain it.
        causal = not weight[..., offsets > 0].any()
        pairs = np.where(offsets > 0, 0.0, self._pairs) if causal else self._pairs
        at = {offset: weight[..., offsets == offset].sum(-1) / self._queries for offset in (-1, 0, 1)}
        with np.errstate(invalid="ignore", divide="ignore"):
            return Behaviour(
                **means,
                same=at[0],
                previous=at[-1],
                next=at[1],
                offset=weight @ offsets / total,
                reach=weight @ np.abs(offsets) / total,
                position_share=correlation_ratio(weight, pairs, squares),
            )

    def _add(self, name: str, values: Tensor) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + values.double().numpy()

    def _add_offsets(self, summed: Tensor, reads: Tensor, mask: Tensor) -> None:
        """Add attention summed over sentences, (layers, heads, words, words), and count the pairs, by offset."""
        words = summed.shape[-1]
        weight = diagonal_sums(summed.double()).numpy()
        pairs = diagonal_sums(reads.double().T @ mask.double()).numpy()
        margin = (len(self._pairs) - len(pairs)) // 2
        if margin < 0:
            self._pairs = np.pad(self._pairs, -margin)
            self._weight = np.pad(self._weight, ((0, 0), (0, 0), (-margin, -margin)))
            margin = 0
        middle = slice(margin, margin + 2 * words - 1)
        if self._weight.shape[:2] != weight.shape[:2]:
            self._weight = np.zeros((*weight.shape[:2], len(self._pairs)))
        self._pairs[middle] += pairs
        self._weight[..., middle] += weight


def correlation_ratio(sums: Grid, counts: NDArray[np.float64], squares: Grid) -> Grid:
    """η², the share of variance that lies between groups, from sums and counts by group and the sum of squares.

    `sums` are (..., groups), `counts` (groups,), `squares` (...,). Where nothing varies it is nan (Fisher 1925, §45).
    """
    filled = counts > 0
    common = sums.sum(-1) ** 2 / counts.sum()
    between = (sums[..., filled] ** 2 / counts[filled]).sum(-1) - common
    within_and_between = squares - common
    # Below float32's rounding of the summed squares there is no variance to share out.
    varies = within_and_between > 1e-6 * squares
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(varies, np.clip(between / within_and_between, 0.0, 1.0), np.nan)


def _trailing_places(batch: AttentionBatch) -> Tensor:
    """(sentences, trailing) positions of the special tokens after each sentence."""
    ends = torch.from_numpy(np.asarray(batch.lengths, dtype=np.int64)) + batch.leading
    return ends[:, None] + torch.arange(batch.trailing)


def _spread(places: Tensor, columns: Tensor) -> Tensor:
    """(sentences, places) positions as an index into (layers, sentences, heads, positions)."""
    layers, sentences, heads, _ = columns.shape
    return places[None, :, None].expand(layers, sentences, heads, places.shape[1])


def _punctuation(sentences: Sequence[Sentence], rule: PunctuationRule, words: int) -> Tensor:
    """(sentences, words) bool, false at padding."""
    marks = np.zeros((len(sentences), words), dtype=bool)
    for row, sentence in enumerate(sentences):
        marks[row, : len(sentence)] = punctuation_mask(sentence, rule)
    return torch.from_numpy(marks)
