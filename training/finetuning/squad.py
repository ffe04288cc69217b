"""SQuAD v1.1 (Rajpurkar et al. 2016) from the JSON files that its authors publish."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from treeprobe.digests import file_digest
from treeprobe.training.finetuning.examples import Span, SpanExample
from treeprobe.training.finetuning.options import TaskFileError
from treeprobe.training.finetuning.span_metrics import EXACT_MATCH, TEXT_F1
from treeprobe.training.finetuning.spans import ContextSpans
from treeprobe.training.finetuning.task import AnyTask, Task

_FILES = {"train": "train-v1.1.json", "dev": "dev-v1.1.json"}


def squad_task(folder: str | Path) -> AnyTask:
    """Questions about passages of Wikipedia, each answered by a span of its passage.

    Intervals resample articles.

    Args:
        folder: of `train-v1.1.json` and `dev-v1.1.json`.

    Raises:
        TaskFileError: a file is missing or not in this format; the message names the file and the place in it.
    """
    paths = {split: Path(folder) / name for split, name in _FILES.items()}
    examples = {split: read_squad(path) for split, path in paths.items()}
    sources = {path.name: file_digest(path) for path in paths.values()}
    held_out = {"dev": examples["dev"]}
    return Task("squad", ContextSpans(), (TEXT_F1, EXACT_MATCH), examples["train"], held_out, sources=sources)


def read_squad(path: Path) -> list[SpanExample]:
    """The questions of a file of SQuAD v1.1, in order. Raises TaskFileError as `squad_task` does."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TaskFileError(f"{path}: cannot be read as JSON: {error}") from error
    found = list(_questions(_Part(path, "the file", content)))
    if not found:
        raise TaskFileError(f"{path}: holds no questions; expected data[…].paragraphs[…].qas[…]")
    return found


class _Part:
    """A JSON object somewhere in a file, whose fields are what they are expected to be or refused."""

    def __init__(self, path: Path, place: str, content: Any) -> None:
        self._path, self._place, self._content = path, place, content
        if not isinstance(content, Mapping):
            raise TaskFileError(f"{path}: {place} is {type(content).__name__}; expected an object")

    def field(self, name: str, kind: type[Any]) -> Any:
        """A field of that kind."""
        if name not in self._content or not isinstance(self._content[name], kind):
            raise self.error(f"has the fields {', '.join(self._content) or 'none'}; expected {name} ({kind.__name__})")
        return self._content[name]

    def parts(self, name: str) -> "list[_Part]":
        """A field that lists objects."""
        prefix = "" if self._place == "the file" else f"{self._place}."
        return [_Part(self._path, f"{prefix}{name}[{i}]", one) for i, one in enumerate(self.field(name, list))]

    def error(self, problem: str) -> TaskFileError:
        """An error about this object."""
        return TaskFileError(f"{self._path}: {self._place} {problem}")


def _questions(file: _Part) -> Iterator[SpanExample]:
    for article in file.parts("data"):
        title = article.field("title", str)
        for paragraph in article.parts("paragraphs"):
            context = paragraph.field("context", str)
            for question in paragraph.parts("qas"):
                answers = tuple(_answer(part, context) for part in question.parts("answers"))
                if not answers:
                    raise question.error("has no answers; expected one at least (SQuAD v2 has questions without)")
                text, identifier = question.field("question", str).strip(), question.field("id", str)
                yield SpanExample(text, context, answers, identifier, title)


def _answer(part: _Part, context: str) -> Span:
    """An answer, which must stand in the context where it says."""
    span = Span(part.field("text", str), part.field("answer_start", int))
    if not span.text or context[span.start : span.end] != span.text:
        there = context[span.start : span.end]
        raise part.error(f"is {span.text!r} at character {span.start}; the context has {there!r} there")
    return span
