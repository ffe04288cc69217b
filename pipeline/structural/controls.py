"""Is it the representation or the probe: the same probes trained on trees that no model has a reason to know."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from extraction import States
from parsing import Difference, Score, Sentence, Tally, Treebank, paired_differences
from pipeline.record import Stopwatch
from pipeline.score_table import Setting
from pipeline.structural.analysis import Measurement, ProbeOptions, evaluate, train_probes
from probes import control_heads

CONTROL = "control"


def measure_control(
    checkpoint: str,
    states: Mapping[str, States],
    banks: Mapping[str, Treebank],
    *,
    options: ProbeOptions,
    stopwatch: Stopwatch,
    progress: bool = True,
) -> list[Measurement]:
    """The same probes trained and scored on control trees of the same sentences, told as the baseline `control`.

    A control tree follows from the word types and their order alone (see `probes.control`, after Hewitt & Liang 2019).
    """
    trees = {split: control_bank(bank) for split, bank in banks.items()}
    with stopwatch.stage("control"):
        probes = train_probes(states, trees, options=options, stopwatch=Stopwatch(), progress=progress)
        structure = evaluate(checkpoint, probes, states, trees, options=options, stopwatch=Stopwatch())
    return [measurement.as_baseline(checkpoint, CONTROL) for measurement in structure.measurements]


def control_bank(bank: Treebank) -> Treebank:
    """The same sentences with their control trees in place of the gold ones; no relation but `root` and `dep`."""
    return Treebank([control_sentence(sentence) for sentence in bank], name=bank.name, path=bank.path)


def control_sentence(sentence: Sentence) -> Sentence:
    """One sentence with its control tree."""
    heads = tuple(control_heads(sentence.words).tolist())
    return replace(sentence, heads=heads, relations=tuple("root" if head < 0 else "dep" for head in heads))


def selectivity_rows(measurements: Iterable[Measurement]) -> list[dict[str, object]]:
    """For each score that has a control, its selectivity as a row of the score table, metric `selectivity_…`.

    Selectivity is the score on gold trees less the score of the same layer, rank and seed on control trees (Hewitt &
    Liang 2019, figure 2); its interval resamples the sentences of both alike. All measurements are of one split.
    """
    measurements = list(measurements)
    controls = {
        (*place(measurement.setting), metric): tally
        for measurement in measurements
        if measurement.setting.probe == CONTROL
        for metric, tally in measurement.tallies.items()
    }
    settings: list[Setting] = []
    pairs: list[tuple[Tally, Tally]] = []
    for measurement in measurements:
        for metric, tally in measurement.tallies.items():
            control = controls.get((*place(measurement.setting), metric))
            if control is not None and measurement.setting.probe in ("distance", "depth"):
                settings.append(measurement.setting)
                pairs.append((tally, control))
    return [
        row
        for setting, difference in zip(settings, paired_differences(pairs))
        for row in setting.rows([selectivity_score(difference)])
    ]


def place(setting: Setting) -> Sequence[int | None]:
    """What a probe and its control have in common."""
    return setting.layer, setting.rank, setting.seed


def selectivity_score(difference: Difference) -> Score:
    """The difference under the metric's name in the score table."""
    metric = f"selectivity_{difference.metric}"
    return Score(metric, difference.value, difference.low, difference.high, difference.n)
