"""The transfer task of a sweep: probes trained on one treebank or language, scored on another."""

from collections.abc import Mapping
from pathlib import Path

from treeprobe.extraction import Encoder
from treeprobe.parsing import Treebank
from treeprobe.pipeline.record import Stopwatch
from treeprobe.pipeline.structural.analysis import Probe, extract_splits, scored_splits
from treeprobe.pipeline.structural.tables import tabulate
from treeprobe.pipeline.sweeping.errors import SweepError
from treeprobe.pipeline.sweeping.keeping import write_kept
from treeprobe.pipeline.sweeping.plan import SweepOptions
from treeprobe.pipeline.sweeping.structure_task import measure
from treeprobe.probes import DepthProbe, DistanceProbe


def analyse_transfer(
    encoder: Encoder,
    banks: Mapping[str, Treebank],
    folder: Path,
    *,
    trained: Path,
    options: SweepOptions,
    cache: Path,
    stopwatch: Stopwatch,
) -> None:
    """Score the probes of the structural task in `trained` on other `banks`, and write scores and tallies.

    Raises SweepError when that task is not finished, ProbeError when its probes belong to other weights.
    """
    probes = read_probes(trained)
    states = extract_splits(
        encoder,
        {split: banks[split] for split in scored_splits(banks)},
        cache=cache,
        stopwatch=stopwatch,
        progress=False,
    )
    measurements, edges = [], {}
    for split, read in states.items():
        found, edges[split], _ = measure(
            encoder.name, probes, read, banks[split], split, options=options, stopwatch=stopwatch
        )
        measurements += found
    tabulate(measurements).to_csv(folder / "scores.csv", index=False)
    write_kept(folder, measurements, edges)


def read_probes(task: Path) -> list[Probe]:
    """Every probe that a structural task saved."""
    folders = sorted((task / "probes").glob("*"))
    if not folders:
        raise SweepError(f"{task.name} has no probes to carry over: it is not finished")
    return [
        (DistanceProbe if folder.name.startswith("distance") else DepthProbe).from_pretrained(folder)
        for folder in folders
    ]
