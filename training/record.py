"""What a pre-training run has recorded: its options, its losses by step, and what it knew of held-out text."""

from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from treeprobe.records import Fields
from treeprobe.training.evaluation import Evaluation
from treeprobe.training.options import PretrainingError, PretrainingOptions

RECORD = "training.json"
"""The name of the record in the folder of a run."""


@dataclass(frozen=True)
class TrainingRecord:
    """The record of a run, of the steps that are done.

    Attributes:
        options: what it is trained with.
        step: how many steps are done and recorded.
        losses: step, objective (`language_model`, `next_sentence`) and loss, in nats, before the step's update.
        held_out: step and the fields of `Evaluation`, a row for each evaluation; empty without held-out text.
    """

    options: PretrainingOptions
    step: int
    losses: pd.DataFrame
    held_out: pd.DataFrame

    @property
    def complete(self) -> bool:
        """Whether all steps are done."""
        return self.step == self.options.steps

    @classmethod
    def read(cls, run: str | Path) -> "TrainingRecord":
        """Read the record in the folder of a run.

        Raises:
            PretrainingError: there is none, or it is damaged.
        """
        path = Path(run) / RECORD
        try:
            found = Fields.read(path, error=PretrainingError, remedy="pre-train again")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise PretrainingError(f"{run} has no {RECORD}; expected the folder of a pre-training run") from error
        known = {field.name for field in fields(PretrainingOptions)}
        options = {name: value for name, value in found.part("options").content.items() if name in known}
        options["save_steps"] = tuple(options["save_steps"])
        losses = found.part("losses")
        rows = [(step, name, loss) for name in losses.content for step, loss in enumerate(losses.items(name), start=1)]
        columns = ["step", *(field.name for field in fields(Evaluation))]
        return cls(
            PretrainingOptions(**options),
            found.integer("step"),
            pd.DataFrame(rows, columns=["step", "objective", "loss"]),
            pd.DataFrame([part.content for part in found.parts("held_out")], columns=columns),
        )
