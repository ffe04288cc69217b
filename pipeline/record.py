"""What a command leaves on record beside its results: arguments, versions, checkpoint, treebanks, timings."""

import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from treeprobe.extraction import Encoder
from treeprobe.parsing import Treebank

PACKAGES = ("treeprobe", "torch", "transformers", "tokenizers", "numpy", "scipy", "networkx", "scikit-learn")


@dataclass(frozen=True)
class Stopwatch:
    """Seconds spent in each named stage, in the order the stages were entered.

    With `announce`, each stage is named on standard error when it first begins, so that those without a bar of their
    own are not taken for a standstill.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    announce: bool = False

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


def versions() -> dict[str, str]:
    """The versions that the result depends on, Python's included."""
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}


def checkpoint_record(encoder: Encoder, source: str | Path) -> dict[str, Any]:
    """What a record says of the checkpoint that was found at `source`: its name, place and digest."""
    return {"name": encoder.name, "path": lasting_path(source), "digest": encoder.digest}


def treebank_record(bank: Treebank) -> dict[str, Any]:
    """What a record says of a treebank: its name, place, size and digest."""
    return {"name": bank.name, "path": bank.path, "sentences": len(bank), "digest": bank.digest}


def lasting_path(checkpoint: str | Path) -> str:
    """Where a checkpoint is, whatever the working directory: an absolute path for a folder, a hub name as it is."""
    folder = Path(checkpoint).expanduser()
    return str(folder.absolute()) if folder.is_dir() else str(checkpoint)
