"""Trees of probes of attention: trained on a sample of the training split, decoded to the best tree of a sentence."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from treeprobe.attention import AttentionProbe, PairFeatures, choose_sentences, pair_features
from treeprobe.parsing import Treebank
from treeprobe.parsing.decoding import arborescence, decode_bulk
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subjects.subject import Subject

Vectors = Sequence[NDArray[np.float32]]


def training_features(subject: Subject, options: Options) -> tuple[Treebank, list[PairFeatures]]:
    """The training sentences that fit a probe of attention's memory, and their features."""
    train = subject.splits["train"]
    sample = Treebank([train[int(place)] for place in choose_sentences(train)])
    return sample, list(pair_features(subject.attention(sample, options)))


def head_scores(
    subject: Subject, bank: Treebank, probe: AttentionProbe, options: Options, *, vectors: Vectors | None = None
) -> Iterator[tuple[list[int], list[NDArray[np.float64]]]]:
    """A probe's log-probabilities of heads, batch by batch: numbers of sentences, and (words, 1 + words) of each."""
    for batch in subject.attention(bank, options):
        features = list(pair_features([batch]))
        yield [one.index for one in features], [probe.predict(one, vectors=vectors) for one in features]


def best_trees(scores: Sequence[NDArray[np.float64]]) -> list[NDArray[np.int64]]:
    """Heads of the maximum arborescence of each sentence's log-probabilities, (words,), the root's -1."""
    return decode_bulk(
        [matrix[:, 1:].T for matrix in scores], decoder=arborescence, roots=[matrix[:, 0] for matrix in scores]
    )
