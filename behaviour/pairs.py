"""Minimal pairs: two sentences that differ in one point, of which one is grammatical."""

from dataclasses import dataclass

from treeprobe.errors import TreeprobeError
from treeprobe.parsing import Sentence


class PairError(TreeprobeError, ValueError):
    """Two sentences that are no minimal pair, or pairs that cannot be read or made."""


@dataclass(frozen=True)
class MinimalPair:
    """A grammatical sentence and one that differs from it in the target alone.

    Attributes:
        good, bad: the words of the two sentences; `bad` is the ungrammatical one.
        construction: what kind of pair it is; accuracy is reported by it.
        source: where it comes from: a split, the grammar, a file.
        identifier: which one of them it is: a sentence's ID, a line.
        targets: the places of the words that differ, from 0; empty where the sentences have no word-by-word
            correspondence, so that only whole sentences can be compared.
        controller: the place of the word that decides which form is right, such as the subject's head; None where it
            is not known.
        attractors: nouns between controller and target that differ in number from both (Linzen et al. 2016, section
            2); None where they are not known.
        sentence: the good sentence with its gold tree, where it has one.

    Raises:
        PairError: the sentences are the same, or differ in more or less than the targets; a word is named.
    """

    good: tuple[str, ...]
    bad: tuple[str, ...]
    construction: str
    source: str
    identifier: str = ""
    targets: tuple[int, ...] = ()
    controller: int | None = None
    attractors: int | None = None
    sentence: Sentence | None = None

    def __post_init__(self) -> None:
        if not self.good or not self.bad:
            raise PairError(f"{self.place}: a sentence without words; expected two sentences")
        if self.good == self.bad:
            raise PairError(f"{self.place}: both sentences are {' '.join(self.good)!r}; expected two that differ")
        if self.targets:
            self._check_targets()
        if self.controller is not None and not 0 <= self.controller < len(self.good):
            raise PairError(f"{self.place}: the controller is word {self.controller + 1} of {len(self.good)}")
        if self.sentence is not None and self.sentence.words != self.good:
            raise PairError(f"{self.place}: the tree is of {self.sentence.text!r}, not of {' '.join(self.good)!r}")

    def _check_targets(self) -> None:
        if len(self.good) != len(self.bad):
            raise PairError(
                f"{self.place}: {len(self.good)} and {len(self.bad)} words; expected sentences that differ in the "
                f"target alone, {self._named(self.targets)}"
            )
        differ = tuple(place for place, pair in enumerate(zip(self.good, self.bad)) if pair[0] != pair[1])
        if differ != tuple(sorted(self.targets)):
            raise PairError(
                f"{self.place}: the sentences differ in {self._named(differ)}; expected a difference in the target "
                f"alone, {self._named(self.targets)}"
            )

    def _named(self, places: tuple[int, ...]) -> str:
        """Some words as an error names them, numbered from 1."""
        words = [f"word {place + 1} ({' '.join(self.good[place : place + 1])!r})" for place in places]
        return " and ".join(words)

    @property
    def place(self) -> str:
        """Where the pair comes from, as errors begin."""
        return ": ".join(part for part in (self.source, self.identifier) if part)

    @property
    def distance(self) -> int | None:
        """Words from the controller to the first target; 1 where they are neighbours."""
        if self.controller is None or not self.targets:
            return None
        return abs(min(self.targets) - self.controller)

    @classmethod
    def of_swap(
        cls,
        sentence: Sentence,
        place: int,
        form: str,
        *,
        construction: str,
        source: str,
        identifier: str = "",
        controller: int | None = None,
        attractors: int | None = None,
    ) -> "MinimalPair":
        """The pair of a sentence and the same sentence with another form of one word.

        `identifier` is the sentence's own unless another is given.
        """
        words = sentence.words
        return cls(
            words,
            (*words[:place], form, *words[place + 1 :]),
            construction,
            source,
            identifier or sentence.identifier,
            (place,),
            controller,
            attractors,
            sentence,
        )
