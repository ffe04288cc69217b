"""Extraction with its cache against the bare forward pass, and against one sentence at a time.

    python -m benchmarks.extraction_speed --treebank FOLDER [--sentences 1000] [--rounds 3] [--budgets 1024 1536]

Dev of the treebank. The bare pass is transformers' own, on batches that were tokenized, sorted by length and padded
beforehand, all hidden states asked for and dropped. Extraction reads the words and writes all layers to a new cache, in
float16 as `treeprobe run` does. One at a time is what published scripts do: tokenize, run, average subwords; it is
measured on a tenth of the sentences, spread evenly, and scaled by words. Its vectors must be those of extraction.
With `--budgets`, extraction and bare pass at other sizes of batches, as plain figures.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from benchmarks.bare import Words, bare_pass, ready_batches, sentence_states
from benchmarks.inputs import open_encoder, parser, read_bank
from benchmarks.measuring import Ratio, interleaved, median_of, ratio, report
from treeprobe.extraction import Encoder, Reading, batching, extract
from treeprobe.extraction.encoder import Dtype
from treeprobe.probes.states import evenly_spaced
from treeprobe.processor import multiplies_bfloat16

GOALS: dict[Dtype, tuple[float, float]] = {"float32": (0.95, 2.5), "bfloat16": (0.90, 6.0)}
"""The least share of the bare pass's speed, and the least multiple of one sentence at a time."""


def main() -> None:
    options = parser(__doc__, sentences=1000, rounds=3)
    options.add_argument("--budgets", type=int, nargs="*", default=[])
    arguments = options.parse_args()
    words = read_bank(arguments, "dev").words
    rows = [row for dtype in GOALS for row in compare(arguments, words, dtype)]
    rows += [row for budget in arguments.budgets for row in at_budget(arguments, words, budget)]
    report("extraction_speed", rows, out=arguments.out)


def compare(arguments: argparse.Namespace, words: Words, dtype: Dtype) -> Iterator[Ratio]:
    """Both ratios in one number format; one at a time is always in float32, as published scripts are."""
    against_bare, against_one = GOALS[dtype]
    names = [
        f"extraction with its cache, {dtype}: speed, against the bare forward pass",
        f"extraction with its cache, {dtype}: speed, against one sentence at a time in float32",
    ]
    if dtype == "bfloat16" and not multiplies_bfloat16(torch.cpu):
        for name, goal in zip(names, (against_bare, against_one)):
            yield Ratio(name, None, goal=goal, better="higher", note="the processor has no products in bfloat16")
        return
    encoder, exact = open_encoder(arguments, dtype=dtype), open_encoder(arguments)
    part = [words[row] for row in evenly_spaced(len(words), most=max(1, len(words) // 10))]
    check_vectors(encoder, part, sentence_states(exact, part))
    batches = ready_batches(encoder, words)
    times = interleaved(
        {
            "bare": lambda: bare_pass(encoder, batches),
            "ours": lambda: to_new_cache(encoder, words),
            "one": lambda: sentence_states(exact, part),
        },
        rounds=arguments.rounds,
    )
    yield ratio(names[0], times["bare"], times["ours"], goal=against_bare, better="higher")
    scale = sum(map(len, words)) / sum(map(len, part))
    note = f"one at a time: {len(part)} of {len(words)} sentences, scaled by words"
    yield ratio(names[1], times["one"], times["ours"], scale=scale, goal=against_one, better="higher", note=note)


def check_vectors(encoder: Encoder, words: Words, expected: Sequence[np.ndarray]) -> None:
    """Refuse to compare what differs: extraction's vectors with those of one sentence at a time."""
    tolerance = 1e-4 if encoder.dtype == "float32" else 0.1
    states = extract(encoder, words)
    for place, each in enumerate(expected):
        found = states.read([place])
        scale = np.abs(each).max(axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(found / scale, each / scale, atol=tolerance)


def to_new_cache(encoder: Encoder, words: Words) -> None:
    """Extract all layers to a cache that holds nothing yet."""
    with tempfile.TemporaryDirectory() as cache:
        extract(encoder, words, reading=Reading(storage="float16"), cache=cache)


def at_budget(arguments: argparse.Namespace, words: Words, budget: int) -> Iterator[Ratio]:
    """Words a second of both sides with batches of so many positions."""
    encoder, usual = open_encoder(arguments), batching.TOKEN_BUDGET
    batches = ready_batches(encoder, words, budget=budget)
    batching.TOKEN_BUDGET = budget
    try:
        times = interleaved(
            {"bare pass": lambda: bare_pass(encoder, batches), "extraction": lambda: to_new_cache(encoder, words)},
            rounds=arguments.rounds,
        )
    finally:
        batching.TOKEN_BUDGET = usual
    for side, seconds in times.items():
        speeds = [sum(map(len, words)) / each for each in seconds.wall]
        yield median_of(f"{side}, batches of {budget} positions, float32", speeds, unit="words/s")


if __name__ == "__main__":
    main()
