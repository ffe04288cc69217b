"""How long each stage of an analysis takes."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from tqdm import tqdm

Progress = bool | Literal["stages"]
"""What is shown of work in progress: nothing, stages and bars, or, where bars would fill a log, stages alone."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stopwatch:
    """Seconds spent in each named stage, in the order in which the stages were entered.

    With `progress`, each stage is named on standard error when it first begins, so that one without a progress bar
    does not look like a standstill; a log names it in any case.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    progress: Progress = False
    begun: float = field(default_factory=time.perf_counter)

    @property
    def record(self) -> dict[str, float]:
        """The seconds of every stage, and `total`: those since the watch was made."""
        return {**self.seconds, "total": round(time.perf_counter() - self.begun, 3)}

    def say(self, text: str, **more: object) -> None:
        """Write a line to standard error where progress is shown, and to the log in any case, with `more` as fields."""
        _LOG.info("%s", text, extra=more)
        if self.progress:
            tqdm.write(text, file=sys.stderr)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent in the block to the stage `name`."""
        if name not in self.seconds:
            self.say(f"{name} …", event="stage begins", stage=name)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)
