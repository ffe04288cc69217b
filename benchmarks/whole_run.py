"""How long `treeprobe run` takes on a whole treebank: one seed, a random twin, control trees, nothing cached.

    python -m benchmarks.whole_run --treebank FOLDER [--sentences N]

Train, dev and test. A plain time on the clock says little without the machine, so the rate at which it multiplies
large matrices stands beside it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.inputs import parser
from benchmarks.measuring import Ratio, clocked, product_rate, report
from treeprobe.extraction import embedded_checkpoint


def main() -> None:
    arguments = parser(__doc__).parse_args()
    command = [sys.executable, "-m", "treeprobe", "run", "--model", arguments.model or str(embedded_checkpoint())]
    for split in ("train", "dev", "test"):
        command += [f"--{split}", arguments.treebank]
    command += ["--seeds", "1", "--quiet"]
    command += ["--max-sentences", str(arguments.sentences)] if arguments.sentences else []
    with tempfile.TemporaryDirectory() as place:
        folders = ["--out", str(Path(place) / "run"), "--cache", str(Path(place) / "cache")]
        seconds, _ = clocked(lambda: subprocess.run([*command, *folders], stdout=subprocess.DEVNULL, check=True))
    read = f"the first {arguments.sentences} sentences of each split" if arguments.sentences else "the whole treebank"
    rows = [
        Ratio(f"treeprobe run, {read}, one seed, random twin, control trees", seconds, goal=120, unit="s"),
        Ratio("the machine's matrix products, float32", product_rate() / 1e9, unit="GFLOP/s"),
    ]
    report("whole_run", rows, out=arguments.out)


if __name__ == "__main__":
    main()
