"""Which tasks a job of an array begins with: its own share, and then those of the others, so that none is special."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from treeprobe.pipeline.sweeps.tasks import SweepError, Task

_ARRAY = "SLURM_ARRAY_TASK_"


@dataclass(frozen=True)
class Share:
    """One of `jobs` equal shares of a sweep's tasks; `number` counts from 1."""

    number: int
    jobs: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.jobs:
            raise SweepError(f"task {self}: expected I/N with I from 1 to N, such as 3/8")

    def __str__(self) -> str:
        return f"{self.number}/{self.jobs}"

    @classmethod
    def parse(cls, text: str) -> "Share":
        """The share that `I/N` names. Raises SweepError for anything else."""
        match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text)
        if match is None:
            raise SweepError(f"task {text!r}: expected I/N with I from 1 to N, such as 3/8")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of_array(cls, environment: Mapping[str, str]) -> "Share | None":
        """The share of a job of a Slurm array; None outside of one.

        An array may begin anywhere and leave numbers out (`--array=10-70:20`, `--array=1,5,7`). Where the numbers have
        no common step two jobs may begin with one share, which costs nothing but that they meet.

        Raises SweepError when Slurm's variables are not numbers.
        """
        if f"{_ARRAY}ID" not in environment:
            return None
        try:
            place, jobs = int(environment[f"{_ARRAY}ID"]), int(environment.get(f"{_ARRAY}COUNT", "1"))
            first, step = int(environment.get(f"{_ARRAY}MIN", "0")), int(environment.get(f"{_ARRAY}STEP", "1"))
            return cls((place - first) // max(step, 1) % max(jobs, 1) + 1, max(jobs, 1))
        except ValueError as error:
            found = ", ".join(f"{name}={value}" for name, value in environment.items() if name.startswith(_ARRAY))
            raise SweepError(f"found {found}; expected numbers, as Slurm gives them to a job of an array") from error

    def ordered(self, tasks: Sequence[Task], *, among: Sequence[Task]) -> list[Task]:
        """Some tasks of a sweep: those of this share in their order, then those of each share after it, from its end.

        A share is a run of neighbours, so that tasks of one checkpoint are mostly in one; whoever helps begins where
        its owner will be last.

        Args:
            among: all tasks of the sweep, which are what shares are of.
        """
        places = {task.name: place for place, task in enumerate(among)}

        def key(task: Task) -> tuple[int, int]:
            place = places[task.name]
            away = (self._of(place, len(among)) - self.number) % self.jobs
            return away, -place if away else place

        return sorted(tasks, key=key)

    def own(self, tasks: Sequence[Task]) -> list[Task]:
        """The tasks of this share alone."""
        return [task for place, task in enumerate(tasks) if self._of(place, len(tasks)) == self.number]

    def _of(self, place: int, tasks: int) -> int:
        """The number of the share that a task is in."""
        return place * self.jobs // tasks + 1
