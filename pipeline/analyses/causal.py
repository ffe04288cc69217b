"""Whether a model uses the trees that a probe finds in it: interventions on its states, beside random controls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from treeprobe.behaviour import why_left_out
from treeprobe.behaviour.subwords import Subwords
from treeprobe.extraction import CheckpointError, Encoder, LanguageModel, language_model
from treeprobe.extraction.text import Text
from treeprobe.parsing import Scorer, Treebank, TreebankError
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.analyses.behaviour import collect_pairs
from treeprobe.pipeline.analyses.causal_summary import causal_closing, causal_summary, draw_effects
from treeprobe.pipeline.effects.asked import OtherTrees
from treeprobe.pipeline.effects.comparison import Outcome, effects_table
from treeprobe.pipeline.effects.conditions import ACTING_ON, RELATIONS, TREES, check_interventions, conditions_of
from treeprobe.pipeline.effects.measures import ACCURACY, UUAS, Measure, Measured, MeasuredPairs, MeasuredSentences
from treeprobe.pipeline.effects.probing import FRESH, LayerWords, Settled, measure_fresh, train_probes
from treeprobe.pipeline.effects.properties import Properties
from treeprobe.pipeline.effects.verdict import Judged, Presence, find_presence
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.findings import Findings
from treeprobe.pipeline.subjects.subject import Subject, spaces
from treeprobe.probes import DistanceProbe
from treeprobe.probes.states import evenly_spaced

FITTED_ON = 4
"""Training sentences that probes and interventions are fitted on, for each sentence that effects are measured on."""

FEWEST = 20
"""Training sentences that are needed at least."""

RANK, WIDTHS = 32, 4
"""Rank of the probes, and at most one in so many dimensions: erasing what a probe of full rank reads erases all."""


def causal(subject: Subject, options: Options) -> Findings:
    """Change the states of one layer at a time, and measure what becomes of behaviour, of predictions and of probes.

    Everything is fitted on the training split and measured on the dev split, and nothing is chosen on either.

    Raises:
        OptionsError: there is no such intervention, or no pair of the constructions asked for.
        TreebankError: there are too few sentences that the model reads whole.
        PairError: the file of pairs cannot be read, or there are no pairs at all.
        SiteError: the model's states cannot be edited at one of the layers.
    """
    check_interventions(options.interventions)
    experiment = _Experiment.of(subject, options)
    unedited, outcomes = experiment.measure()
    with subject.stage("resample"):
        effects = effects_table(unedited, outcomes)
    judged = [
        Judged.of(name, acting, presence, effects)
        for name, presence in experiment.presences(unedited).items()
        if (acting := [one for one in options.interventions if one in ACTING_ON[name]])
    ]
    missing = experiment.without_behaviour
    return Findings(
        summary=causal_summary(subject, effects, judged, missing),
        tables={"effects": effects},
        figures=lambda folder: draw_effects(effects, folder),
        details={
            "verdicts": {one.name: one.verdict for one in judged},
            "present": {one.name: one.presence.layers for one in judged},
            "presence": {one.name: one.presence.table.to_dict("records") for one in judged},
            "accuracy": unedited[Measure(ACCURACY)].value if Measure(ACCURACY) in unedited else None,
            "without_behaviour": missing,
            "probe_rank": experiment.settled.rank,
            "fitted_on": len(experiment.train.sentences),
            "measured_on": len(experiment.scored.sentences),
        },
        closing=causal_closing(effects, missing),
    )


@dataclass(frozen=True)
class _Experiment:
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
    def of(cls, subject: Subject, options: Options) -> "_Experiment":
        """Choose sentences, read their states and train the probes."""
        options = replace(options, pooling="mean")
        part = _some_sentences(subject, options)
        encoder, bank = subject.encoder, part.splits["dev"]
        settled = Settled(
            max(1, min(RANK, encoder.dim // WIDTHS)), options.seeds[0], options.epochs, str(encoder.device)
        )
        others = OtherTrees(part.splits["train"])
        states = {split: part.states(split, options) for split in part.splits}
        with subject.stage("train probes"):
            probes = train_probes(
                settled, encoder.layers, states["train"], part.splits["train"], progress=subject.progress
            )
        model, why = _predicting(subject)
        pairs, why = (None, why) if model is None else _pairs(part, model, others, options)
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
            part,
            options,
            encoder.layers if options.layers is None else options.layers,
            settled,
            probes,
            LayerWords.of(states["train"], part.splits["train"], others),
            LayerWords.of(states["dev"], bank, others),
            sentences,
            pairs,
            Properties.of(part.splits["train"], bank, documents=document_numbers(bank)),
            why,
        )

    def measure(self) -> tuple[Measured, list[Outcome]]:
        """Run the model as it is, and under every condition."""
        with self.subject.stage("measure unedited"):
            unedited = self.sentences.measure(None) | ({} if self.pairs is None else self.pairs.measure(None))
        outcomes = []
        steps = [(layer, name) for layer in self.layers for name in self.options.interventions]
        for layer, name in tqdm(steps, "interventions", disable=not self.subject.progress):
            with self.subject.stage("fit interventions"):
                probe = self._probe(layer)
                fitted = (self.train.states, self.train.sentences)
                conditions = list(conditions_of(name, probe, *fitted, seeds=self.options.seeds))
            with self.subject.stage("measure effects"):
                found = [
                    self.sentences.measure(one) | ({} if self.pairs is None else self.pairs.measure(one))
                    for one in conditions
                ]
            with self.subject.stage("probe what is left"):
                fresh = measure_fresh(
                    self.train,
                    self.scored,
                    layer,
                    [None, *conditions],
                    settled=self.settled,
                    properties=self.properties,
                    scorer=self.sentences.scorer,
                )
            unedited |= fresh[0]
            outcomes += [Outcome(one, here | left) for one, here, left in zip(conditions, found, fresh[1:])]
        return unedited, outcomes

    def presences(self, unedited: Measured) -> dict[str, Presence]:
        """Where trees and relations are found, beside the same architecture with random weights.

        The simple baseline of trees hangs every word from the one before it, that of relations knows the most frequent.
        """
        twin = self.subject.with_random_weights(self.settled.seed)
        states = {split: twin.states(split, replace(self.options, pooling="mean")) for split in twin.splits}
        untrained = replace(self.train, states=states["train"]), replace(self.scored, states=states["dev"])
        with self.subject.stage("probe random weights"):
            twins = [
                measure_fresh(
                    untrained[0],
                    untrained[1],
                    layer,
                    [None],
                    settled=self.settled,
                    properties=self.properties,
                    scorer=self.sentences.scorer,
                )[0]
                for layer in self.layers
            ]
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

    def _probe(self, layer: int) -> DistanceProbe:
        return next(probe for probe in self.probes if probe.layer == layer)


def _some_sentences(subject: Subject, options: Options) -> Subject:
    """The same subject with as many sentences as were asked for, spread evenly, of those that the model reads whole."""
    wanted = {"train": FITTED_ON * options.sentences, "dev": options.sentences}
    splits = {}
    for split in subject.splits:
        bank = subject.splits[split]
        whole = _read_whole(subject.encoder, bank, options)
        chosen = whole[evenly_spaced(len(whole), most=min(wanted[split], len(whole)))]
        if len(chosen) < (FEWEST if split == "train" else 2):
            raise TreebankError(
                f"{bank.path or bank.name}: {len(chosen)} sentences of which {subject.encoder.name} reads every word "
                f"in one piece; expected at least {FEWEST} of the training split and 2 of dev"
            )
        splits[split] = Treebank([bank[int(number)] for number in chosen], name=bank.name, path=bank.path)
    return subject.with_splits(splits)


def _read_whole(encoder: Encoder, bank: Treebank, options: Options) -> NDArray[np.int64]:
    """The numbers of the sentences of two words or more that fit the model, each of whose words has a subword."""
    found = Subwords.of(encoder, Text.checked(bank.words, spaces(bank, options)), any_length=True)
    lengths = np.array([len(sentence) for sentence in bank])
    silent = np.add.reduceat(~found.has_subwords, found.word_bounds[:-1]) > 0
    return np.flatnonzero(~found.too_long & ~silent & (lengths > 1))


def _predicting(subject: Subject) -> tuple[LanguageModel | None, str]:
    """The subject's checkpoint with its head, or why it has none."""
    try:
        return language_model(subject.source, subject.encoder), ""
    except CheckpointError as error:
        return None, str(error)


def _pairs(
    subject: Subject, model: LanguageModel, others: OtherTrees, options: Options
) -> tuple[MeasuredPairs | None, str]:
    """The minimal pairs that the model can score, or why there are none."""
    natural, pairs = options.text == "natural", collect_pairs(subject, options)
    reasons = why_left_out(model.encoder, pairs, natural=natural)
    kept = [pair for pair, reason in zip(pairs, reasons) if not reason]
    if not kept:
        return None, f"none of {len(pairs)} minimal pairs can be scored: {', '.join(sorted(set(reasons)))}"
    return MeasuredPairs.of(model, kept, others, natural=natural), ""
