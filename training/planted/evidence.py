"""What the planted models have learnt of agreement, beside models that know no structure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy.stats import binomtest

from treeprobe.parsing.stimuli import AgreementPair
from treeprobe.training.planted.choices import Choices
from treeprobe.training.planted.material import is_new_combination


@dataclass(frozen=True)
class Evidence:
    """How often models and baselines prefer the right form of a verb.

    Attributes:
        choices: a row for each model and pair: model, construction, attractors, new_combination, right (1, 0 or 0.5).
        most_trained: most nouns between subject and verb in training.
    """

    choices: pd.DataFrame
    most_trained: int

    def accuracies(self, *by: str) -> pd.DataFrame:
        """The share of right choices by model and further columns, with its 95 % interval (Wilson 1927) and `n`."""
        groups = self.choices.groupby(["model", *by], sort=False)["right"]
        found = groups.agg(accuracy="mean", n="size").reset_index()
        intervals = [
            binomtest(round(accuracy * n), n).proportion_ci(method="wilson")
            for accuracy, n in zip(found["accuracy"], found["n"])
        ]
        found["low"], found["high"] = [one.low for one in intervals], [one.high for one in intervals]
        return found

    @property
    def summary(self) -> pd.DataFrame:
        """Accuracy by attractors (rows) and model; last, across trained attractors, of verbs new to their subjects."""
        attractors = self.choices["attractors"]
        groups = {
            f"{number} attractors" + (", never trained" if number > self.most_trained else ""): attractors == number
            for number in sorted(attractors.unique())
        }
        new = attractors.between(1, self.most_trained) & self.choices["new_combination"]
        groups["1 or more, new combination"] = new
        means = {
            name: self.choices[rows].groupby("model")["right"].mean() for name, rows in groups.items() if any(rows)
        }
        return pd.DataFrame(means).T.loc[:, list(dict.fromkeys(self.choices["model"]))]

    @property
    def record(self) -> dict[str, Any]:
        """The accuracies as JSON: by attractors, by construction and attractors, and by combination."""
        by = {
            "by_attractors": ("attractors",),
            "by_construction": ("construction", "attractors"),
            "by_combination": ("new_combination", "attractors"),
        }
        tables = {name: self.accuracies(*columns).round(4) for name, columns in by.items()}
        return {name: table.astype(object).to_dict("records") for name, table in tables.items()}


def gather_evidence(choices: Mapping[str, Choices], pairs: Sequence[AgreementPair], *, most_trained: int) -> Evidence:
    """The choices of models and baselines on the same pairs.

    Args:
        choices: of each model, by its name, (pairs,).
        most_trained: most nouns between subject and verb in training.
    """
    described = pd.DataFrame(
        {
            "construction": [pair.construction for pair in pairs],
            "attractors": [pair.attractors for pair in pairs],
            "new_combination": [is_new_combination(pair) for pair in pairs],
        }
    )
    rows = [described.assign(model=model, right=right) for model, right in choices.items()]
    return Evidence(pd.concat(rows, ignore_index=True), most_trained)
