"""Tasks that a treebank's own annotation gives, one of each shape: no other data are needed."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from treeprobe.extraction.alignment import Pooling
from treeprobe.parsing import PunctuationRule, Sentence
from treeprobe.parsing.treebanks import check_relations, choose_punctuation, universal_relation
from treeprobe.training.examples import draw_pairs
from treeprobe.training.finetuning.examples import Span, SpanExample, TextExample, TokenExample
from treeprobe.training.finetuning.metrics import ACCURACY, WORD_ACCURACY, Metric
from treeprobe.training.finetuning.options import FinetuningError
from treeprobe.training.finetuning.shape import E, P, Shape
from treeprobe.training.finetuning.span_metrics import SPAN_EXACT, SPAN_F1
from treeprobe.training.finetuning.spans import ContextSpans
from treeprobe.training.finetuning.task import AnyTask, Task, seen_labels
from treeprobe.training.finetuning.texts import TextClasses
from treeprobe.training.finetuning.tokens import TokenClasses
from treeprobe.training.finetuning.tree_metrics import attachment_metrics
from treeprobe.training.finetuning.trees import ROOT, DependencyTrees

Splits = Mapping[str, Sequence[Sentence]]
"""The splits of a treebank: `train`, and at least one other to score on."""

FOLLOWS, RANDOM = "follows", "random"
"""The classes of `next_sentence`."""
PASSAGE = 5
"""Sentences of a passage at most."""


def upos_task(splits: Splits) -> AnyTask:
    """The universal part of speech of each word.

    Raises:
        FinetuningError: a split is empty, or all words to train on have one tag.
    """
    labels = {name: [tag for sentence in split for tag in sentence.upos] for name, split in splits.items()}
    seen = seen_labels("upos", labels)
    shape = TokenClasses(seen, fallback=Counter(labels["train"]).most_common(1)[0][0])
    examples = {
        name: [TokenExample(sentence.words, sentence.upos, sentence.document) for sentence in split]
        for name, split in splits.items()
    }
    return _task("upos", shape, (WORD_ACCURACY,), examples)


def dependency_task(splits: Splits, *, pooling: Pooling = "mean", punctuation: PunctuationRule = "auto") -> AnyTask:
    """The dependency tree of each sentence, by a deep biaffine parser (Dozat & Manning 2017); LAS and UAS.

    Args:
        pooling: how subword states become a word's, `mean` or `first`.
        punctuation: which words LAS and UAS leave out; `auto` looks at the tags of `dev`, or of the first split there
            is to score on.

    Raises:
        TreebankError: a split has no relations, or no sentence.
    """
    for name, split in splits.items():
        check_relations(split, name)
    labels = {name: [label for sentence in split for label in sentence.relations] for name, split in splits.items()}
    # LAS does not compare subtypes, so that those which training has not seen cost nothing.
    seen_labels("dependencies", {name: [*map(universal_relation, found)] for name, found in labels.items()})
    fallback = Counter(label for label in labels["train"] if label != ROOT).most_common(1)[0][0]
    scored = splits.get("dev") or next(split for name, split in splits.items() if name != "train")
    metrics = attachment_metrics(choose_punctuation(scored, punctuation).rule)
    return _task(
        "dependencies", DependencyTrees(tuple(sorted(set(labels["train"]))), fallback, pooling), metrics, splits
    )


def genre_task(splits: Splits) -> AnyTask:
    """The genre of a passage of up to five sentences of one document (`genre_of`).

    Raises:
        FinetuningError: a sentence's genre is unknown, or there is only one in training.
    """
    examples = {name: list(_passages(name, split)) for name, split in splits.items()}
    seen = seen_labels("genre", {name: [str(one.label) for one in found] for name, found in examples.items()})
    return _task("genre", TextClasses(seen), (ACCURACY,), examples)


def genre_of(sentence: Sentence) -> str:
    """A sentence's genre: its comment `genre` or `meta::genre`, or what its document's ID says before the first hyphen.

    The latter is how English EWT names its documents: `weblog-…`, `email-…`. Empty where there is neither.
    """
    for key in ("genre", "meta::genre"):
        if key in sentence.metadata:
            return sentence.metadata[key]
    prefix, hyphen, _ = sentence.document.partition("-")
    return prefix if hyphen else ""


def next_sentence_task(splits: Splits, *, seed: int = 0) -> AnyTask:
    """Whether the second of two sentences follows the first in its document, or is of another document, half each.

    What models are pre-trained on (Devlin et al. 2019, section 3.1, task 2), in documents that training has not seen.

    Args:
        seed: of the pairs.

    Raises:
        FinetuningError: a split has no document of two sentences, or a document is in two splits.
    """
    _check_apart(splits)
    generator = np.random.default_rng(seed)
    examples = {}
    for name, split in splits.items():
        documents = [list(group) for _, group in groupby(split, key=lambda sentence: sentence.document)]
        if max(map(len, documents), default=0) < 2:
            raise FinetuningError(
                f"task next_sentence: {name} has {len(documents)} documents, none of them with two sentences, which "
                "make a pair"
            )
        pairs = draw_pairs([[sentence.text for sentence in document] for document in documents], generator)
        owners = [document[0].document for document in documents for _ in document[1:]]
        examples[name] = [
            TextExample(pair.first, pair.second, RANDOM if pair.random else FOLLOWS, owner)
            for pair, owner in zip(pairs, owners)
        ]
    seen = seen_labels("next_sentence", {name: [str(one.label) for one in found] for name, found in examples.items()})
    return _task("next_sentence", TextClasses(seen), (ACCURACY,), examples)


def subject_span_task(splits: Splits) -> AnyTask:
    """The words of a verb's subject: which words of the sentence are the subject of the verb that is asked for.

    The question is the verb, a form that occurs once in the sentence; the answer is its `nsubj` with all that hangs
    from it. Discontinuous subjects are left out.

    Raises:
        FinetuningError: a split has no verb with a subject.
    """
    examples = {name: [one for sentence in split for one in _subjects(sentence)] for name, split in splits.items()}
    for name, found in examples.items():
        if not found:
            raise FinetuningError(
                f"task subject_span: {name} has {len(splits[name])} sentences, none with a VERB that has an nsubj"
            )
    return _task("subject_span", ContextSpans(), (SPAN_EXACT, SPAN_F1), examples)


def _subjects(sentence: Sentence) -> Iterator[SpanExample]:
    """The subject of each verb of a sentence, as a span of its words joined by spaces."""
    starts = np.cumsum([0, *(len(word) + 1 for word in sentence.words)])
    context = " ".join(sentence.words)
    for subject, (head, relation) in enumerate(zip(sentence.heads, sentence.relations)):
        if relation.partition(":")[0] != "nsubj" or sentence.upos[head] != "VERB":
            continue
        verb = sentence.words[head]
        words = _subtree(sentence.heads, subject)
        if sentence.words.count(verb) > 1 or words[-1] - words[0] + 1 != len(words):
            continue
        start, end = int(starts[words[0]]), int(starts[words[-1]]) + len(sentence.words[words[-1]])
        yield SpanExample(
            verb, context, (Span(context[start:end], start),), f"{sentence.identifier}#{head + 1}", sentence.document
        )


def _subtree(heads: Sequence[int], top: int) -> list[int]:
    """A word and all that hangs from it, in order."""
    below, found = {top}, -1
    while found != len(below):
        found = len(below)
        below |= {word for word, head in enumerate(heads) if head in below}
    return sorted(below)


def _passages(name: str, sentences: Sequence[Sentence]) -> Iterator[TextExample]:
    """The passages of each document, with their genre."""
    for document, group in groupby(sentences, key=lambda sentence: sentence.document):
        whole = list(group)
        genre = next(filter(None, map(genre_of, whole)), "")
        if not genre:
            raise FinetuningError(
                f"task genre: {name}, document {document!r}: its genre is unknown; expected a comment `# genre = …`, "
                "or a document ID that begins with it, such as weblog-…"
            )
        for start in range(0, len(whole), PASSAGE):
            text = " ".join(sentence.text for sentence in whole[start : start + PASSAGE])
            yield TextExample(text, None, genre, document)


def _check_apart(splits: Splits) -> None:
    """Refuse splits that share a document."""
    owner: dict[str, str] = {}
    for name, split in splits.items():
        for document in {sentence.document for sentence in split} - {""}:
            if document.startswith("document "):
                continue  # without an ID, numbered in each file by itself
            if owner.setdefault(document, name) != name:
                raise FinetuningError(
                    f"task next_sentence: document {document} is in {owner[document]} and in {name}; expected "
                    "documents that training has not seen"
                )


def _task(
    name: str, shape: Shape[E, P], metrics: tuple[Metric[E, P], ...], examples: Mapping[str, Sequence[E]]
) -> Task[E, P]:
    """A task of examples by split."""
    held_out = {split: found for split, found in examples.items() if split != "train"}
    return Task(name, shape, metrics, examples["train"], held_out)


TREEBANK_TASKS: Mapping[str, Callable[[Splits], AnyTask]] = {
    "upos": upos_task,
    "dependencies": dependency_task,
    "genre": genre_task,
    "next_sentence": next_sentence_task,
    "subject_span": subject_span_task,
}
"""The tasks of a treebank by what commands call them."""
