"""The device, and the memory that it takes."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from benchmarks.measuring import Ratio

GIB = 1 << 30


class Card:
    """The device: waits for it, and says what its memory held at most."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_cuda = torch.device(name).type == "cuda"

    def __str__(self) -> str:
        return torch.cuda.get_device_name(self.name) if self.is_cuda else "processor"

    def finish(self) -> None:
        """Wait until everything that was asked of it is done."""
        if self.is_cuda:
            torch.cuda.synchronize(self.name)

    def timed(self, work: Callable[[], object]) -> Callable[[], None]:
        """The work, over only when the device is done with it."""

        def finished() -> None:
            work()
            self.finish()

        return finished

    @contextmanager
    def peak(self, rows: list[Ratio], part: str) -> Iterator[None]:
        """Within this context the peak of memory is that of one part, which becomes a row."""
        gc.collect()
        if self.is_cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.name)
        began = time.perf_counter()
        yield
        taken = torch.cuda.max_memory_allocated(self.name) / GIB if self.is_cuda else None
        seconds = time.perf_counter() - began
        note = "" if self.is_cuda else "a card's alone is measured"
        rows.append(Ratio(f"{part}: peak of the card's memory", taken, unit="GiB", note=note))
        print(f"({part}: {seconds:.0f} s)", flush=True)
