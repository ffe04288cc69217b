"""Trees from attention, scored: of single heads, of the heads that track relations, and of probes of all heads."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.attention import (
    AttentionProbe,
    ChosenHead,
    RelationCounts,
    best_heads,
    chosen_heads,
    ensemble_trees,
    head_tree_tallies,
    heads_of,
    held_out_tally,
    offset_baseline,
    static_embeddings,
)
from treeprobe.parsing import (
    PunctuationRule,
    Sentence,
    Tally,
    Treebank,
    punctuation_masks,
    score_distances,
    score_heads,
)
from treeprobe.parsing.scores import micro
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.attention_trees import best_trees, head_scores, training_features
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.reporting import head_name

COLUMNS = ["trees", "heads", "metric", "value", "low", "high", "n"]


def score_trees(subject: Subject, counts: RelationCounts, options: Options) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Scores of chains, of trees from the best single head and from the best heads of relations; UUAS of every head.

    Heads are chosen on one half of the sentences and scored on the other, both ways round: no head is scored on the
    sentences that chose it.
    """
    bank, punctuation = subject.splits["dev"], options.punctuation
    tallies = head_tree_tallies(subject.attention(bank, options), bank, punctuation=punctuation)
    tally, single = held_out_tally(tallies)
    rows = _chain_rows(bank, punctuation=punctuation)
    rows.append(_score_row("best single head", tally, " | ".join(head_name(*one) for one in single)))
    halves = [counts.half(parity) for parity in (0, 1)]
    chosen = [chosen_heads(best_heads(half, offset_baseline(half))) for half in halves]
    if all(chosen):
        names = " | ".join(", ".join(map(str, heads)) for heads in chosen[::-1])
        for gold_roots in (False, True):
            scored, trees = _trees_of_halves(subject, chosen[::-1], options, gold_roots=gold_roots)
            name = "best heads of relations" + (", gold roots" if gold_roots else "")
            rows.append(_score_row(name, score_heads(scored, trees, punctuation=punctuation)["uas"], names))
    uuas = np.array([[one.value for one in block] for block in tallies])
    return pd.DataFrame(rows, columns=COLUMNS), uuas


def _chain_rows(bank: Treebank, *, punctuation: PunctuationRule) -> list[dict[str, object]]:
    """What trees without a model score: neighbours joined, and every word attached to the next one."""
    chains = [chain_distances(len(sentence)) for sentence in bank]
    heads = [np.append(np.arange(1, len(sentence)), -1) for sentence in bank]
    return [
        _score_row("left-to-right chain", score_distances(bank, chains, punctuation=punctuation)["uuas"]),
        _score_row("the next word is the head", score_heads(bank, heads, punctuation=punctuation)["uas"]),
    ]


def _trees_of_halves(
    subject: Subject, chosen: Sequence[Sequence[ChosenHead]], options: Options, *, gold_roots: bool
) -> tuple[list[Sentence], list[NDArray[np.int64]]]:
    """Trees of the sentences of even numbers by the first heads, and of odd ones by the second; with the sentences."""
    sentences: list[Sentence] = []
    trees: list[NDArray[np.int64]] = []
    for parity, heads in enumerate(chosen):
        half = subject.splits["dev"][parity::2]
        found = ensemble_trees(subject.attention(half, options), half, heads, gold_roots=gold_roots)
        sentences += [half[place] for place in found]
        trees += found.values()
    return sentences, trees


def score_probes(subject: Subject, options: Options) -> pd.DataFrame:
    """UAS of the attention-only probe and of the probe of attention and static word vectors (Clark et al. 2019, §5).

    Each is scored twice: by the maximum arborescence of its scores, and by the likeliest head of each word alone, which
    need not make a tree.
    """
    encoder, bank, punctuation = subject.encoder, subject.splits["dev"], options.punctuation
    sample, features = training_features(subject, options)
    words = sample.words
    own = static_embeddings(encoder, words, fitted_on=words)
    plain = AttentionProbe().fit(features, sample)
    worded = AttentionProbe().fit(features, sample, vectors=own)
    del features
    rows: list[dict[str, object]] = []
    for name, probe, vectors in (
        ("attention-only probe", plain, None),
        ("attention-and-words probe", worded, static_embeddings(encoder, bank.words, fitted_on=words)),
    ):
        scored: list[Sentence] = []
        trees: list[NDArray[np.int64]] = []
        likeliest: list[NDArray[np.int64]] = []
        for numbers, scores in head_scores(subject, bank, probe, options, vectors=vectors):
            scored += [bank[number] for number in numbers]
            trees += best_trees(scores)
            likeliest += [heads_of(matrix) for matrix in scores]
        rows.append(_score_row(name, score_heads(scored, trees, punctuation=punctuation)["uas"]))
        rows.append(_score_row(f"{name}, no tree", attachment(scored, likeliest, punctuation=punctuation)))
    return pd.DataFrame(rows, columns=COLUMNS)


def attachment(gold: Sequence[Sentence], heads: Sequence[NDArray[np.int64]], *, punctuation: PunctuationRule) -> Tally:
    """UAS of heads that need not make a tree; `score_heads` gives the same where they do."""
    kept = [~mask for mask in punctuation_masks(gold, punctuation)]
    hits = [int(((found == sentence.heads) & mask).sum()) for sentence, found, mask in zip(gold, heads, kept)]
    return micro("uas", hits, [int(mask.sum()) for mask in kept], documents=document_numbers(gold))


def _score_row(name: str, tally: Tally, heads: str = "") -> dict[str, object]:
    """A row of the table of trees; `heads` are those that score the even sentences, " | ", and the odd ones."""
    score = tally.score()
    return {"trees": name, "heads": heads, **vars(score)}
