"""Tasks about whole sentences: which sentence has which label in each split, and the text whose states are read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Sentence, Treebank
from treeprobe.parsing.treebanks import SentenceLabel, Split, sentence_labels, shift_bigram

SHIFT = "bigram_shift"
"""The task that asks whether two neighbouring words were exchanged, as in half of the sentences; the others are named
as their labels are (`parsing.treebanks.SentenceLabel`)."""

LENGTH_BINS = 6
MOST_CONSTITUENTS = 20
"""Classes of these tasks, as in Conneau et al. (2018): lengths in bins of about as many sentences, and the most
frequent sequences of constituents, the last class being all others."""
LEAST = 10
"""Training sentences that a class has at least; a task without two such classes is left out."""
_TAIL = 0.05
_SHIFT_SEED = 0
OTHER = "other"


@dataclass(frozen=True)
class LabelledSplit:
    """The sentences of a split that have a label, by number, the rows of the text they are read from, and labels."""

    sentences: NDArray[np.int64]
    rows: NDArray[np.int64]
    labels: NDArray[np.str_]


@dataclass(frozen=True)
class Task:
    """A task: its labelled sentences in each split, and how many classes the training sentences have."""

    name: str
    splits: Mapping[Split, LabelledSplit]
    classes: int


@dataclass(frozen=True)
class Texts:
    """What is read of each split: its sentences, and behind them those with two words exchanged.

    `shifted` has for each sentence the row of its exchanged version, or its own row where it stays as it is.
    """

    banks: Mapping[Split, Treebank]
    shifted: Mapping[Split, NDArray[np.int64]]

    @classmethod
    def of(cls, splits: Mapping[Split, Treebank]) -> "Texts":
        """Exchange two words in half of the sentences of each split, chosen by a fixed seed."""
        banks: dict[Split, Treebank] = {}
        rows: dict[Split, NDArray[np.int64]] = {}
        for split, bank in splits.items():
            generator = np.random.default_rng(_SHIFT_SEED)
            chosen = generator.permutation(len(bank))[: len(bank) // 2]
            changed: list[Sentence] = []
            found = np.arange(len(bank))
            for number in np.sort(chosen).tolist():
                words = tuple(shift_bigram(bank[number], generator))
                if words != bank[number].words:
                    found[number] = len(bank) + len(changed)
                    changed.append(_with_words(bank[number], words))
            banks[split] = Treebank([*bank, *changed], name=bank.name, path=bank.path)
            rows[split] = found
        return cls(banks, rows)


def sentence_tasks(splits: Mapping[Split, Treebank], texts: Texts, names: Sequence[str]) -> list[Task]:
    """The tasks of these names that the splits have enough sentences for; classes are those of the training split."""
    found = (_task(name, splits, texts) for name in names)
    return [task for task in found if task is not None]


def _with_words(sentence: Sentence, words: tuple[str, ...]) -> Sentence:
    """The sentence with other words at the same places."""
    return replace(sentence, words=words, multiword=())


def _task(name: str, splits: Mapping[Split, Treebank], texts: Texts) -> Task | None:
    """One task; None where fewer than two classes have `LEAST` training sentences, or a split has none of them."""
    labels = {split: _labels(name, bank, texts.shifted[split]) for split, bank in splits.items()}
    labels = _as_classes(name, labels)
    counts = Counter(label for label in labels["train"] if label is not None)
    classes = {label for label, count in counts.items() if count >= LEAST}
    labelled: dict[Split, LabelledSplit] = {}
    for split, own in labels.items():
        kept = np.array([place for place, label in enumerate(own) if label in classes], dtype=np.int64)
        rows = texts.shifted[split][kept] if name == SHIFT else kept
        labelled[split] = LabelledSplit(kept, rows, np.array([own[place] for place in kept], dtype=np.str_))
    if len(classes) < 2 or not all(len(one.rows) for one in labelled.values()):
        return None
    return Task(name, labelled, len(classes))


def _labels(name: str, bank: Treebank, shifted: NDArray[np.int64]) -> list[str | None]:
    if name != SHIFT:
        return sentence_labels(bank, cast(SentenceLabel, name))
    return ["shifted" if row != number else "intact" for number, row in enumerate(shifted.tolist())]


def _as_classes(name: str, labels: Mapping[Split, list[str | None]]) -> dict[Split, list[str | None]]:
    """Numbers as bins, and rare constituents as one class, by what the training sentences have."""
    if name not in ("length", "depth", "top_constituents"):
        return dict(labels)
    train = [label for label in labels["train"] if label is not None]
    if name == "top_constituents":
        frequent = {label for label, _ in Counter(train).most_common(MOST_CONSTITUENTS - 1)}
        return {split: [one if one in frequent else OTHER for one in own] for split, own in labels.items()}
    numbers = np.array(train, dtype=np.int64)
    if name == "length":
        edges = np.unique(np.quantile(numbers, np.linspace(0, 1, LENGTH_BINS + 1)[1:-1], method="lower"))
        return {
            split: [str(int(np.searchsorted(edges, int(one or 0)))) for one in own] for split, own in labels.items()
        }
    least, most = np.quantile(numbers, [_TAIL, 1 - _TAIL], method="nearest")
    return {split: [str(int(np.clip(int(one or 0), least, most))) for one in own] for split, own in labels.items()}
