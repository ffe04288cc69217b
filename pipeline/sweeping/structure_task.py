"""The structural task of a sweep: probes of every layer, rank and seed, with all that later comparisons need."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction import Encoder, States
from treeprobe.parsing import Scorer, Sentence, Treebank, edge_table, punctuation_mask
from treeprobe.parsing.decoding import complete_tree, minimum_spanning_edges
from treeprobe.pipeline.record import Stopwatch
from treeprobe.pipeline.structural.analysis import (
    Measurement,
    Predictions,
    Probe,
    chain_measurement,
    extract_splits,
    fit_probes,
    kind_of,
    layer_probes,
    score_probes,
    score_splits,
    scored_splits,
)
from treeprobe.pipeline.structural.controls import measure_control
from treeprobe.pipeline.structural.run import RANDOM_WEIGHTS
from treeprobe.pipeline.structural.tables import tabulate
from treeprobe.pipeline.sweeping.keeping import EDGE_COLUMNS, FoundEdges, write_kept
from treeprobe.pipeline.sweeping.plan import SweepOptions
from treeprobe.probes import DistanceProbe

SAMPLE_LENGTHS = range(4, 41)


def analyse_structure(
    encoder: Encoder,
    banks: Mapping[str, Treebank],
    folder: Path,
    *,
    options: SweepOptions,
    cache: Path,
    stopwatch: Stopwatch,
) -> None:
    """Train the probes, score them on every split but `train`, and write everything into `folder`.

    Writes scores.csv, the kept tallies and edges, the probes, and trees.json for the explorer.
    """
    options = options.within(encoder.dim)
    states = extract_splits(encoder, banks, cache=cache, stopwatch=stopwatch, progress=False)
    probes = probes_of(states["train"], options, ranks=options.ranks)
    fit_probes(probes, states, banks, stopwatch=stopwatch, progress=False)
    measurements: list[Measurement] = []
    edges: dict[str, FoundEdges] = {}
    for split in scored_splits(banks):
        found, edges[split], samples = measure(
            encoder.name, probes, states[split], banks[split], split, options=options, stopwatch=stopwatch
        )
        measurements += found
        measurements.append(chain_measurement(encoder.name, banks[split], split, punctuation=options.punctuation))
        if split == "dev":
            write_trees(folder / "trees.json", banks[split], samples, options=options)
    if options.control:
        measurements += measure_control(
            encoder.name,
            probes_of(states["train"], options, ranks=options.ranks),
            states,
            banks,
            punctuation=options.punctuation,
            stopwatch=stopwatch,
            progress=False,
        )
    if options.random_baseline:
        measurements += random_weights(encoder, banks, options=options, cache=cache, stopwatch=stopwatch)
    with stopwatch.stage("bootstrap"):
        tabulate(measurements).to_csv(folder / "scores.csv", index=False)
    with stopwatch.stage("write"):
        write_kept(folder, measurements, edges)
        for probe in probes:
            probe.save_pretrained(folder / "probes" / probe_folder(probe))


def probes_of(states: States, options: SweepOptions, *, ranks: Sequence[int]) -> list[Probe]:
    """The probes of every rank, not yet trained, so that all can be in one pass."""
    return [probe for rank in ranks for probe in layer_probes(states, options.probe_options(rank), seeds=options.seeds)]


def random_weights(
    encoder: Encoder, banks: Mapping[str, Treebank], *, options: SweepOptions, cache: Path, stopwatch: Stopwatch
) -> list[Measurement]:
    """Probes of the largest rank on the same architecture with random weights, told as a baseline of the checkpoint."""
    twin = encoder.with_random_weights(seed=0)
    states = extract_splits(twin, banks, cache=cache, stopwatch=stopwatch, progress=False)
    probes = probes_of(states["train"], options, ranks=[max(options.ranks)])
    fit_probes(probes, states, banks, stopwatch=stopwatch, progress=False)
    found = score_splits(twin.name, probes, states, banks, punctuation=options.punctuation, stopwatch=stopwatch)
    return [measurement.as_baseline(encoder.name, RANDOM_WEIGHTS) for measurement in found]


def measure(
    checkpoint: str,
    probes: Sequence[Probe],
    states: States,
    bank: Treebank,
    split: str,
    *,
    options: SweepOptions,
    stopwatch: Stopwatch,
) -> tuple[list[Measurement], FoundEdges, dict[tuple[str, int], Predictions]]:
    """Tallies of every probe, the edges that distance probes found, and what the sample sentences get.

    Predictions of a whole treebank are dropped as soon as they are scored, so memory does not grow with probes. The
    last item maps (kind, layer) to one array for each sentence of `sample_numbers`, of the largest rank's first seed.
    """
    measurements, settings, correct = [], [], []
    scorer = Scorer(bank, punctuation=options.punctuation)
    samples: dict[tuple[str, int], Predictions] = {}
    numbers = sample_numbers(bank, options.samples)
    for probe, predicted, measurement in score_probes(
        checkpoint, probes, states, scorer, treebank=bank.name, split=split, stopwatch=stopwatch
    ):
        measurements.append(measurement)
        if isinstance(probe, DistanceProbe):
            settings.append(measurement.setting)
            with stopwatch.stage(f"score {split}"):
                correct.append(np.concatenate([hits for _, hits in scorer.edges(predicted)]))
        if probe.layer is not None and (probe.rank, probe.seed) == (max(options.ranks), options.seeds[0]):
            samples[kind_of(probe), probe.layer] = [predicted[number] for number in numbers]
    # Gold edges are those of any prediction, so a table of the gold distances' own holds their columns.
    edges = edge_table(bank, bank.distances, punctuation=options.punctuation)[list(EDGE_COLUMNS)]
    return measurements, FoundEdges(edges, settings, np.stack(correct)), samples


def write_trees(
    path: Path, bank: Treebank, samples: Mapping[tuple[str, int], Predictions], *, options: SweepOptions
) -> None:
    """The gold trees of the sample sentences and their recovered heads at every layer, as JSON for the explorer."""
    sentences = [bank[number] for number in sample_numbers(bank, options.samples)]
    masks = [punctuation_mask(sentence, options.punctuation) for sentence in sentences]
    layers = sorted({layer for _, layer in samples})
    record = {
        "treebank": bank.name,
        "split": "dev",
        "rank": max(options.ranks),
        "sentences": [
            {
                "identifier": sentence.identifier,
                "words": list(sentence.words),
                "heads": list(sentence.heads),
                "relations": list(sentence.relations),
                "scored": (~mask).tolist(),
                "edges": scored_edges(sentence, mask),
            }
            for sentence, mask in zip(sentences, masks)
        ],
        "layers": layers,
        "recovered": [
            [
                heads_of(distances, depths, mask)
                for distances, depths, mask in zip(samples["distance", layer], samples["depth", layer], masks)
            ]
            for layer in layers
        ],
    }
    path.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")


def scored_edges(sentence: Sentence, left_out: NDArray[np.bool_]) -> list[list[int]]:
    """The gold edges that UUAS counts, between words of the sentence: those of the tree without punctuation."""
    words = np.flatnonzero(~left_out)
    edges = minimum_spanning_edges(sentence.distances[np.ix_(words, words)])
    return [[int(a), int(b)] for a, b in words[edges]]


def heads_of(distances: NDArray[np.float32], depths: NDArray[np.float32], left_out: NDArray[np.bool_]) -> list[int]:
    """Recovered heads as plain numbers."""
    return [int(head) for head in complete_tree(distances, depths, left_out=left_out)]


def sample_numbers(bank: Treebank, count: int) -> list[int]:
    """Up to `count` sentences of readable length, spread evenly over the treebank; the same for every checkpoint."""
    readable = [number for number, sentence in enumerate(bank) if len(sentence) in SAMPLE_LENGTHS]
    readable = readable or [number for number, sentence in enumerate(bank) if len(sentence) > 1]
    places = np.linspace(0, len(readable) - 1, min(count, len(readable))).round().astype(int)
    return [readable[place] for place in dict.fromkeys(places.tolist())]


def probe_folder(probe: Probe) -> str:
    """Where a probe is saved inside a task's `probes` folder."""
    return f"{kind_of(probe)}-layer-{probe.layer}-rank-{probe.rank}-seed-{probe.seed}"
