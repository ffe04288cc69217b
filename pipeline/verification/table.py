"""The table of architectures: small random models of each, verified, and what of treeprobe works with them."""

import re
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from treeprobe.pipeline.verification.architectures import ARCHITECTURES, Architecture
from treeprobe.pipeline.verification.checks import Check
from treeprobe.pipeline.verification.plain import Number
from treeprobe.pipeline.verification.verifying import NUMBERS, Verification, verify
from treeprobe.pipeline.verification.vocabularies import SENTENCES

COLUMNS = ("states", "attention", "edits of states", "edits of attention", "scores")
"""The checks that the table shows; states stand for layers, alignment and batching too."""
WORKS, REFUSED, DIFFERS = "yes", "no", "differs"


@dataclass(frozen=True)
class ArchitectureRow:
    """What works with an architecture."""

    architecture: Architecture
    found: Verification

    def cell(self, column: str) -> tuple[str, str]:
        """Whether something works, and what is to be said of it."""
        checks = [one for one in self.found.checks if one.name in _CHECKS.get(column, (column,))]
        for check in checks:
            if check.verdict == "differs":
                return DIFFERS, f"{check.name} differ by {check.difference:.2g} in {check.place}"
        for check in checks:
            if check.verdict == "refused":
                return REFUSED, self._told(check)
        if not checks:  # without states nothing else was tried
            return self.cell("states")
        return WORKS, self._told(checks[0]) if checks[0].note else ""

    def _told(self, check: Check) -> str:
        """The message without the name of the model, so that one is said once."""
        text = check.refusal or check.note
        text = text.replace(self.found.architecture, "the model").replace(f"checkpoint {self.found.model}", "it")
        text = re.sub(rf"\ba {self.architecture.model_type}\b", "the model", text)
        for numbers, without in _NUMBERS:
            text = re.sub(numbers, without, text)
        return text


_NUMBERS = (
    (r"\([\d, ]+\)", "(…)"),
    (r"sums to \S+ over", "sums to something else than 1 over"),
    (r" of \d+ sentences, \d+ heads and \d+ subwords", ""),
)
"""Numbers that differ from model to model, or from machine to machine, in messages that are else the same."""
_CHECKS = {"states": ("layers", "alignment", "states", "batching")}


def verify_architectures(
    names: Iterable[str] | None = None,
    *,
    numbers: Sequence[Number] = NUMBERS,
    device: str = "cpu",
    done: Callable[[str], object] = lambda _: None,
) -> list[ArchitectureRow]:
    """Verify a small random model of each architecture, saved as a checkpoint and loaded again.

    Args:
        names: names of `ARCHITECTURES`; all where None.
        numbers, device: as in `verify`.
        done: called with the name of each when it is done.
    """
    rows = []
    for name in ARCHITECTURES if names is None else names:
        architecture = ARCHITECTURES[name]
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of transformers, about kernels that are not installed
            saved = architecture.save(Path(folder) / name)
            rows.append(ArchitectureRow(architecture, verify(str(saved), SENTENCES, numbers=numbers, device=device)))
        done(name)
    return rows


def architecture_frame(rows: Sequence[ArchitectureRow]) -> pd.DataFrame:
    """A row for each architecture and column: whether it works, the largest differences, what is said of it."""
    table = []
    for row in rows:
        for column in COLUMNS:
            works, told = row.cell(column)
            checks = [one for one in row.found.checks if one.name in _CHECKS.get(column, (column,))]
            largest = {
                f"difference_{number}": max(
                    (one.difference for one in checks if one.number == number and one.difference is not None),
                    default=None,
                )
                for number in NUMBERS
            }
            one = row.architecture
            table.append({
                "architecture": one.title, "model_type": one.model_type, "kind": one.kind,
                "positions": one.positions, "attends": one.attention, "what": column, "works": works,
                **largest, "message": told,
            })  # fmt: skip
    return pd.DataFrame(table)


def architecture_text(rows: Sequence[ArchitectureRow]) -> str:
    """The table as Markdown, messages numbered below it; it holds no number that differs from machine to machine."""
    messages: dict[str, int] = {}
    lines = [
        f"| architecture | kind | positions | attends | {' | '.join(COLUMNS)} |",
        "|" + "---|" * (4 + len(COLUMNS)),
    ]
    for row in rows:
        cells = []
        for column in COLUMNS:
            works, told = row.cell(column)
            number = messages.setdefault(told, len(messages) + 1) if told else None
            cells.append(works if number is None else f"{works} ({number})")
        one = row.architecture
        lines.append(f"| {' | '.join([one.title, one.kind, one.positions, one.attention, *cells])} |")
    notes = [f"{number}. {message[0].upper()}{message[1:]}." for message, number in messages.items()]
    return "\n".join([*lines, "", *notes, ""])
