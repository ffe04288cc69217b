"""Which differences between variants are more than seeds and sentences: one table for all experiments."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from treeprobe.parsing.scores import mean_tally, resample
from treeprobe.pipeline.ablations.collecting import Measured
from treeprobe.pipeline.ablations.variants import Experiment, Variant

COLUMNS = (
    "experiment", "variant", "measure", "step", "seeds", "value", "sd", "low", "high",
    "reference", "difference", "difference_low", "difference_high", "separated",
)  # fmt: skip
Variants = Mapping[str, Sequence[Measured]]


def compare_variants(measured: Sequence[Measured], variants: Sequence[Variant]) -> pd.DataFrame:
    """Every measure of every variant: its mean over seeds, and how it differs from the experiment's first variant.

    The 95 % intervals of a mean and of a difference cover other seeds and other sentences at once. Their variance is
    the sum of two: that between seeds, pooled over all variants of the experiment (with as many degrees of freedom for
    Student's t as there are runs beyond the first of each variant), and that of the bootstrap over documents or
    sentences, paired in a difference. With one seed the first is unknown, and intervals are of sentences alone.
    `separated` says that the interval of the difference excludes zero.

    Args:
        measured: what was measured of the runs.
        variants: those of the experiments that are wanted; the first of each is its reference.

    Returns:
        a row for each variant, measure and step, in the order of `variants`; of `steps` all steps, of the others the
        last.
    """
    rows: list[dict[str, Any]] = []
    for experiment in dict.fromkeys(variant.experiment for variant in variants):
        own = [variant for variant in variants if variant.experiment == experiment]
        for measure, step in _asked(measured, experiment):
            found = {variant.name: _seeds(measured, variant, measure, step) for variant in own}
            rows += _compare({name: seeds for name, seeds in found.items() if seeds}, experiment, own[0].name)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _asked(measured: Sequence[Measured], experiment: Experiment) -> list[tuple[str, int]]:
    """The measures and steps of an experiment: the last step, and of `steps` all."""
    own = [one for one in measured if any(variant.experiment == experiment for variant in one.run.variants)]
    return list(
        dict.fromkeys(
            (one.measure, one.step)
            for one in sorted(own, key=lambda one: one.step)
            if experiment == "steps" or one.step == one.run.options.steps
        )
    )


def _seeds(measured: Sequence[Measured], variant: Variant, measure: str, step: int) -> list[Measured]:
    """What was measured of a variant, by seed."""
    own = [one for one in measured if variant in one.run.variants and (one.measure, one.step) == (measure, step)]
    return sorted(own, key=lambda one: one.run.seed)


def _compare(found: Variants, experiment: Experiment, reference: str) -> Iterator[dict[str, Any]]:
    """A row for each variant of one measure at one step."""
    names = list(found)
    values = {name: [one.tally.value for one in seeds] for name, seeds in found.items()}
    sampled = resample([mean_tally([one.tally for one in seeds]) for seeds in found.values()])
    variance, degrees = pooled_variance(list(values.values()))
    t = float(stats.t.ppf(0.975, degrees)) if degrees else float(stats.norm.ppf(0.975))
    for place, name in enumerate(names):
        one, own = found[name][0], values[name]
        mean = float(np.mean(own))
        width = t * math.sqrt(variance / len(own) + float(np.nanvar(sampled.values[place])))
        row = {
            "experiment": experiment, "variant": name, "measure": one.measure, "step": one.step, "seeds": len(own),
            "value": mean, "sd": float(np.std(own, ddof=1)) if len(own) > 1 else math.nan,
            "low": mean - width, "high": mean + width,
        }  # fmt: skip
        if name != reference and reference in values:
            first = names.index(reference)
            gaps = float(np.nanvar(sampled.values[place] - sampled.values[first]))
            between = variance * (1 / len(own) + 1 / len(values[reference]))
            difference, width = mean - float(np.mean(values[reference])), t * math.sqrt(between + gaps)
            row |= {
                "reference": reference, "difference": difference, "difference_low": difference - width,
                "difference_high": difference + width, "separated": abs(difference) > width,
            }  # fmt: skip
        yield row


def pooled_variance(groups: Sequence[Sequence[float]]) -> tuple[float, int]:
    """The variance within groups, pooled, and its degrees of freedom; (0.0, 0) where no group has two values."""
    squares = sum(float(np.square(np.asarray(group) - np.mean(group)).sum()) for group in groups)
    degrees = sum(len(group) - 1 for group in groups)
    return (squares / degrees, degrees) if degrees else (0.0, 0)
