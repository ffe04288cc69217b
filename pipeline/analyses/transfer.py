"""Transfer: probes trained on one treebank or language, scored on another."""

from functools import partial

from treeprobe.pipeline.closing_table import closing_table
from treeprobe.pipeline.findings import Findings
from treeprobe.pipeline.options import Options, OptionsError
from treeprobe.pipeline.probing import load_probes, measure_split
from treeprobe.pipeline.scores import best_layer, layer_scores, tabulate
from treeprobe.pipeline.subject import Subject
from treeprobe.pipeline.tally_files import write_tallies


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
    trained_on, best = saved.record["treebank"], best_layer(scores)
    found = "no edge to score" if best is None else f"{layer_scores(scores)[best]:.1%} of the edges at layer {best}"
    return Findings(
        summary=f"{subject.encoder.name}: probes of {trained_on} find {found} of {subject.treebank}.",
        tables={"scores": scores},
        artefacts={"tallies": partial(write_tallies, measurements=measurements, edges=edges)},
        details={"trained_on": trained_on},
        closing=closing_table(scores),
    )
