"""How long the package and the command take to start, beside a bare Python and an import of numpy.

    python -m benchmarks.start_time [--rounds 9] [--out FOLDER]

Each is a process of its own; they take turns, after each has run once.
"""

import subprocess
import sys

from benchmarks.inputs import parser
from benchmarks.measuring import interleaved, median_of, report

PYTHON = [sys.executable, "-c"]
SIDES: dict[str, tuple[list[str], float | None]] = {
    "python -c pass": ([*PYTHON, "pass"], None),
    "import numpy": ([*PYTHON, "import numpy"], None),
    "import treeprobe": ([*PYTHON, "import treeprobe"], 0.2),
    "treeprobe --help": ([sys.executable, "-m", "treeprobe", "--help"], 0.4),
}
"""Commands, and the most seconds that each should take."""


def main() -> None:
    arguments = parser(__doc__, rounds=9, treebank=False).parse_args()
    sides = {name: lambda command=command: started(command) for name, (command, _) in SIDES.items()}
    interleaved(sides, rounds=1)
    times = interleaved(sides, rounds=arguments.rounds)
    rows = [median_of(name, times[name].wall, unit="s", goal=goal) for name, (_, goal) in SIDES.items()]
    report("start_time", rows, out=arguments.out)


def started(command: list[str]) -> None:
    """Run a command to its end."""
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
