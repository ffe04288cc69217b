"""Scores broken down by relation, arc length, sentence length, part of speech or projectivity.

A table has one row for each gold edge, with its properties and whether it was predicted; `break_down` scores the edges
of each category of one property. `split_tally` does so for scores of whole sentences.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.parsing.scores.attachment import right_relations
from treeprobe.parsing.scores.checks import check_predicted_heads
from treeprobe.parsing.scores.intervals import RESAMPLES, Score, Tally, micro, score_all
from treeprobe.parsing.scores.scorer import Scorer
from treeprobe.parsing.treebanks.documents import document_numbers
from treeprobe.parsing.treebanks.punctuation import PunctuationRule, punctuation_masks
from treeprobe.parsing.treebanks.treebank import Sentence
from treeprobe.parsing.trees.heads import Heads, projective_arcs

Category = Literal["relation", "arc_length", "sentence_length", "head_upos", "dependent_upos", "projective"]

# Lengths are binned; each number is the smallest of a bin.
LENGTH_CLASSES: Mapping[str, Sequence[int]] = MappingProxyType(
    {"arc_length": (1, 2, 3, 4, 6, 11), "sentence_length": (1, 6, 11, 21, 31, 51)}
)

_SCORE_COLUMNS = tuple(field.name for field in fields(Score))

# Stands for the relation of an edge that exists only in the tree without punctuation.
BRIDGE = "(bridge)"


def edge_table(
    gold: Sequence[Sentence], distances: Sequence[NDArray[Any]], *, punctuation: PunctuationRule = "auto"
) -> pd.DataFrame:
    """Table of the gold edges that UUAS counts, each `correct` if the tree of the predicted distances has it.

    Args:
        gold: The gold sentences.
        distances: Predicted distances of each sentence, (words, words).
        punctuation: Which words are left out of both trees because they are punctuation.

    Returns:
        One row for each edge with columns sentence, document, head, dependent (all counted from 0), relation,
        arc_length, sentence_length, head_upos, dependent_upos, projective, correct. The mean of `correct` is UUAS. An
        edge that replaces a path through left-out punctuation has relation "(bridge)" and its deeper word as the
        dependent. Where the treebank names no documents, each sentence has the document -1.

    Raises:
        ValueError: With the sentence, if distances are not (words, words), symmetric, finite and non-negative.
    """
    frames = []
    found, documents = Scorer(gold, punctuation=punctuation).edges(distances), _documents_of(gold)
    for number, (sentence, (edges, correct)) in enumerate(zip(gold, found)):
        deeper_second = np.diff(sentence.depths[edges], axis=1)[:, 0] >= 0
        head = np.where(deeper_second, edges[:, 0], edges[:, 1])
        dependent = np.where(deeper_second, edges[:, 1], edges[:, 0])
        frames.append(_edge_columns(number, documents[number], sentence, head, dependent, correct))
    return _joined(frames)


def attachment_table(
    gold: Sequence[Sentence],
    heads: Sequence[Heads],
    *,
    relations: Sequence[Sequence[str]] | None = None,
    subtypes: bool = False,
    punctuation: PunctuationRule = "auto",
) -> pd.DataFrame:
    """Table of the words that UAS counts, each `correct` if its predicted head is the gold one.

    Args:
        gold: The gold sentences.
        heads: Predicted heads of each sentence, (words,), words counted from 0; -1 for the root.
        relations: Predicted relations of each sentence, one for each word.
        subtypes: Whether relations that differ in their subtype count as different.
        punctuation: Which words are left out as dependents because they are punctuation.

    Returns:
        One row for each word with the columns of `edge_table`; the root has head -1, `head_upos` "ROOT" and arc length
        0. With `relations` there is a column `correct_labelled`, whose mean is LAS.

    Raises:
        ValueError: As `score_heads` does.
    """
    checked, documents = check_predicted_heads(gold, heads), _documents_of(gold)
    labelled = None if relations is None else right_relations(gold, relations, subtypes=subtypes)
    frames = []
    masks = punctuation_masks(gold, punctuation)
    for number, (sentence, found, mask) in enumerate(zip(gold, checked, masks)):
        words = np.flatnonzero(~mask)
        expected = np.asarray(sentence.heads, dtype=np.int64)
        correct = (found == expected)[words]
        columns = _edge_columns(number, documents[number], sentence, expected[words], words, correct)
        if labelled is not None:
            columns["correct_labelled"] = correct & labelled[number][words]
        frames.append(columns)
    return _joined(frames)


def _documents_of(gold: Sequence[Sentence]) -> list[int]:
    """The document of each sentence as the tables have it: its number, -1 where the treebank names none."""
    numbers = document_numbers(gold)
    return [-1] * len(gold) if numbers is None else numbers.tolist()


def _edge_columns(
    number: int,
    document: int,
    sentence: Sentence,
    head: NDArray[np.int64],
    dependent: NDArray[np.int64],
    correct: NDArray[np.bool_],
) -> dict[str, NDArray[Any]]:
    """The columns of one sentence's edges, each (edges,)."""
    own_head = np.asarray(sentence.heads, dtype=np.int64)[dependent]
    related = own_head == head
    relations = np.array(sentence.relations, dtype=object)[dependent]
    tags = np.array([*sentence.upos, "ROOT"], dtype=object)
    return {
        "sentence": np.full(len(dependent), number),
        "document": np.full(len(dependent), document),
        "head": head,
        "dependent": dependent,
        "relation": np.where(related, relations, BRIDGE),
        "arc_length": np.where(head < 0, 0, np.abs(head - dependent)),
        "sentence_length": np.full(len(dependent), len(sentence)),
        "head_upos": tags[head],
        "dependent_upos": tags[dependent],
        "projective": projective_arcs(sentence.heads)[dependent] | ~related,
        "correct": correct,
    }


def _joined(frames: Sequence[Mapping[str, NDArray[Any]]]) -> pd.DataFrame:
    """One table of the columns of all sentences."""
    names = frames[0] if frames else {}
    return pd.DataFrame({name: np.concatenate([columns[name] for columns in frames]) for name in names})


def category_scores(
    table: pd.DataFrame,
    by: Category,
    *,
    metric: str = "uuas",
    column: str = "correct",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[Hashable, Score]:
    """The proportion of correct edges in each category of one column, with 95 % intervals.

    Args:
        table: What `edge_table` or `attachment_table` returns.
        by: The column with the categories.
        metric: What the scores are called.
        column: The column that says whether an edge is correct.
        resamples: Number of bootstrap samples.
        seed: Seed of the bootstrap.

    Returns:
        Scores by category; lengths are binned ("1", "4-5", "11+") and in order, others by decreasing frequency.

    Raises:
        ValueError: If the table lacks a column.
    """
    tallies = category_tallies(table, by, metric=metric, column=column)
    return dict(zip(tallies, score_all(list(tallies.values()), resamples=resamples, seed=seed)))


def category_tallies(
    table: pd.DataFrame, by: Category, *, metric: str = "uuas", column: str = "correct"
) -> dict[Hashable, Tally]:
    """The tallies of which `category_scores` gives the scores; arguments, order and errors are the same."""
    if by not in table.columns or column not in table.columns:
        lacking = next(name for name in (by, column) if name not in table.columns)
        raise ValueError(f"no column {lacking!r} in the table; expected one of {', '.join(map(str, table.columns))}")
    labels = length_classes(table[by], LENGTH_CLASSES[by]) if by in LENGTH_CLASSES else table[by]
    counts = labels.value_counts(sort=by not in LENGTH_CLASSES)
    sentence, every = pd.factorize(table["sentence"])
    documents = None
    if "document" in table.columns and (table["document"] >= 0).all():
        documents = table["document"].groupby(sentence).first().to_numpy()
    tallies = {}
    for category in counts[counts > 0].index:
        chosen = (labels == category).to_numpy()
        hits = np.bincount(sentence[chosen], weights=table[column].to_numpy()[chosen], minlength=len(every))
        edges = np.bincount(sentence[chosen], minlength=len(every))
        tallies[category] = micro(metric, hits, edges, documents=documents)
    return tallies


def break_down(
    table: pd.DataFrame,
    by: Category,
    *,
    metric: str = "uuas",
    column: str = "correct",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """`category_scores` as a tidy frame.

    Returns:
        One row for each category with columns by, category, metric, value, low, high (the 95 % interval), n (the number
        of edges) and resampled (documents or sentences).

    Raises:
        ValueError: If the table lacks a column.
    """
    scores = category_scores(table, by, metric=metric, column=column, resamples=resamples, seed=seed)
    table = score_frame(scores.values(), by=by)
    table.insert(1, "category", list(scores))
    return table


def length_classes(lengths: pd.Series, starts: Sequence[int]) -> pd.Series:
    """Lengths binned into an ordered categorical: "1", "4-5", "11+"; "0" below the first start."""
    last = [start - 1 for start in starts[1:]]
    names = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, last)] + [f"{starts[-1]}+"]
    classes = pd.cut(lengths, [-np.inf, *starts, np.inf], right=False, labels=[f"0-{starts[0] - 1}", *names])
    return classes.cat.rename_categories({"0-0": "0"}) if starts[0] == 1 else classes


def split_tally(tally: Tally, labels: Iterable[Hashable]) -> dict[Hashable, Tally]:
    """One tally for the sentences of each label, such as DSpr. by sentence length or by genre.

    Args:
        tally: The tally to split.
        labels: The label of each sentence, (sentences,).

    Returns:
        Tallies by label, each over all sentences; those with other labels do not count.
    """
    array = np.empty(len(tally.numerators), dtype=object)
    array[:] = list(labels)
    return {
        label: replace(
            tally,
            numerators=np.where(array == label, tally.numerators, 0.0),
            denominators=np.where(array == label, tally.denominators, 0.0),
        )
        for label in dict.fromkeys(array.tolist())
    }


def score_frame(scores: Iterable[Score], **columns: Any) -> pd.DataFrame:
    """Scores as a tidy frame: the given constant columns, then those of `Score`; one row for each score."""
    rows = [{**columns, **asdict(score)} for score in scores]
    return pd.DataFrame(rows, columns=[*columns, *_SCORE_COLUMNS])
