"""Probes of several layers at once: their states joined end to end."""

from collections.abc import Sequence
from dataclasses import replace

from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import Probe, SplitStates, measure, new_probes, train
from treeprobe.pipeline.results.scores import CONCATENATION, Measurement
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import ConcatenatedStates


def concatenation_probes(
    subject: Subject, states: SplitStates, options: Options
) -> tuple[Sequence[Probe], list[Measurement]]:
    """Distance and depth probes of the layers in `options.concatenate` together, for every rank and seed.

    Returns:
        The trained probes, which have no layer of their own, and their tallies on every split that is scored.
    """
    if not options.concatenate:
        return [], []
    layers = options.fitted(dim=subject.encoder.dim, layers=subject.encoder.layers).concatenate
    joined = {split: ConcatenatedStates(own, layers) for split, own in states.items()}
    # One probe for each rank and seed, of no layer: what is read is the only layer of the joined states.
    probes = [probe.set_params(layer=None) for probe in new_probes(subject, replace(options, layers=layers[:1]))]
    found = measure(subject, train(subject, probes, joined), joined, options)
    return probes, [one.as_baseline(subject.encoder.name, CONCATENATION) for one in found]
