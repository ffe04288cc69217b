"""Whether sharing helped: every rung beside separate probes, and the rung that dev chooses beside the best of those."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from treeprobe.parsing import Tally
from treeprobe.parsing.scores.intervals import mean_tally, resample
from treeprobe.pipeline.effects.comparison import RESAMPLES
from treeprobe.pipeline.effects.significance import holm
from treeprobe.pipeline.multitask.schemes import BASELINES, SEPARATE
from treeprobe.pipeline.multitask.training import HEADLINES, Fitted, Place

PLACE = ["layer", "rank", "sentences"]
TASK_OF = {"uuas": "distance", "dspr": "distance", "root_accuracy": "depth", "nspr": "depth"}
"""The task of each metric; all others are of relations."""


@dataclass(frozen=True)
class Rung:
    """A way of sharing with a weighting at one place, seeds averaged.

    Attributes:
        strengths: the strength that was kept, by metric; NaN where there is none.
        dev, test: mean tallies over seeds, by metric.
        spread: standard deviation over seeds on test, by metric; NaN for a single seed.
    """

    place: Place
    sharing: str
    weighting: str
    strengths: dict[str, float]
    dev: dict[str, Tally]
    test: dict[str, Tally]
    spread: dict[str, float]

    @property
    def preference(self) -> float:
        """The mean over tasks of their headline scores on dev."""
        return float(np.mean([self.dev[metric].value for metric in HEADLINES.values()]))


def rungs_of(fitted: Sequence[Fitted]) -> list[Rung]:
    """The rungs of fitted probes; the probes of separate tasks make one."""
    together: dict[tuple[Place, str, str], list[Fitted]] = defaultdict(list)
    for one in fitted:
        together[one.place, one.scheme.sharing, one.scheme.weighting].append(one)
    return [_rung(*key, several) for key, several in together.items()]


def _rung(place: Place, sharing: str, weighting: str, several: Sequence[Fitted]) -> Rung:
    """One rung of its probes, of all seeds."""
    own = {metric: [one for one in several if metric in one.test] for one in several for metric in one.test}
    strengths = {metric: probes[0].scheme.strength for metric, probes in own.items()}
    values = {metric: [one.test[metric].value for one in probes] for metric, probes in own.items()}
    return Rung(
        place,
        sharing,
        weighting,
        {metric: np.nan if strength is None else strength for metric, strength in strengths.items()},
        {metric: mean_tally([one.dev[metric] for one in probes]) for metric, probes in own.items()},
        {metric: mean_tally([one.test[metric] for one in probes]) for metric, probes in own.items()},
        {metric: float(np.std(each, ddof=1)) if len(each) > 1 else np.nan for metric, each in values.items()},
    )


def sharing_table(rungs: Sequence[Rung]) -> pd.DataFrame:
    """Every rung's scores on test, and their differences from separate probes without a penalty.

    Returns:
        A row for each layer, rank, number of sentences, sharing, weighting and metric: its task; strength (of the
        penalty, chosen on dev; missing where there is none); value, low, high, n and seed_sd; difference,
        difference_low, difference_high and p, from `separate` on the same sentences; `chosen`, whether dev prefers this
        weighting (of separate probes, this penalty) to the others of the same sharing.
    """
    rows = []
    for place in dict.fromkeys(rung.place for rung in rungs):
        here = [rung for rung in rungs if rung.place == place]
        best = {
            rung.sharing: max((one for one in here if one.sharing == rung.sharing), key=_preference) for rung in here
        }
        for metric in here[0].test:
            found = resample([rung.test[metric] for rung in here], resamples=RESAMPLES)
            separate = next(number for number, rung in enumerate(here) if rung.sharing == SEPARATE)
            for number, rung in enumerate(here):
                score, gap = found.score(number), found.difference(number, separate)
                own = rung.sharing == SEPARATE
                rows.append(
                    {
                        **vars(place),
                        "sharing": rung.sharing,
                        "weighting": rung.weighting,
                        "strength": rung.strengths[metric],
                        "task": TASK_OF.get(metric, "relation"),
                        "metric": metric,
                        **{name: getattr(score, name) for name in ("value", "low", "high", "n")},
                        "seed_sd": rung.spread[metric],
                        "difference": np.nan if own else gap.value,
                        "difference_low": np.nan if own else gap.low,
                        "difference_high": np.nan if own else gap.high,
                        "p": np.nan if own else gap.p,
                        "chosen": rung is best[rung.sharing],
                    }
                )
    return pd.DataFrame(rows)


def _preference(rung: Rung) -> float:
    return rung.preference


def gains_table(rungs: Sequence[Rung]) -> pd.DataFrame:
    """What sharing gains where dev chooses everything: how to share, and how to do without.

    At each place dev chooses the rung that shares by the mean of all tasks' headline scores, and of each task the
    better of its separate probes, with and without the trace norm of its own map. Both are compared on test.

    Returns:
        A row for each layer, rank, number of sentences and task: metric; sharing and weighting, as chosen; `against`,
        the separate probes chosen; separate and shared, the two scores; difference, low, high and p of the second less
        the first; p_holm, adjusted for all rows; `verdict`: helps, hurts or neither, by p_holm at .05.
    """
    rows = []
    for place in dict.fromkeys(rung.place for rung in rungs):
        here = [rung for rung in rungs if rung.place == place]
        shared = max((rung for rung in here if rung.sharing not in BASELINES), key=_preference)
        alone = [rung for rung in here if rung.sharing in BASELINES]
        for task, metric in HEADLINES.items():
            against = max(alone, key=lambda rung: rung.dev[metric].value)
            found = resample([shared.test[metric], against.test[metric]], resamples=RESAMPLES)
            gap = found.difference(0, 1)
            rows.append(
                {
                    **vars(place),
                    "task": task,
                    "metric": metric,
                    "sharing": shared.sharing,
                    "weighting": shared.weighting,
                    "against": against.sharing,
                    "separate": against.test[metric].value,
                    "shared": shared.test[metric].value,
                    "difference": gap.value,
                    "low": gap.low,
                    "high": gap.high,
                    "p": gap.p,
                }
            )
    table = pd.DataFrame(rows)
    adjusted = holm(table["p"].to_numpy())
    verdict = np.where(adjusted >= 0.05, "neither", np.where(table["difference"] > 0, "helps", "hurts"))
    return table.assign(p_holm=adjusted, verdict=verdict)
