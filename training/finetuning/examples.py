"""What tasks are made of: a text or two with a label, a sentence with a label a word, a question with its answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TextExample:
    """A text, or a pair of texts, with one label for the whole.

    Attributes:
        first: the text, or the first of the pair.
        second: the second of the pair; None where there is one text.
        label: a class, a number where the task is a regression, or None where the label is not known (test sets).
        document: the document that it is from, for intervals; empty where unknown.
    """

    first: str
    second: str | None
    label: str | float | None
    document: str = ""


@dataclass(frozen=True)
class TokenExample:
    """A sentence as words, with a label for each; `document` as in `TextExample`."""

    words: tuple[str, ...]
    labels: tuple[str, ...]
    document: str = ""


@dataclass(frozen=True)
class Span:
    """A stretch of a text, and where its first character stands in it."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """One past the place of its last character."""
        return self.start + len(self.text)


@dataclass(frozen=True)
class SpanExample:
    """A question, the context that holds its answer, and the answers that count as right, the first to train on.

    `answers` is empty where none is known; `identifier` is the question's, and `document` as in `TextExample`.
    """

    question: str
    context: str
    answers: tuple[Span, ...]
    identifier: str = ""
    document: str = ""
