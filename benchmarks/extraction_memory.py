"""Peak memory of an extraction as the text grows ten times, and the time and memory of opening its cache.

    python -m benchmarks.extraction_memory --treebank FOLDER [--sentences 400] [--dtype bfloat16]

Each size runs in a process of its own; the text is the first 400 sentences of dev again and again, or the first 100
in bfloat16 on a processor that has to emulate it, slowly.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from typing import Any, get_args

import torch

from benchmarks.bare import Words
from benchmarks.inputs import open_encoder, parser, read_bank
from benchmarks.measuring import Ratio, in_own_process, peak_megabytes, report, resident_megabytes
from treeprobe.extraction import Encoder, Reading, extract, list_caches, open_states
from treeprobe.extraction.encoder import Dtype
from treeprobe.processor import multiplies_bfloat16

TIMES = 10


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--times", type=int, help="measure one size in this process, and print it as JSON")
    options.add_argument("--dtype", choices=get_args(Dtype), help="measure one number format only")
    arguments = options.parse_args()
    if arguments.times:
        words = list(read_bank(arguments, "dev").words) * arguments.times
        print(json.dumps(measure(open_encoder(arguments, dtype=arguments.dtype), words)))
        return
    given = ["--treebank", arguments.treebank, *(["--model", arguments.model] if arguments.model else [])]
    rows: list[Ratio] = []
    for dtype in [arguments.dtype] if arguments.dtype else ["float32", "bfloat16"]:
        size = arguments.sentences or (400 if dtype == "float32" or multiplies_bfloat16(torch.cpu) else 100)
        one = [*given, "--sentences", size, "--dtype", dtype]
        once, often = (in_own_process("benchmarks.extraction_memory", *one, "--times", times) for times in (1, TIMES))
        rows += compare(dtype, once, often)
    report("extraction_memory", rows, out=arguments.out)


def measure(encoder: Encoder, words: Words) -> dict[str, float]:
    """Peak of an extraction to disk; then what opening its cache and reading a layer of it takes."""
    with tempfile.TemporaryDirectory() as cache:
        extract(encoder, words, reading=Reading(storage="float16"), cache=cache)
        found = {"words": float(sum(map(len, words))), "peak": peak_megabytes()}
        before, began = resident_megabytes(), time.perf_counter()
        states = open_states(list_caches(cache)[0].folder)
        found |= {"opening": time.perf_counter() - began, "opened": resident_megabytes() - before}
        for start in range(0, len(states), 100):
            states.read(slice(start, start + 100), [3])
        return found | {"read": resident_megabytes() - before}


def compare(dtype: Dtype, once: dict[str, Any], often: dict[str, Any]) -> Iterator[Ratio]:
    """What grows with the text in one number format."""
    note = f"{once['words']:,.0f} words: peak {once['peak']:.0f} MB; {often['words']:,.0f}: {often['peak']:.0f} MB"
    name = f"extraction, {dtype}: growth of its peak memory at {TIMES} times the text"
    yield Ratio(name, often["peak"] - once["peak"], goal=100, unit="MB", note=note)
    note = f"{often['opened']:.1f} MB more once opened, {often['read']:.1f} once a layer was read"
    yield Ratio(f"opening the cache of {often['words']:,.0f} words", often["opening"], unit="s", note=note)


if __name__ == "__main__":
    main()
