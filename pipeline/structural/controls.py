"""Is it the representation or the probe: the same probes trained on trees that no model has a reason to know."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction import States
from treeprobe.parsing import Difference, PunctuationRule, Score, Sentence, Tally, Treebank
from treeprobe.parsing.scores.intervals import difference
from treeprobe.pipeline.record import Stopwatch
from treeprobe.pipeline.score_table import Setting
from treeprobe.pipeline.structural.analysis import Measurement, Probe, fit_probes, score_splits
from treeprobe.probes import control_heads

CONTROL = "control"


def measure_control(
    checkpoint: str,
    probes: list[Probe],
    states: Mapping[str, States],
    banks: Mapping[str, Treebank],
    *,
    punctuation: PunctuationRule,
    stopwatch: Stopwatch,
    progress: bool = True,
) -> list[Measurement]:
    """Probes that are new, trained and scored on control trees of the same sentences, told as the baseline `control`.

    A control tree follows from the word types and their order alone (see `probes.control`, after Hewitt & Liang 2019).
    """
    trees = {split: control_bank(bank) for split, bank in banks.items()}
    quiet = Stopwatch()
    with stopwatch.stage("control"):
        fit_probes(probes, states, trees, stopwatch=quiet, progress=progress)
        found = score_splits(checkpoint, probes, states, trees, punctuation=punctuation, stopwatch=quiet)
    return [measurement.as_baseline(checkpoint, CONTROL) for measurement in found]


def control_bank(bank: Treebank) -> Treebank:
    """The same sentences with their control trees in place of the gold ones; no relation but `root` and `dep`."""
    return Treebank([control_sentence(sentence) for sentence in bank], name=bank.name, path=bank.path)


def control_sentence(sentence: Sentence) -> Sentence:
    """One sentence with its control tree."""
    heads = tuple(control_heads(sentence.words).tolist())
    return replace(sentence, heads=heads, relations=tuple("root" if head < 0 else "dep" for head in heads))


def selectivity_rows(
    measured: Sequence[tuple[Setting, Tally]], resampled: NDArray[np.float64]
) -> list[dict[str, object]]:
    """For each score that has a control, its selectivity as a row of the score table, metric `selectivity_…`.

    Selectivity is the score on gold trees less the score of the same layer, rank and seed on control trees (Hewitt &
    Liang 2019, figure 2); its interval resamples the sentences of both alike. All that is `measured` is of one split,
    and `resampled` holds each metric on the same resampled treebanks, (measured, resamples).
    """
    controls = {
        (*place(setting), tally.metric): number
        for number, (setting, tally) in enumerate(measured)
        if setting.probe == CONTROL
    }
    rows: list[dict[str, object]] = []
    for (setting, tally), values in zip(measured, resampled):
        control = controls.get((*place(setting), tally.metric))
        if control is not None and setting.probe in ("distance", "depth"):
            gap = difference(tally, measured[control][1], values - resampled[control])
            rows += setting.rows([selectivity_score(gap)])
    return rows


def place(setting: Setting) -> Sequence[int | None]:
    """What a probe and its control have in common."""
    return setting.layer, setting.rank, setting.seed


def selectivity_score(difference: Difference) -> Score:
    """The difference under the metric's name in the score table."""
    metric = f"selectivity_{difference.metric}"
    return Score(metric, difference.value, difference.low, difference.high, difference.n)
