"""What is measured while a model runs under one condition, each measure as a tally over sentences."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from treeprobe.behaviour import MinimalPair, read_sentences, score_pairs, word_scores
from treeprobe.behaviour.accuracy import pair_clusters
from treeprobe.behaviour.choices import Comparison
from treeprobe.extraction import Encoder, LanguageModel, Reading, edit_states, extract, masked_lm_losses
from treeprobe.parsing import Scorer, Sentence, Tally
from treeprobe.parsing.scores.intervals import micro
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.pipeline.effects.asked import Asked, OtherTrees, asked_of_pairs, asked_of_sentences
from treeprobe.pipeline.effects.conditions import Condition
from treeprobe.probes import DistanceProbe

ACCURACY, GAIN, LOSS, UUAS = "accuracy", "score_difference", "loss", "uuas"
"""Share of the pairs that are right; nats by which the right sentence is preferred; nats by predicted subword or word;
share of the gold edges that a layer's probe finds."""

_AT_ONCE = 256
"""Sentences whose states are in memory at once."""


class Measure(NamedTuple):
    """What was measured, and at which layer."""

    name: str
    at: int | None = None


Measured = dict[Measure, Tally]


@dataclass(frozen=True)
class MeasuredPairs:
    """Minimal pairs that a language model scores: by the words that differ, where it is known which these are.

    Attributes:
        asked: what counterfactuals ask of the sentences, by whether targets are known.
    """

    model: LanguageModel
    pairs: Mapping[bool, Sequence[MinimalPair]]
    asked: Mapping[bool, Asked]
    natural: bool

    @classmethod
    def of(
        cls, model: LanguageModel, pairs: Sequence[MinimalPair], others: OtherTrees, *, natural: bool
    ) -> "MeasuredPairs":
        """Ask for a tree of every sentence."""
        parts = {
            known: [pair for pair in pairs if bool(pair.targets) == known]
            for known in dict.fromkeys(bool(pair.targets) for pair in pairs)
        }
        asked = {
            known: asked_of_pairs(part, read_sentences(part, natural=natural), others) for known, part in parts.items()
        }
        return cls(model, parts, asked, natural)

    def measure(self, condition: Condition | None) -> Measured:
        """Accuracy and mean gain, over the sentences that pairs are of."""
        gains = []
        for known, part in self.pairs.items():
            name: Comparison = "target" if known else "sentence"
            with _running(self.model.encoder, condition, self.asked[known]):
                table = score_pairs(self.model, part, natural=self.natural, comparisons=(name,))
            gains.append((table[f"{name}_good"] - table[f"{name}_bad"]).to_numpy(dtype=float))
        gain = np.concatenate(gains)
        every = [pair for part in self.pairs.values() for pair in part]
        clusters, documents = pair_clusters(every)
        counts = np.bincount(clusters)
        values = {ACCURACY: (np.sign(gain) + 1) / 2, GAIN: gain}
        return {
            Measure(name): micro(name, np.bincount(clusters, each), counts, documents=documents)
            for name, each in values.items()
        }


@dataclass(frozen=True)
class MeasuredSentences:
    """Sentences with gold trees: the loss of predicting their words, and the trees that trained probes find."""

    encoder: Encoder
    model: LanguageModel | None
    sentences: Sequence[Sentence]
    asked: Asked
    probes: Sequence[DistanceProbe]
    scorer: Scorer
    spaces: Sequence[Sequence[bool]] | None

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        model: LanguageModel | None,
        sentences: Sequence[Sentence],
        others: OtherTrees,
        *,
        probes: Sequence[DistanceProbe],
        scorer: Scorer,
        spaces: Sequence[Sequence[bool]] | None,
    ) -> "MeasuredSentences":
        """Ask for another tree of every sentence."""
        return cls(encoder, model, sentences, asked_of_sentences(sentences, others), probes, scorer, spaces)

    def measure(self, condition: Condition | None) -> Measured:
        """The loss where there is a model that predicts, and UUAS at the layer that is edited and all later ones."""
        first = 0 if condition is None else condition.layer
        probes = [probe for probe in self.probes if probe.layer is not None and probe.layer >= first]
        found = self._loss(condition)
        for probe, distances in zip(probes, self._distances(condition, probes)):
            found[Measure(UUAS, probe.layer)] = self.scorer.distances(distances)[UUAS]
        return found

    def _loss(self, condition: Condition | None) -> Measured:
        if self.model is None:
            return {}
        words = [sentence.words for sentence in self.sentences]
        with _running(self.model.encoder, condition, self.asked):
            if self.model.prediction == "masked":
                sums, counts = masked_lm_losses(self.model.encoder, words, space_after=self.spaces)
            else:
                scores = word_scores(self.model, words, space_after=self.spaces)
                sums = np.array([-np.nansum(one) for one in scores])
                counts = np.array([(~np.isnan(one)).sum() for one in scores])
        return {Measure(LOSS): micro(LOSS, sums, counts, documents=document_numbers(self.sentences))}

    def _distances(
        self, condition: Condition | None, probes: Sequence[DistanceProbe]
    ) -> list[list[NDArray[np.float32]]]:
        """What each probe predicts of each sentence. States are let go of, some sentences at a time."""
        found: list[list[NDArray[np.float32]]] = [[] for _ in probes]
        reading = Reading(layers=[probe.layer for probe in probes if probe.layer is not None])
        for first in range(0, len(self.sentences), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            words = [sentence.words for sentence in self.sentences[part]]
            spaces = None if self.spaces is None else self.spaces[part]
            with _running(self.encoder, condition, self.asked[part]):
                states = extract(self.encoder, words, reading=reading, space_after=spaces)
            for probe, into in zip(probes, found):
                into += probe.predict(states)
        return found


@contextmanager
def _running(encoder: Encoder, condition: Condition | None, asked: Asked) -> Iterator[None]:
    """Within this context, the model runs under a condition; as it is where that is None."""
    if condition is None:
        yield
        return
    with edit_states(encoder, condition.edit(asked), layers=condition.layer):
        yield
