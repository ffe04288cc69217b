"""A head and a relation for each word of a sentence: dependency trees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from treeprobe.extraction.alignment import Pooling
from treeprobe.parsing import Sentence
from treeprobe.parsing.decoding import arborescence, chain_from_left, decode, decode_bulk
from treeprobe.training.finetuning.biaffine import AutoModelForDependencyTrees
from treeprobe.training.finetuning.shape import NOT_TRAINED, Encoded, Scores, Shape, class_head
from treeprobe.training.finetuning.word_inputs import read_words

ROOT = "root"
"""The relation of the word without a head."""


@dataclass(frozen=True)
class ParsedTree:
    """A predicted tree: heads by word, 0-based with -1 at the root, and the relation of each word to its head."""

    heads: tuple[int, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True)
class DependencyTrees(Shape[Sentence, ParsedTree]):
    """Heads and relations by a deep biaffine parser (Dozat & Manning 2017), decoded to the best tree of one root.

    The tree is the maximum arborescence of the scores of arcs, and each word's relation the best one to its head; it is
    `root` at the root and nowhere else.

    Attributes:
        labels: the relations, in the order of the head's outputs, `root` among them.
        fallback: the relation of words that were not read, behind `max_subwords` or without a subword; they hang from
            the root.
        pooling: how subword states become a word's: `mean` or `first`, also `last`.
        arc_size, relation_size, dropout: widths of the vectors for arcs and relations, and the dropout of all; the
            paper's (its table 1), whose encoder was an LSTM of twice 400.
    """

    labels: tuple[str, ...]
    fallback: str
    pooling: Pooling = "mean"
    arc_size: int = 500
    relation_size: int = 100
    dropout: float = 0.33
    name = "dependency trees"

    @property
    def model_class(self) -> Any:
        """The biaffine head on the last hidden states."""
        return AutoModelForDependencyTrees

    @property
    def head(self) -> dict[str, Any]:
        """The relations, and the sizes of the head."""
        sizes = {"arc_size": self.arc_size, "relation_size": self.relation_size, "dropout": self.dropout}
        return {**class_head(self.labels), **{f"biaffine_{name}": value for name, value in sizes.items()}}

    def encode(
        self, examples: Sequence[Sentence], tokenizer: PreTrainedTokenizerBase, *, max_subwords: int
    ) -> list[Encoded]:
        """Words joined by spaces, as analyses of hidden states read them, and truncated; words that are read alone."""
        numbers = {label: number for number, label in enumerate(self.labels)}
        read = read_words(
            [example.words for example in examples], tokenizer, max_subwords=max_subwords, pooling=self.pooling
        )
        found = []
        for number, (example, one) in enumerate(zip(examples, read)):
            weights = one.weights
            kept = np.flatnonzero(weights.any(axis=1))
            places = np.full(one.words, NOT_TRAINED)
            places[kept] = np.arange(len(kept))
            heads = np.asarray(example.heads)[kept]
            inputs = {
                **one.inputs,
                "word_weights": weights[kept],
                "heads": np.where(heads < 0, 0, np.where(places[heads] < 0, NOT_TRAINED, places[heads] + 1)),
                "relations": np.array([numbers.get(example.relations[word], NOT_TRAINED) for word in kept.tolist()]),
            }
            found.append(Encoded(inputs, number, np.maximum(places, -1)))
        return found

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> "TreeCollator":
        """Inputs, words and answers padded to the longest."""
        return TreeCollator(tokenizer)

    def decode(
        self, examples: Sequence[Sentence], encoded: Sequence[Encoded], logits: Sequence[Scores]
    ) -> list[ParsedTree]:
        """The best tree of each sentence."""
        counts = [int((one.places >= 0).sum()) for one in encoded]
        scores = [arcs[:count, : count + 1] for count, (arcs, _) in zip(counts, logits)]
        trees = decode_bulk(
            [each[:, 1:].T for each in scores], decoder=arborescence, roots=[each[:, 0] for each in scores]
        )
        return [self._whole(one, heads, best) for one, heads, (_, best) in zip(encoded, trees, logits)]

    def _whole(self, one: Encoded, heads: NDArray[np.int64], best: NDArray[np.float32]) -> ParsedTree:
        """The tree of all words, given the heads of those that were read; the others hang from the root."""
        read = np.flatnonzero(one.places >= 0)
        relations = np.full(len(one.places), self.fallback, dtype=object)
        if not len(read):
            whole = decode(np.zeros((len(relations),) * 2), decoder=chain_from_left)
        else:
            whole = np.full(len(relations), read[heads.argmin()])
            whole[read] = np.where(heads < 0, -1, read[heads])
            chosen = best[np.arange(len(read)), heads + 1].astype(np.int64)
            relations[read] = np.array(self.labels, dtype=object)[chosen]
        relations[whole < 0] = ROOT
        return ParsedTree(tuple(whole.tolist()), tuple(relations.tolist()))


@dataclass(frozen=True)
class TreeCollator:
    """Makes batches of the inputs of several sentences: positions and words are padded to the most there are."""

    tokenizer: PreTrainedTokenizerBase

    def __call__(self, inputs: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """Arguments of a parser, with gold trees where the inputs have them."""
        own = ("word_weights", "heads", "relations")
        texts = [{name: value for name, value in one.items() if name not in own} for one in inputs]
        batch: dict[str, Tensor] = dict(self.tokenizer.pad(texts, return_tensors="pt"))
        counts = [len(one["word_weights"]) for one in inputs]
        words = max([1, *counts])
        weights = np.zeros((len(inputs), words, batch["input_ids"].shape[1]), dtype=np.float32)
        answers = {name: np.full((len(inputs), words), NOT_TRAINED) for name in own[1:] if name in inputs[0]}
        for row, (one, count) in enumerate(zip(inputs, counts)):
            weights[row, :count, : one["word_weights"].shape[1]] = one["word_weights"]
            for name, column in answers.items():
                column[row, :count] = one[name]
        batch["word_weights"] = torch.from_numpy(weights)
        batch["word_mask"] = torch.arange(words) < torch.tensor(counts)[:, None]
        return batch | {name: torch.from_numpy(column) for name, column in answers.items()}
