"""Peak memory of an extraction as the text grows ten times, and the time and memory of opening its cache.

    python benchmarks/extraction_memory.py --treebank en_ewt-dev.conllu

Each size runs in a process of its own; the text is the treebank's sentences again and again. Goal: less than 100 MB
more at ten times the size.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

from treeprobe.extraction import Encoder, Reading, embedded_checkpoint, extract, list_caches, open_states
from treeprobe.extraction.encoder import Dtype
from treeprobe.parsing import read_conllu


def peak() -> float:
    """Greatest resident memory of this program, in MB; getrusage would also count the process that started it."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def resident() -> float:
    """Resident memory of this process now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(treebank: Path, sentences: int, times: int, dtype: Dtype, cache: Path) -> dict[str, float]:
    words = list(read_conllu(treebank).words)[:sentences] * times
    encoder = Encoder.from_pretrained(embedded_checkpoint(), dtype=dtype)
    extract(encoder, words, reading=Reading(storage="float16"), cache=cache)
    reached = peak()
    before, begin = resident(), time.perf_counter()
    states = open_states(list_caches(cache)[0].folder)
    opened, grown = time.perf_counter() - begin, resident() - before
    for start in range(0, len(states), 100):
        states.read(slice(start, start + 100), [3])
    return {
        "words": int(states.lengths.sum()),
        "peak MB": reached,
        "ms to open": opened * 1000,
        "MB to open": grown,
        "MB to read it all": resident() - before,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--treebank", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=400)
    parser.add_argument("--times", type=int, help="measure one size in this process")
    parser.add_argument("--dtype", choices=get_args(Dtype), help="measure one number format only")
    options = parser.parse_args()
    if options.times:
        cache = Path(tempfile.mkdtemp())
        try:
            print(json.dumps(measure(options.treebank, options.sentences, options.times, options.dtype, cache)))
        finally:
            shutil.rmtree(cache)
        return
    for dtype in [options.dtype] if options.dtype else ["float32", "bfloat16"]:
        found = []
        for times in (1, 10):
            command = [sys.executable, *sys.argv, "--times", str(times), "--dtype", dtype]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{times:>2} times: " + ", ".join(f"{name} {value:.1f}" for name, value in found[-1].items()))
        print(f"{dtype}: peak memory grows by {found[1]['peak MB'] - found[0]['peak MB']:.0f} MB")


if __name__ == "__main__":
    main()
