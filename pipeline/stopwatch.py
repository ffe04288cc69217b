"""How long each stage of an analysis takes."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tqdm import tqdm


@dataclass(frozen=True)
class Stopwatch:
    """Seconds spent in each named stage, in the order in which the stages were entered.

    With `announce`, each stage is named on standard error when it first begins, so that one without a progress bar
    does not look like a standstill.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    announce: bool = False
    begun: float = field(default_factory=time.perf_counter)

    @property
    def record(self) -> dict[str, float]:
        """The seconds of every stage, and `total`: those since the watch was made."""
        return {**self.seconds, "total": round(time.perf_counter() - self.begun, 3)}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent in the block to the stage `name`."""
        if self.announce and name not in self.seconds:
            tqdm.write(f"{name} …", file=sys.stderr)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)
