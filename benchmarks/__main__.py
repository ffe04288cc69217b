"""All ratios in one table, each benchmark in a process of its own, one after another; about ten minutes on two cores.

    python -m benchmarks --treebank FOLDER [--only parsing_scores start_time] [--sentences 200] [--record]

The machine should have nothing else to do. `--record` keeps the table in benchmarks/results/bench.json and on the page
docs/speed.md, which a test compares; it takes the whole set at its own sizes.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.inputs import parser
from benchmarks.measuring import Ratio, line_of, machine, read_rows, write_rows
from benchmarks.table import PAGE, RESULTS, markdown, with_table

SUITE: dict[str, dict[str, int | None]] = {
    "probes_speed": {"sentences": 4000, "rounds": 3},
    "extraction_speed": {"sentences": 1000, "rounds": 5},
    "head_statistics": {"sentences": 600, "rounds": 5},
    "parsing_scores": {"sentences": None, "rounds": 3},
    "sweep_workers": {"sentences": 1000, "rounds": 2},
    "extraction_memory": {"sentences": None},
    "whole_run": {"sentences": None},
    "start_time": {"rounds": 9},
}
"""The benchmarks, with how much each measures how often; None for its own default."""


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--rounds", type=int, help="how often each side is measured; each benchmark's own unless given"
    )
    options.add_argument("--only", nargs="+", choices=SUITE, default=list(SUITE), help="these benchmarks alone")
    options.add_argument("--record", action="store_true", help="keep the table in the repository")
    arguments = options.parse_args()
    if arguments.record and (arguments.sentences or arguments.rounds or len(arguments.only) < len(SUITE)):
        options.error("--record: found a part of the set; expected none of --only, --sentences and --rounds with it")
    with tempfile.TemporaryDirectory() as place:
        out = arguments.out or Path(place)
        measured = {name: run(name, words_for(name, arguments), out) for name in arguments.only}
    rows = [row for each in measured.values() for row in each]
    print(f"\n{machine()}\n")
    for row in rows:
        print(line_of(row), row.note, sep="  ")
    if failed := [name for name, each in measured.items() if not each]:
        raise SystemExit(f"failed: {', '.join(failed)}")
    if arguments.record:
        record(rows)


def words_for(name: str, arguments: argparse.Namespace) -> list[str]:
    """What a benchmark is called with: its own sizes, or those that were asked for."""
    sizes = {option: getattr(arguments, option) or size for option, size in SUITE[name].items()}
    words = [f"--{option}={size}" for option, size in sizes.items() if size is not None]
    if name == "start_time":
        return words
    model = [f"--model={arguments.model}"] if arguments.model else []
    return [f"--treebank={arguments.treebank}", f"--cache={arguments.cache}", *model, *words]


def run(name: str, words: list[str], out: Path) -> list[Ratio]:
    """The rows of one benchmark; none where it failed."""
    began = time.perf_counter()
    print(f"\n{name}", flush=True)
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *words, "--out", str(out)])
    print(f"{time.perf_counter() - began:.0f} s", flush=True)
    return [] if done.returncode else read_rows(out / f"{name}.json")[1]


def record(rows: list[Ratio]) -> None:
    """Keep the rows, and show them on the page."""
    RESULTS.parent.mkdir(exist_ok=True)
    write_rows(RESULTS, rows)
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_table(page, markdown(*read_rows(RESULTS))), encoding="utf-8")


if __name__ == "__main__":
    main()
