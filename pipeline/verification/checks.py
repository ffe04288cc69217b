"""One thing that is compared: what with what, the largest difference, and what follows from it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.pipeline.verification.plain import Number

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
"""Largest difference that counts as rounding, by the number format that both sides compute in."""
SHARP = 1e-3
"""Least difference between what an edit must change and what it was before."""

Verdict = Literal["equal", "differs", "refused"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A comparison of treeprobe with transformers.

    Differences are between numbers of ordinary size absolute, and where the largest number of a vector is above 1, its
    share.
    """

    name: str
    """What of treeprobe was looked at: layers, alignment, states, batching, attention, edits, scores."""
    compared: str
    """What was compared with what."""
    number: Number | None = None
    """Number format that both sides computed in; None where integers were compared."""
    difference: float | None = None
    """The largest difference, or how many integers differ; None where treeprobe refused."""
    place: str = ""
    """Where it is."""
    refusal: str = ""
    """The message with which treeprobe refused."""
    note: str = ""
    """What one should know though it is no fault."""

    @property
    def tolerance(self) -> float:
        """The largest difference that counts as none."""
        return 0.0 if self.number is None else TOLERANCE[self.number]

    @property
    def verdict(self) -> Verdict:
        """Whether both sides are equal up to the tolerance, or treeprobe refused."""
        if self.difference is None:
            return "refused"
        # NaN is no small difference.
        return "equal" if self.difference <= self.tolerance else "differs"


class Largest:
    """The largest difference so far, and where it is."""

    def __init__(self) -> None:
        self.value, self.place = 0.0, ""

    def add(self, found: NDArray[np.floating], expected: NDArray[np.floating], place: str) -> None:
        """Compare two arrays whose last axis are vectors; arrays of other shapes differ infinitely."""
        if found.shape != expected.shape:
            self.value, self.place = np.inf, f"{place}: shape {found.shape}, expected {expected.shape}"
            return
        if not expected.size:
            return
        differences = np.abs(found.astype(np.float64) - expected)
        scale = np.maximum(1.0, np.abs(expected).max(-1, keepdims=True))
        value = float((differences / scale).max())
        if not value <= self.value:  # NaN too
            self.value, self.place = value, place

    def check(self, name: str, compared: str, number: Number, *, note: str = "") -> Check:
        """What it says of a comparison; arguments as of `Check`."""
        return Check(name=name, compared=compared, number=number, difference=self.value, place=self.place, note=note)
