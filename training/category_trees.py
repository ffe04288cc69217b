"""Trees as a function of the categories of a sentence's words."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from treeprobe.parsing import Sentence
from treeprobe.training.options import PretrainingError

Pattern = tuple[str, ...]


@dataclass(frozen=True)
class CategoryTrees:
    """The tree of every sequence of word categories that some sentences have.

    Attributes:
        categories: of each lower-cased word form: its universal tags, as AUX|VERB for `is`.
        heads: of each sequence of categories, the most frequent first; words from 0, the root's head is -1.
    """

    categories: Mapping[str, str]
    heads: Mapping[Pattern, tuple[int, ...]]

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> "CategoryTrees":
        """The categories and trees of some sentences.

        Raises:
            PretrainingError: two sentences of the same categories have different trees.
        """
        sentences = list(sentences)
        tags: dict[str, set[str]] = {}
        for sentence in sentences:
            for word, upos in zip(sentence.words, sentence.upos):
                tags.setdefault(word.lower(), set()).add(upos)
        categories = {word: "|".join(sorted(found)) for word, found in tags.items()}
        counts, heads = Counter[Pattern](), dict[Pattern, tuple[int, ...]]()
        for sentence in sentences:
            pattern = tuple(categories[word.lower()] for word in sentence.words)
            counts[pattern] += 1
            if heads.setdefault(pattern, sentence.heads) != sentence.heads:
                raise PretrainingError(
                    f"{sentence.text!r} has another tree than a sentence of the same categories, {' '.join(pattern)}; "
                    "expected one tree for each sequence of categories"
                )
        return cls(categories, {pattern: heads[pattern] for pattern, _ in counts.most_common()})

    @property
    def longest(self) -> int:
        """Words in the longest sequence."""
        return max(map(len, self.heads))

    def knows(self, sentence: Sentence) -> bool:
        """Whether a sentence has its own tree here."""
        pattern = tuple(self.categories.get(word.lower(), "") for word in sentence.words)
        return self.heads.get(pattern) == sentence.heads
