"""Metrics are those of their definitions, with intervals that hold them; baselines predict what they say."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.metrics import f1_score

from tests.training.finetuning.conftest import documents
from treeprobe.training.finetuning import (
    FinetuningError,
    SampleMetric,
    Span,
    SpanExample,
    Task,
    TextExample,
    TextNumbers,
    TokenExample,
    UnseenLabels,
    genre_task,
    predict_baselines,
    subject_span_task,
    upos_task,
)
from treeprobe.training.finetuning.metrics import ACCURACY, MATTHEWS, PEARSON, SPEARMAN, WORD_ACCURACY, f1_of
from treeprobe.training.finetuning.span_metrics import EXACT_MATCH, SPAN_EXACT, SPAN_F1, TEXT_F1, normalise_answer


def labelled(labels: Sequence[str | float]) -> list[TextExample]:
    """Examples with these labels."""
    return [TextExample("text", None, label) for label in labels]


def test_classes_are_measured_by_their_counts() -> None:
    # 3 true positives, 2 false positives, 1 false negative, 4 true negatives.
    gold, found = list("1111000000"), list("1110110000")
    examples = labelled(gold)
    assert ACCURACY.value(examples, found) == 0.7
    assert f1_of("1").value(examples, found) == pytest.approx(f1_score(gold, found, pos_label="1"))
    assert f1_of("1").value(examples, ["0"] * 10) == 0
    assert MATTHEWS.value(examples, found) == pytest.approx((3 * 4 - 2 * 1) / np.sqrt(5 * 4 * 6 * 5))
    assert MATTHEWS.value(examples, ["1"] * 10) == 0
    score = f1_of("1").score(examples, found)
    assert score.low < score.value < score.high
    assert (score.n, score.resampled) == (10, "sentences")


def test_numbers_are_measured_by_correlation() -> None:
    generator = np.random.default_rng(0)
    gold = generator.normal(size=50)
    found = gold + generator.normal(size=50)
    examples = labelled(gold.tolist())
    assert PEARSON.value(examples, found.tolist()) == pytest.approx(np.corrcoef(gold, found)[0, 1])
    expected = np.corrcoef(rankdata(gold), rankdata(found))[0, 1]
    assert SPEARMAN.value(examples, found.tolist()) == pytest.approx(expected)
    assert np.isnan(PEARSON.value(examples, [1.0] * 50)), "a constant has no correlation"


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(0)
    metric = SampleMetric("f1", lambda gold, found: 2 * np.sum(gold & found) / np.sum(gold.astype(int) + found))
    held = 0
    for _ in range(12):
        gold = generator.random(150) < 0.5
        found = gold ^ (generator.random(150) < 0.2)
        score = metric.score(labelled(gold.tolist()), found.tolist())
        held += score.low <= 0.8 <= score.high
    assert held >= 9


def test_words_are_counted_not_sentences() -> None:
    examples = [TokenExample(("a", "b", "c"), ("X", "Y", "X")), TokenExample(("a",), ("X",))]
    assert WORD_ACCURACY.value(examples, [("X", "X", "X"), ("X",)]) == 0.75


def test_answers_are_normalised_as_squad_does() -> None:
    assert normalise_answer("  The  Café's, an Old-One! ") == "cafés oldone"
    example = SpanExample("who ?", "in the big cat house", (Span("the big cat", 3), Span("big", 7)))
    assert EXACT_MATCH.value([example], [Span("Big cat.", 0)]) == 1
    assert TEXT_F1.value([example], [Span("cat house", 0)]) == pytest.approx(0.5)
    assert SPAN_EXACT.value([example], [Span("big cat", 7)]) == 0
    assert SPAN_F1.value([example], [Span("big cat", 7)]) == pytest.approx(2 * 2 / 5)
    assert TEXT_F1.value([example], [Span("", 0)]) == SPAN_F1.value([example], [Span("", 0)]) == 0


def test_baselines_know_words_and_no_more() -> None:
    splits = {"train": documents(20, seed=0), "dev": documents(6, seed=1)}
    task = upos_task(splits)
    found = predict_baselines(task)
    assert set(found["majority"]["dev"][0]) == {"DET"}, "as many as nouns, and first in the alphabet"
    assert WORD_ACCURACY.value(task.held_out["dev"], found["bag of words"]["dev"]) == 1
    spans = subject_span_task(splits)
    assert spans.train[0].answers[0].text == " ".join(splits["train"][0].words[:2])
    predicted = predict_baselines(spans)
    assert SPAN_EXACT.value(spans.held_out["dev"], predicted["majority"]["dev"]) == 1, "always before the verb"
    assert SPAN_EXACT.value(spans.held_out["dev"], predicted["bag of words"]["dev"]) == 1
    numbers = Task(
        "stsb", TextNumbers(), (PEARSON,),
        [TextExample("cat", word, score) for word, score in (("cat", 5.0), ("dog", 1.0))] * 10,
        {"dev": [TextExample("man", "man", 5.0), TextExample("man", "old", 0.0)]},
    )  # fmt: skip
    found = predict_baselines(numbers)
    assert found["majority"]["dev"] == [3.0, 3.0]
    first, second = found["bag of words"]["dev"]
    assert first > second, "what both texts share tells"


def test_labels_unseen_in_training_are_said_and_one_class_is_refused() -> None:
    splits = {"train": documents(4, seed=0), "dev": documents(2, seed=1)}
    only = [sentence for sentence in splits["train"] if "hello" not in sentence.words]
    with pytest.warns(UnseenLabels, match=r"4 of 48 labels in dev do not occur in training \(INTJ\)"):
        upos_task({**splits, "train": only})
    with pytest.raises(FinetuningError, match="all 2 training labels are 'weblog'; expected at least two classes"):
        genre_task({**splits, "train": only})
