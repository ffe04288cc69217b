"""What all benchmarks measure with: two clocks, memory, the rate of matrix products, and ratios with goals."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Literal

import torch

from treeprobe.files import write_json

Clock = Literal["wall", "processor"]

INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16")
"""Instruction sets that decide how fast matrices are multiplied, as Linux names them."""


@dataclass(frozen=True)
class Timings:
    """Seconds of one side, round by round, on the wall clock and of all processors together."""

    wall: tuple[float, ...]
    processor: tuple[float, ...]

    def on(self, clock: Clock) -> tuple[float, ...]:
        """Seconds of each round on one of the clocks."""
        return self.wall if clock == "wall" else self.processor


def interleaved(sides: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, Timings]:
    """Time several sides in turn, so that whatever else the machine does weighs on all of them alike."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, work in sides.items():
            found[name].append(clocked(work))
    return {name: Timings(*map(tuple, zip(*seconds))) for name, seconds in found.items()}


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of one run."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


@dataclass(frozen=True)
class Ratio:
    """One row of the table: what was measured, what was found, and what was hoped for.

    Attributes:
        name: what is compared with what.
        value: the median over rounds; None where it could not be measured, and `note` says why.
        spread: the least and the greatest over rounds; None for a single measurement.
        goal: None where the figure is for orientation.
        better: which side of the goal is hoped for.
        unit: "×" for a ratio; "s", "MB" or "GFLOP/s" for a plain figure.
        note: what a reader has to know, such as that one side was measured on a slice and scaled.
    """

    name: str
    value: float | None
    spread: tuple[float, float] | None = None
    goal: float | None = None
    better: Literal["lower", "higher"] = "lower"
    unit: str = "×"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a value or a goal."""
        if self.value is None or self.goal is None:
            return None
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal


def ratio(
    name: str,
    over: Timings,
    under: Timings,
    *,
    scale: float = 1.0,
    clock: Clock = "wall",
    goal: float | None = None,
    better: Literal["lower", "higher"] = "lower",
    note: str = "",
) -> Ratio:
    """The median over rounds of `scale` times one side's seconds over another's of the same round."""
    quotients = [scale * one / other for one, other in zip(over.on(clock), under.on(clock), strict=True)]
    return median_of(name, quotients, goal=goal, better=better, note=note)


def median_of(name: str, values: Sequence[float], **more: Any) -> Ratio:
    """The median of several measurements with their spread; `more` as in `Ratio`."""
    return Ratio(name, median(values), (min(values), max(values)), **more)


def peak_megabytes() -> float:
    """Greatest resident memory of this program (Linux); getrusage would count the process that started it too."""
    return _status("VmHWM")


def resident_megabytes() -> float:
    """Resident memory of this program now (Linux)."""
    return _status("VmRSS")


def begin_peak_anew() -> None:
    """Let `peak_megabytes` forget what was taken before (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def _status(field: str) -> float:
    (line,) = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith(f"{field}:")]
    return int(line.split()[1]) / 1024


def product_rate(
    dtype: torch.dtype = torch.float32, *, device: str = "cpu", size: int = 2048, repeats: int = 7
) -> float:
    """Operations a second of large matrix products: the median of several, with as many threads as torch has."""
    first, second = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))

    def multiply() -> None:
        first @ second
        if device != "cpu":
            torch.cuda.synchronize(device)

    multiply()
    return 2 * size**3 / median(clocked(multiply)[0] for _ in range(repeats))


def machine() -> dict[str, Any]:
    """What the figures depend on besides this program, and the day."""
    listed = Path("/proc/cpuinfo")  # Linux; elsewhere the instructions stay unknown
    lines = listed.read_text().splitlines() if listed.exists() else []
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    processor = fields.get("model name") or platform.processor() or platform.machine()
    flags = fields.get("flags", fields.get("Features", "")).split()
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "instructions": [each for each in INSTRUCTIONS if each in flags],
        "python": platform.python_version(),
        **{package: version(package) for package in ("torch", "transformers", "numpy")},
        "date": date.today().isoformat(),
    }


def report(benchmark: str, ratios: Sequence[Ratio], *, out: Path | None = None) -> None:
    """Print the rows of one benchmark, and write them to `out`/`benchmark`.json where a folder is given."""
    for row in ratios:
        print(line_of(row), flush=True)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_rows(out / f"{benchmark}.json", ratios)


def line_of(row: Ratio) -> str:
    """A row as a line of plain text."""
    value, spread, goal, verdict = cells(row)
    return f"{row.name:88}  {value:>14}  {spread:>18}  {goal:>8}  {verdict}"


def cells(row: Ratio) -> tuple[str, str, str, str]:
    """The value with its unit, the least and the greatest, the goal, and whether it is met, as they are shown."""
    return (
        "–" if row.value is None else f"{shown(row.value)} {row.unit}",
        "" if row.spread is None else f"{shown(row.spread[0])} to {shown(row.spread[1])}",
        "" if row.goal is None else f"{'≤' if row.better == 'lower' else '≥'} {shown(row.goal)}",
        "not measured" if row.value is None else {True: "met", False: "missed", None: ""}[row.met],
    )


def shown(value: float) -> str:
    """A number with the digits that a measurement of time can have."""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"


def write_rows(path: Path, ratios: Sequence[Ratio]) -> None:
    """Write rows with the machine that they were measured on, whole or not at all."""
    content = {"machine": machine(), "rows": [asdict(row) | {"met": row.met} for row in ratios]}
    write_json(path, content)


def read_rows(path: Path) -> tuple[dict[str, Any], list[Ratio]]:
    """The machine and the rows that `write_rows` wrote."""
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = [{name: value for name, value in row.items() if name != "met"} for row in content["rows"]]
    return content["machine"], [Ratio(**row | {"spread": row["spread"] and tuple(row["spread"])}) for row in rows]


def in_own_process(module: str, *arguments: object) -> Any:
    """Run `python -m MODULE ARGUMENTS`, and return the JSON on the last line that it prints.

    Memory is measured in processes of their own, where nothing else has been done.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])
