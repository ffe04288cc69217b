"""One experiment: a model with its sentences, pairs and probes, unedited and under every condition."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tqdm import tqdm

from treeprobe.behaviour import MinimalPair, read_sentences, why_left_out
from treeprobe.extraction import CheckpointError, LanguageModel, language_model
from treeprobe.parsing import Scorer
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.effects.asked import OtherTrees
from treeprobe.pipeline.effects.comparison import Outcome
from treeprobe.pipeline.effects.conditions import RELATIONS, TREES, Condition, conditions_of
from treeprobe.pipeline.effects.measures import UUAS, Measure, Measured, MeasuredPairs, MeasuredSentences
from treeprobe.pipeline.effects.probing import FRESH, LayerWords, Settled, measure_fresh, train_probes
from treeprobe.pipeline.effects.properties import Properties
from treeprobe.pipeline.effects.sentences import read_whole
from treeprobe.pipeline.effects.verdict import Presence, find_presence
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subjects.subject import Subject, spaces
from treeprobe.probes import DistanceProbe

RANK, WIDTHS = 32, 4
"""Rank of the probes, and at most one in so many dimensions: erasing what a probe of full rank reads erases all."""


@dataclass(frozen=True)
class Experiment:
    """Everything that is the same under all conditions."""

    subject: Subject
    options: Options
    layers: Sequence[int]
    settled: Settled
    probes: Sequence[DistanceProbe]
    train: LayerWords
    scored: LayerWords
    sentences: MeasuredSentences
    pairs: MeasuredPairs | None
    properties: Properties
    without_behaviour: str
    """Why behaviour cannot be measured; empty where it can."""

    @classmethod
    def of(cls, subject: Subject, options: Options, *, pairs: Sequence[MinimalPair]) -> "Experiment":
        """Read the states of a subject's sentences (`some_sentences`) and train the probes."""
        options = replace(options, pooling="mean")
        encoder, bank, train = subject.encoder, subject.splits["dev"], subject.splits["train"]
        settled = Settled(
            max(1, min(RANK, encoder.dim // WIDTHS)), options.seeds[0], options.epochs, str(encoder.device)
        )
        others = OtherTrees(train)
        states = {split: subject.states(split, options) for split in subject.splits}
        with subject.stage("train probes"):
            probes = train_probes(settled, encoder.layers, states["train"], train, progress=subject.progress)
        model, why = _predicting(subject)
        measured, why = (None, why) if model is None else _pairs(model, pairs, others, options)
        sentences = MeasuredSentences.of(
            encoder,
            model,
            bank,
            others,
            probes=probes,
            scorer=Scorer(bank, punctuation=options.punctuation),
            spaces=spaces(bank, options),
        )
        return cls(
            subject,
            options,
            encoder.layers if options.layers is None else options.layers,
            settled,
            probes,
            LayerWords.of(states["train"], train, others),
            LayerWords.of(states["dev"], bank, others),
            sentences,
            measured,
            Properties.of(train, bank, documents=document_numbers(bank)),
            why,
        )

    def measure(self) -> tuple[Measured, list[Outcome]]:
        """Run the model as it is, and under every condition."""
        with self.subject.stage("measure unedited"):
            unedited = self._under(None)
        outcomes: list[Outcome] = []
        steps = [(layer, name) for layer in self.layers for name in self.options.interventions]
        for layer, name in tqdm(steps, "interventions", disable=not self.subject.progress):
            with self.subject.stage("fit interventions"):
                probe = next(probe for probe in self.probes if probe.layer == layer)
                fitted = (self.train.states, self.train.sentences)
                conditions = list(conditions_of(name, probe, *fitted, seeds=self.options.seeds))
            with self.subject.stage("measure effects"):
                outcomes += [Outcome(one, self._under(one)) for one in conditions]
            # Probes are trained anew under one draw of each control, or they would take most of the time.
            probed = [one for one in conditions if not one.control or one.seed == self.options.seeds[0]]
            known = Measure(FRESH, layer) in unedited
            with self.subject.stage("probe what is left"):
                left = self._left(self.train, self.scored, layer, [*([] if known else [None]), *probed])
            if not known:
                unedited |= left.pop(0)
            outcomes += [Outcome(one, measured) for one, measured in zip(probed, left)]
        return unedited, outcomes

    def _under(self, condition: Condition | None) -> Measured:
        """What takes passes of the model: its predictions, and the probes of later layers."""
        return self.sentences.measure(condition) | ({} if self.pairs is None else self.pairs.measure(condition))

    def _left(
        self, train: LayerWords, scored: LayerWords, layer: int, conditions: Sequence[Condition | None]
    ) -> list[Measured]:
        """What can still be read at a layer."""
        return measure_fresh(
            train,
            scored,
            layer,
            conditions,
            settled=self.settled,
            properties=self.properties,
            scorer=self.sentences.scorer,
        )

    def presences(self, unedited: Measured) -> dict[str, Presence]:
        """Where trees and relations are found, beside the same architecture with random weights.

        The simple baseline of trees hangs every word from the one before it, that of relations knows the most frequent.
        """
        twin = self.subject.with_random_weights(self.settled.seed)
        states = {split: twin.states(split, replace(self.options, pooling="mean")) for split in twin.splits}
        train, scored = replace(self.train, states=states["train"]), replace(self.scored, states=states["dev"])
        with self.subject.stage("probe random weights"):
            twins = [self._left(train, scored, layer, [None])[0] for layer in self.layers]
        chain = [chain_distances(len(sentence)) for sentence in self.scored.sentences]
        simple = {
            TREES: self.sentences.scorer.distances(chain)[UUAS],
            RELATIONS: self.properties.most_frequent("relation"),
        }
        return {
            name: find_presence(
                self.layers,
                [unedited[Measure(measure, layer)] for layer in self.layers],
                [twin[Measure(measure, layer)] for twin, layer in zip(twins, self.layers)],
                simple[name],
            )
            for name, measure in ((TREES, FRESH), (RELATIONS, "relation"))
        }


def _predicting(subject: Subject) -> tuple[LanguageModel | None, str]:
    """The subject's checkpoint with its head, or why it has none."""
    try:
        return language_model(subject.source, subject.encoder), ""
    except CheckpointError as error:
        return None, str(error)


def _pairs(
    model: LanguageModel, pairs: Sequence[MinimalPair], others: OtherTrees, options: Options
) -> tuple[MeasuredPairs | None, str]:
    """The minimal pairs that the model can score and reads whole, or why there are none."""
    natural = options.text == "natural"
    reasons = why_left_out(model.encoder, pairs, natural=natural)
    scored = [pair for pair, reason in zip(pairs, reasons) if not reason]
    written = read_sentences(scored, natural=natural)
    if written:
        words, space_after = zip(*written)
        whole = read_whole(model.encoder, words, space_after)
        lost = {one for (one, _), kept in zip(written, whole) if not kept}
        scored = [pair for pair in scored if lost.isdisjoint((pair.good, pair.bad))]
    if not scored:
        found = ", ".join(sorted({reason for reason in reasons if reason})) or "words without a subword"
        return None, f"none of {len(pairs)} minimal pairs can be scored: {found}"
    return MeasuredPairs.of(model, scored, others, natural=natural), ""
