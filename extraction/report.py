"""Words and sentences whose alignment was not one to one: counted, listed, printed and saved."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.extraction.alignment import Alignment
from treeprobe.files import write_json, written_whole
from treeprobe.records import Fields

WordPlace = tuple[int, int, str]
"""Sentence (0-based), word in it (0-based), and the word itself."""


@dataclass(frozen=True)
class AlignmentReport:
    """How many words and subwords some sentences have, and every exception in their alignment."""

    sentences: int = 0
    words: int = 0
    subwords: int = 0
    dropped: tuple[WordPlace, ...] = ()
    """Words without a subword (empty, or removed by the tokenizer); their vectors are zero."""
    unknown: tuple[WordPlace, ...] = ()
    """Words with at least one subword that is the unknown token."""
    shared: tuple[WordPlace, ...] = ()
    """Words that share a subword with a neighbour, in unspaced text."""
    windowed: tuple[int, ...] = ()
    """Sentences longer than the model takes, read through overlapping windows."""
    skipped: tuple[int, ...] = ()
    """Sentences left out of streamed attention: longer than the model takes, or with a subword that is no word's, or
    without any subword."""

    @classmethod
    def of(
        cls,
        alignment: Alignment,
        words: Sequence[Sequence[str]],
        *,
        first_sentence: int = 0,
        windowed: Iterable[int] = (),
        skipped: Iterable[int] = (),
    ) -> "AlignmentReport":
        """The report of one alignment; its sentences are numbered from `first_sentence`."""

        def places(found: Iterable[int]) -> tuple[WordPlace, ...]:
            return tuple(_place(int(word), alignment, words, first_sentence) for word in found)

        return cls(
            len(words),
            alignment.words,
            len(alignment.ids),
            places(alignment.dropped),
            places(alignment.unknown),
            places(alignment.shared),
            tuple(int(i) + first_sentence for i in windowed),
            tuple(int(i) + first_sentence for i in skipped),
        )

    @classmethod
    def parse(cls, found: Fields) -> "AlignmentReport":
        """The report that `to_json` wrote. Raises the fields' error where they are not those of a report."""

        def places(kind: str) -> tuple[WordPlace, ...]:
            items = found.items(kind)
            if not all(map(_is_place, items)):
                found.refuse(kind, "a list of words, each as its sentence, its place and itself")
            return tuple((sentence, word, text) for sentence, word, text in items)

        return cls(
            found.integer("sentences"),
            found.integer("words"),
            found.integer("subwords"),
            places("dropped"),
            places("unknown"),
            places("shared"),
            found.integers("windowed"),
            found.integers("skipped"),
        )

    def part(self, sentences: range, *, words: int, subwords: int) -> "AlignmentReport":
        """The report of some neighbouring sentences, by their numbers, which have so many words and subwords."""

        def inside(found: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(one for one in found if (one if isinstance(one, int) else one[0]) in sentences)

        exceptions = (self.dropped, self.unknown, self.shared, self.windowed, self.skipped)
        return AlignmentReport(len(sentences), words, subwords, *map(inside, exceptions))

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return asdict(self)

    def __add__(self, other: "AlignmentReport") -> "AlignmentReport":
        """The report of both texts together."""
        if not isinstance(other, AlignmentReport):
            return NotImplemented
        mine, its = vars(self), vars(other)
        return AlignmentReport(**{name: mine[name] + its[name] for name in mine})

    @property
    def counts(self) -> dict[str, int]:
        """How many sentences, words and subwords there are, and exceptions of each kind."""
        return {name: value if isinstance(value, int) else len(value) for name, value in vars(self).items()}

    @property
    def clean(self) -> bool:
        """Whether every word has a vector from subwords of its own, known to the tokenizer, in one window."""
        return not (self.dropped or self.unknown or self.shared or self.windowed or self.skipped)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per exception: kind, sentence, word (both 0-based; word is missing for whole sentences), text."""
        rows: list[tuple[str, int, int | None, str]] = []
        for kind in ("dropped", "unknown", "shared"):
            rows += [(kind, sentence, word, text) for sentence, word, text in getattr(self, kind)]
        for kind in ("windowed", "skipped"):
            rows += [(kind, sentence, None, "") for sentence in getattr(self, kind)]
        frame = pd.DataFrame(rows, columns=["kind", "sentence", "word", "text"])
        return frame.astype({"sentence": "int64", "word": "Int64"})

    def save(self, path: str | Path) -> None:
        """Write the counts and lists as JSON (a name ending in .json), or the exceptions alone as CSV."""
        path = Path(path)
        if path.suffix == ".json":
            write_json(path, self.to_json())
        else:
            with written_whole(path) as draft:
                self.frame.to_csv(draft, index=False)

    def __str__(self) -> str:
        counts = f"{self.sentences} sentences, {self.words} words, {self.subwords} subwords"
        lines = [
            counts,
            _line("words dropped by the tokenizer (zero vectors)", self.dropped),
            _line("words with an unknown subword", self.unknown),
            _line("words sharing a subword with a neighbour", self.shared),
            _line("sentences read through overlapping windows", self.windowed),
            _line("sentences left out (too long, or with subwords of no word)", self.skipped),
        ]
        return "\n".join(line for line in lines if line)


def _is_place(item: Any) -> bool:
    return isinstance(item, list) and [type(part) for part in item] == [int, int, str] and min(item[:2]) >= 0


def _place(word: int, alignment: Alignment, words: Sequence[Sequence[str]], first_sentence: int) -> WordPlace:
    sentence = int(alignment.word_bounds.searchsorted(word, "right")) - 1
    within = word - int(alignment.word_bounds[sentence])
    return sentence + first_sentence, within, words[sentence][within]


def _line(what: str, found: Sequence[WordPlace] | Sequence[int], shown: int = 8) -> str:
    if not found:
        return ""
    # Numbered from 1, as people and CoNLL-U files do.
    texts = [
        f"{place + 1}" if isinstance(place, int) else f"{place[0] + 1}:{place[1] + 1} {place[2]!r}"
        for place in found[:shown]
    ]
    more = f", and {len(found) - shown} more" if len(found) > shown else ""
    return f"{len(found)} {what}: {', '.join(texts)}{more}"
