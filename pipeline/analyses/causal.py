"""Whether a model uses the trees that a probe finds in it: interventions on its states, beside random controls."""

from treeprobe.pipeline.analyses.behaviour import collect_pairs, number_forms
from treeprobe.pipeline.analyses.causal_summary import causal_closing, causal_summary, draw_effects
from treeprobe.pipeline.effects.comparison import effects_table
from treeprobe.pipeline.effects.conditions import ACTING_ON, check_interventions
from treeprobe.pipeline.effects.experiment import Experiment
from treeprobe.pipeline.effects.measures import ACCURACY, Measure
from treeprobe.pipeline.effects.sentences import some_sentences
from treeprobe.pipeline.effects.verdict import Judged
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.findings import Findings
from treeprobe.pipeline.subjects.subject import Subject


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
    part = some_sentences(subject, options)
    pairs = collect_pairs(part, options, number_forms(subject))  # forms of all sentences, not of those read alone
    experiment = Experiment.of(part, options, pairs=pairs)
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
