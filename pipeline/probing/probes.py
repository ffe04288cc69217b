"""Structural probes of a subject: extract, train, predict, score, save, load. Written once, for every analysis."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing import Scorer, Tally, TreebankError, edge_table
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.recovered_trees import SampleTrees, sample_numbers
from treeprobe.pipeline.results.findings import FindingsError, read_record
from treeprobe.pipeline.results.scores import Measurement, Setting
from treeprobe.pipeline.results.tally_files import EDGE_COLUMNS, FoundEdges
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DepthProbe, DistanceProbe, States, fit_all
from treeprobe.probes.estimator import AnyProbe

Probe = DistanceProbe | DepthProbe
Predictions = list[NDArray[np.float32]]
SplitStates = Mapping[Split, States]
"""What probes read of every split."""


@dataclass(frozen=True)
class Predicted:
    """A trained probe, what it predicts of a split, one array a sentence, and its tallies."""

    probe: Probe
    predictions: Predictions
    measurement: Measurement


def read_states(subject: Subject, options: Options) -> SplitStates:
    """Word-aligned hidden states of every split."""
    return {split: subject.states(split, options) for split in subject.splits}


def new_probes(subject: Subject, options: Options) -> list[Probe]:
    """A distance and a depth probe, not yet trained, for each rank, layer and seed of the options."""
    return [
        kind(
            layer,
            rank,
            seed,
            epochs=options.epochs,
            precision=options.precision,
            device=str(subject.encoder.device),
        )
        for rank in options.fitted(dim=subject.encoder.dim, layers=subject.encoder.layers).ranks
        for kind in (DistanceProbe, DepthProbe)
        for layer in (subject.encoder.layers if options.layers is None else options.layers)
        for seed in options.seeds
    ]


def train(subject: Subject, probes: list[AnyProbe], states: SplitStates) -> list[AnyProbe]:
    """Train probes on the training split in one pass over the data, the dev split deciding which epoch is kept."""
    with subject.stage("train probes"):
        fit_all(
            probes,
            states["train"],
            subject.splits["train"],
            validation=(states["dev"], subject.splits["dev"]),
            progress=subject.progress,
        )
    return probes


def predict(
    subject: Subject, probes: Sequence[Probe], states: States, split: Split, scorer: Scorer
) -> Iterator[Predicted]:
    """Each trained probe with its predictions of a split and its scores; nothing is held between probes."""
    name = subject.splits[split].name
    for probe in probes:
        with subject.stage(f"predict {split}"):
            predictions = probe.predict(states)
        with subject.stage(f"score {split}"):
            tallies = score(probe, scorer, predictions)
        setting = Setting(
            subject.encoder.name, name, split, kind_of(probe), probe.layer, probe.rank, probe.seed, scorer.punctuation
        )
        yield Predicted(probe, predictions, Measurement(setting, tallies))


def measure(subject: Subject, probes: Sequence[Probe], states: SplitStates, options: Options) -> list[Measurement]:
    """Tallies of trained probes on every split that is scored; their predictions are not kept."""
    return [
        found.measurement
        for split in subject.scored
        for found in predict(
            subject, probes, states[split], split, Scorer(subject.splits[split], punctuation=options.punctuation)
        )
    ]


@dataclass(frozen=True)
class MeasuredSplit:
    """What the probes of every layer scored on a split, the gold edges they found, and sample sentences."""

    name: Split
    measurements: Sequence[Measurement]
    edges: FoundEdges
    samples: SampleTrees


def measure_split(
    subject: Subject, split: Split, probes: Sequence[Probe], states: States, options: Options
) -> MeasuredSplit:
    """Score every probe on a split. Predictions of whole treebanks are dropped once they are scored."""
    bank = subject.splits[split]
    scorer = Scorer(bank, punctuation=options.punctuation)
    numbers = sample_numbers(bank, options.samples)
    shown = (max(probe.rank for probe in probes), options.seeds[0])
    measurements: list[Measurement] = []
    settings: list[Setting] = []
    correct = []
    samples: dict[tuple[str, int], Predictions] = {}
    for found in predict(subject, probes, states, split, scorer):
        probe, setting = found.probe, found.measurement.setting
        measurements.append(found.measurement)
        if isinstance(probe, DistanceProbe):
            settings.append(setting)
            with subject.stage(f"score {split}"):
                correct.append(np.concatenate([hits for _, hits in scorer.edges(found.predictions)]))
        if probe.layer is not None and (probe.rank, probe.seed) == shown:
            samples[setting.probe, probe.layer] = [found.predictions[number] for number in numbers]
    # Gold edges are the same whatever is predicted: the table of the gold distances themselves has their columns.
    gold = edge_table(bank, bank.distances, punctuation=scorer.punctuation)[list(EDGE_COLUMNS)]
    trees = SampleTrees(bank.name, split, [bank[number] for number in numbers], shown[0], samples)
    return MeasuredSplit(split, measurements, FoundEdges(gold, settings, np.stack(correct)), trees)


def kind_of(probe: Probe) -> str:
    """What tables call the probe: `distance` or `depth`."""
    return "distance" if isinstance(probe, DistanceProbe) else "depth"


def score(probe: Probe, scorer: Scorer, predictions: Predictions) -> Mapping[str, Tally]:
    """The scores that the probe's kind has."""
    return scorer.distances(predictions) if isinstance(probe, DistanceProbe) else scorer.depths(predictions)


def probe_folder(kind: str, layer: int | str | None, rank: int, seed: int) -> str:
    """Where a probe is saved inside the folder `probes` of a structural analysis; layer "*" makes a pattern of it."""
    return f"{kind}-layer-{layer}-rank-{rank}-seed-{seed}"


def save_probes(probes: Sequence[Probe], folder: Path) -> None:
    """Write every probe into a folder of its own."""
    for probe in probes:
        probe.save_pretrained(folder / probe_folder(kind_of(probe), probe.layer, probe.rank, probe.seed))


@dataclass(frozen=True)
class SavedProbes:
    """The probes of a structural analysis, how their states were read, and what its record says besides."""

    probes: Sequence[Probe]
    record: Mapping[str, Any]

    def reading(self, options: Options) -> Options:
        """The options with text, pooling and context as the probes' states were read."""
        read = self._recorded
        return replace(options, text=read["text"], pooling=read["pooling"], context=read["context"])

    def training(self, options: Options) -> Options:
        """The options with everything that decided how the probes were trained, and on what states."""
        trained = {name: self._recorded[name] for name in ("ranks", "seeds", "layers", "epochs", "precision")}
        return replace(self.reading(options), **trained)

    @property
    def _recorded(self) -> dict[str, Any]:
        """The options of the record; one that was not there yet when it was written had its default."""
        return {**vars(Options()), **self.record["options"]}

    @property
    def distance(self) -> list[DistanceProbe]:
        """The distance probes of the largest rank, by layer and seed."""
        found = [probe for probe in self.probes if isinstance(probe, DistanceProbe)]
        largest = max(probe.rank for probe in found)
        return sorted(
            (probe for probe in found if probe.rank == largest), key=lambda probe: (probe.layer or 0, probe.seed)
        )


def load_probes(folder: Path, subject: Subject) -> SavedProbes:
    """Every probe that a structural analysis saved.

    Raises:
        FindingsError: the folder holds no such analysis.
        ProbeError: the probes were trained on another checkpoint than the subject's.
        TreebankError: they were trained on sentences that they are to be scored on.
    """
    record = read_record(folder)
    places = sorted((folder / "probes").glob("*-layer-*"))
    if record["analysis"] != "structure" or not places:
        raise FindingsError(
            f"{folder}: holds the analysis {record['analysis']} and {len(places)} probes; expected the folder of a run"
        )
    for split in subject.scored:
        bank = subject.splits[split]
        if bank.digest == record["splits"]["train"]["digest"]:
            raise TreebankError(
                f"{bank.path or bank.name}: the {split} treebank trained the probes in {folder}; expected other "
                "sentences to score them on"
            )
    identity = {"checkpoint": {"name": subject.encoder.name, "digest": subject.encoder.digest}}
    probes: list[Probe] = []
    for place in places:
        kind = DistanceProbe if place.name.startswith("distance") else DepthProbe
        probes.append(kind.from_pretrained(place, identity=identity))
    return SavedProbes(probes, record)
