"""Structural probes of one checkpoint on one treebank: extract, train every layer, predict, score."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction import Encoder, Reading, States, extract
from treeprobe.extraction.alignment import Pooling
from treeprobe.parsing import PunctuationRule, Scorer, Tally, Treebank
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.record import Stopwatch
from treeprobe.pipeline.score_table import Setting
from treeprobe.probes import DepthProbe, DistanceProbe, fit_all

Probe = DistanceProbe | DepthProbe
TextForm = Literal["words", "natural"]
Predictions = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Measurement:
    """One setting's tallies by metric: what a row of the score table, an interval or a comparison is made of."""

    setting: Setting
    tallies: Mapping[str, Tally]

    def as_baseline(self, checkpoint: str, probe: str) -> "Measurement":
        """The same tallies, told as a baseline of another checkpoint."""
        return replace(self, setting=replace(self.setting, checkpoint=checkpoint, probe=probe))


@dataclass(frozen=True)
class Structure:
    """The trained probes of a checkpoint, with what they predict and score on each split that is not `train`.

    `distances` and `depths` map (split, layer) to one array a sentence, of the first seed; `states` are the vectors
    that the probes read, by split.
    """

    probes: Sequence[Probe]
    states: Mapping[str, States]
    distances: Mapping[tuple[str, int], Predictions]
    depths: Mapping[tuple[str, int], Predictions]
    measurements: Sequence[Measurement]

    def distance_probe(self, layer: int) -> DistanceProbe:
        """The first seed's distance probe of a layer."""
        return next(probe for probe in self.probes if isinstance(probe, DistanceProbe) and probe.layer == layer)


@dataclass(frozen=True)
class ProbeOptions:
    """What is trained: probes of `rank` on every one of `layers` (all when None), once for each seed.

    On states that are narrower than `rank` it is their width: a linear map of more rows can say nothing more.
    `text` is what the model reads: the treebank's words joined by spaces, or the natural sentence (`SpaceAfter=No`);
    `pooling` makes a word's vector of its subwords'.
    """

    rank: int = 128
    seeds: Sequence[int] = (0,)
    layers: Sequence[int] | None = None
    punctuation: PunctuationRule = "xpos"
    training: Mapping[str, Any] = field(default_factory=dict)
    text: TextForm = "words"
    pooling: Pooling = "mean"


def analyse_structure(
    encoder: Encoder,
    banks: Mapping[str, Treebank],
    *,
    options: ProbeOptions,
    cache: str | Path | None,
    stopwatch: Stopwatch,
    progress: bool = True,
) -> Structure:
    """Train distance and depth probes on all layers at once and score them on every split but `train`.

    `banks` maps split names to treebanks; it holds `train` and `dev`, and `dev` decides when training stops.
    """
    states = extract_splits(
        encoder,
        banks,
        cache=cache,
        stopwatch=stopwatch,
        progress=progress,
        text=options.text,
        pooling=options.pooling,
    )
    probes = train_probes(states, banks, options=options, stopwatch=stopwatch, progress=progress)
    return evaluate(encoder.name, probes, states, banks, options=options, stopwatch=stopwatch)


def extract_splits(
    encoder: Encoder,
    banks: Mapping[str, Treebank],
    *,
    cache: str | Path | None,
    stopwatch: Stopwatch,
    progress: bool = True,
    text: TextForm = "words",
    pooling: Pooling = "mean",
) -> dict[str, States]:
    """Word-aligned hidden states of every split."""
    states = {}
    for split, bank in banks.items():
        with stopwatch.stage(f"extract {encoder.name} {split}"):
            states[split] = extract(
                encoder,
                bank.words,
                cache=cache,
                space_after=[sentence.space_after for sentence in bank] if text == "natural" else None,
                reading=Reading(pooling=pooling, storage="float16"),
                progress=progress,
            )
    return states


def train_probes(
    states: Mapping[str, States],
    banks: Mapping[str, Treebank],
    *,
    options: ProbeOptions,
    stopwatch: Stopwatch,
    progress: bool = True,
) -> list[Probe]:
    """Every layer's distance and depth probes, for every seed, in one pass over the data."""
    probes = layer_probes(states["train"], options, seeds=options.seeds)
    return fit_probes(probes, states, banks, stopwatch=stopwatch, progress=progress)


def fit_probes(
    probes: list[Probe],
    states: Mapping[str, States],
    banks: Mapping[str, Treebank],
    *,
    stopwatch: Stopwatch,
    progress: bool = True,
) -> list[Probe]:
    """Train probes on the training split, `dev` deciding which epoch is kept."""
    with stopwatch.stage("train probes"):
        fit_all(
            probes,
            states["train"],
            banks["train"],
            validation=(states["dev"], banks["dev"]),
            progress=progress,
        )
    return probes


def layer_probes(states: States, options: ProbeOptions, *, seeds: Sequence[int]) -> list[Probe]:
    """A distance and a depth probe, not yet trained, for each seed and each layer asked for."""
    return [
        kind(layer=layer, rank=min(options.rank, states.dim), seed=seed, **options.training)
        for kind in (DistanceProbe, DepthProbe)
        for layer in (states.layers if options.layers is None else options.layers)
        for seed in seeds
    ]


def evaluate(
    checkpoint: str,
    probes: Sequence[Probe],
    states: Mapping[str, States],
    banks: Mapping[str, Treebank],
    *,
    options: ProbeOptions,
    stopwatch: Stopwatch,
) -> Structure:
    """Predictions and tallies of trained probes on every split but `train`."""
    distances: dict[tuple[str, int], Predictions] = {}
    depths: dict[tuple[str, int], Predictions] = {}
    measurements = []
    for split in scored_splits(banks):
        scorer = Scorer(banks[split], punctuation=options.punctuation)
        name = banks[split].name
        for probe, predicted, measurement in score_probes(
            checkpoint, probes, states[split], scorer, treebank=name, split=split, stopwatch=stopwatch
        ):
            measurements.append(measurement)
            kept = distances if isinstance(probe, DistanceProbe) else depths
            if probe.layer is not None and probe.seed == options.seeds[0]:
                kept[split, probe.layer] = predicted
    return Structure(probes, states, distances, depths, measurements)


def score_probes(
    checkpoint: str,
    probes: Sequence[Probe],
    states: States,
    scorer: Scorer,
    *,
    treebank: str,
    split: str,
    stopwatch: Stopwatch,
) -> Iterator[tuple[Probe, Predictions, Measurement]]:
    """Each trained probe with what it predicts of a split, and its tallies; nothing is held between probes."""
    for probe in probes:
        with stopwatch.stage(f"predict {split}"):
            predicted = probe.predict(states)
        with stopwatch.stage(f"score {split}"):
            tallies = score_predictions(probe, scorer, predicted)
        setting = Setting(checkpoint, treebank, split, kind_of(probe), probe.layer, probe.rank, probe.seed)
        yield probe, predicted, Measurement(setting, tallies)


def score_splits(
    checkpoint: str,
    probes: Sequence[Probe],
    states: Mapping[str, States],
    banks: Mapping[str, Treebank],
    *,
    punctuation: PunctuationRule,
    stopwatch: Stopwatch,
) -> list[Measurement]:
    """Tallies of trained probes on every split but `train`; what they predict is not kept."""
    return [
        measurement
        for split in scored_splits(banks)
        for _, _, measurement in score_probes(
            checkpoint,
            probes,
            states[split],
            Scorer(banks[split], punctuation=punctuation),
            treebank=banks[split].name,
            split=split,
            stopwatch=stopwatch,
        )
    ]


def scored_splits(banks: Mapping[str, Treebank]) -> list[str]:
    """The splits that no probe was trained on."""
    return [split for split in banks if split != "train"]


def kind_of(probe: Probe) -> str:
    """What the table calls the probe: `distance` or `depth`."""
    return "distance" if isinstance(probe, DistanceProbe) else "depth"


def score_predictions(probe: Probe, scorer: Scorer, predicted: Predictions) -> Mapping[str, Tally]:
    """The scores that the probe's kind has."""
    return scorer.distances(predicted) if isinstance(probe, DistanceProbe) else scorer.depths(predicted)


def chain_measurement(checkpoint: str, bank: Treebank, split: str, *, punctuation: PunctuationRule) -> Measurement:
    """The left-to-right chain: each word hangs from the one before it, whatever the sentence."""
    scorer = Scorer(bank, punctuation=punctuation)
    distances = scorer.distances([chain_distances(len(sentence)) for sentence in bank])
    depths = scorer.depths([np.arange(len(sentence)) for sentence in bank])
    return Measurement(Setting(checkpoint, bank.name, split, "chain"), {**distances, **depths})


def probe_folder(probe: Probe) -> str:
    """Where a probe is saved inside a run's `probes` folder: its kind and layer, and its seed when it is not 0."""
    seed = "" if probe.seed == 0 else f"-seed-{probe.seed}"
    return f"{kind_of(probe)}-layer-{probe.layer}{seed}"
