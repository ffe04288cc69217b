"""Transfer: probes trained on one treebank or language, scored on another."""

import math
from functools import partial

from treeprobe.pipeline.closing_table import closing_table
from treeprobe.pipeline.options import Options, OptionsError
from treeprobe.pipeline.probing.probes import load_probes, measure_split
from treeprobe.pipeline.results.findings import Findings
from treeprobe.pipeline.results.scores import CHOSEN_ON, best_layer, layer_scores, reported_split, tabulate
from treeprobe.pipeline.results.tally_files import write_tallies
from treeprobe.pipeline.subjects.subject import Subject


def transfer(subject: Subject, options: Options) -> Findings:
    """Score the probes of a structural analysis of the same checkpoint on every split of another treebank.

    States are read as the probes' own were, whatever the options say.

    Raises FindingsError when the folder of probes holds none, ProbeError when they belong to other weights.
    """
    if subject.probes is None:
        raise OptionsError("transfer needs the folder of a structural analysis (probes); found none")
    saved = load_probes(subject.probes, subject)
    options = saved.reading(options)
    measured = [
        measure_split(subject, split, saved.probes, subject.states(split, options), options) for split in subject.scored
    ]
    measurements = [one for split in measured for one in split.measurements]
    with subject.stage("bootstrap"):
        scores = tabulate(measurements)
    edges = {split.name: split.edges for split in measured}
    trained_on, best, split = saved.record["treebank"], best_layer(scores), reported_split(scores)
    value = math.nan if best is None else layer_scores(scores, split=split).get(best, math.nan)
    told = f"{value:.1%} of the edges at layer {best}, {CHOSEN_ON[split]}, in"
    found = "no edge to score in" if math.isnan(value) else told
    return Findings(
        summary=f"{subject.encoder.name}: probes of {trained_on} find {found} {subject.treebank} ({split}).",
        tables={"scores": scores},
        artefacts={"tallies": partial(write_tallies, measurements=measurements, edges=edges)},
        details={"trained_on": trained_on},
        closing=closing_table(scores),
    )
