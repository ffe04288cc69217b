"""How well predicted spans answer: as SQuAD counts, by normalised text, or by where they stand."""

import re
import string
from collections import Counter

from treeprobe.training.finetuning.examples import Span, SpanExample
from treeprobe.training.finetuning.metrics import CountedMean, MeanMetric

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise_answer(text: str) -> str:
    """An answer in lower case without ASCII punctuation, articles and superfluous spaces.

    The normalisation of SQuAD's own evaluation (Rajpurkar et al. 2016, section 6.1).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def text_f1(answer: str, found: str) -> float:
    """Harmonic mean of precision and recall over the words of two normalised answers, counted with repetition."""
    gold, words = normalise_answer(answer).split(), normalise_answer(found).split()
    shared = (Counter(gold) & Counter(words)).total()
    return 2 * shared / (len(gold) + len(words)) if shared else 0.0


def _exact_text(example: SpanExample, found: Span) -> tuple[float, float]:
    given = normalise_answer(found.text)
    return float(any(normalise_answer(answer.text) == given for answer in example.answers)), 1.0


def _best_text_f1(example: SpanExample, found: Span) -> tuple[float, float]:
    return max((text_f1(answer.text, found.text) for answer in example.answers), default=0.0), 1.0


def _exact_place(example: SpanExample, found: Span) -> tuple[float, float]:
    return float(any((found.start, found.end) == (answer.start, answer.end) for answer in example.answers)), 1.0


def _best_place_f1(example: SpanExample, found: Span) -> tuple[float, float]:
    return max((_overlap(example.context, answer, found) for answer in example.answers), default=0.0), 1.0


def _overlap(context: str, answer: Span, found: Span) -> float:
    """F1 over the words of the context that stand in each span."""
    words = [(match.start(), match.end()) for match in re.finditer(r"\S+", context)]
    gold, given = ({word for word in words if word[0] < span.end and word[1] > span.start} for span in (answer, found))
    return 2 * len(gold & given) / (len(gold) + len(given)) if gold and given else 0.0


EXACT_MATCH: MeanMetric[SpanExample, Span] = CountedMean("exact_match", _exact_text)
"""Share of the questions whose normalised answer is one of those that count as right (SQuAD)."""

TEXT_F1: MeanMetric[SpanExample, Span] = CountedMean("f1", _best_text_f1)
"""Mean over questions of F1 with the answer that is most alike, by normalised words (SQuAD)."""

SPAN_EXACT: MeanMetric[SpanExample, Span] = CountedMean("exact_match", _exact_place)
"""Share of the questions whose span is the right one, character by character of the context."""

SPAN_F1: MeanMetric[SpanExample, Span] = CountedMean("f1", _best_place_f1)
"""Mean over questions of F1 over the words of the context in the span and in the right one."""
