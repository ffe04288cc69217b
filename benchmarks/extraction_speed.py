"""Extraction against one sentence at a time and against the bare forward pass, all in one run on one machine.

    python benchmarks/extraction_speed.py --treebank en_ewt-dev.conllu [--sentences 600] [--rounds 3]

Each round runs every side once, so that a busy machine slows all of them; the best round of each counts. Goals:
2.2 times the words a second of one sentence at a time in float32, 6 times with bfloat16, and 0.9 of the bare batched
forward pass of the same number format that stores nothing.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from treeprobe.extraction import Encoder, Reading, batching, embedded_checkpoint, extract, list_caches
from treeprobe.extraction.batching import Batcher, cut_windows
from treeprobe.extraction.text import Text
from treeprobe.parsing import read_conllu

Words = Sequence[Sequence[str]]


def one_at_a_time(encoder: Encoder, words: Words) -> None:
    """What published scripts do: tokenize, run and average each sentence by itself."""
    for sentence in words:
        inputs = encoder.tokenizer(list(sentence), is_split_into_words=True, return_tensors="pt")
        with torch.no_grad():
            states = torch.stack(encoder.model(**inputs, output_hidden_states=True).hidden_states)[:, 0]
        word_ids = np.array([-1 if word is None else word for word in inputs.word_ids()])
        np.stack([states[:, word_ids == word].mean(1).numpy() for word in range(len(sentence))])


def bare_forward(encoder: Encoder, words: Words) -> None:
    """The same batches through the model, hidden states asked for, nothing kept."""
    batcher = Batcher(encoder, max_subwords=encoder.max_subwords)
    alignment = batcher.align(Text(words))
    windows = cut_windows(alignment, batcher.capacity)
    for _, batch in batcher.batches(alignment, windows, np.arange(len(windows.lengths))):
        encoder.hidden_states(batch.input_ids, batch.attention_mask)


def with_budget(budget: int, action: Callable[[Encoder], object], encoder: Encoder) -> None:
    """Run a side with batches of so many positions."""
    batching.TOKEN_BUDGET = budget
    action(encoder)


def seconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--treebank", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budgets", type=int, nargs="*", default=[batching.TOKEN_BUDGET])
    options = parser.parse_args()
    words = list(read_conllu(options.treebank).words)[: options.sentences]
    total = sum(map(len, words))
    exact = Encoder.from_pretrained(embedded_checkpoint())
    half = Encoder.from_pretrained(embedded_checkpoint(), dtype="bfloat16")
    root = Path(tempfile.mkdtemp())
    sides: dict[str, Callable[[], object]] = {"one at a time, float32": lambda: one_at_a_time(exact, words)}
    for budget in options.budgets:
        for encoder in (exact, half):
            name = f"{encoder.dtype}, budget {budget}"
            for side, action in {
                "bare forward": lambda e: bare_forward(e, words),
                "extract": lambda e: extract(e, words),
                "extract to disk as float16": lambda e: extract(
                    e, words, reading=Reading(storage="float16"), cache=tempfile.mkdtemp(dir=root)
                ),
            }.items():
                sides[f"{side}, {name}"] = lambda e=encoder, b=budget, act=action: with_budget(b, act, e)
    best = dict.fromkeys(sides, float("inf"))
    try:
        for encoder in (exact, half):
            extract(encoder, words[:50])
        for _ in range(options.rounds):
            for name, action in sides.items():
                best[name] = min(best[name], seconds(action))
        entry = list_caches(next(path for path in root.iterdir()))[0]
    finally:
        shutil.rmtree(root)
    slow = best["one at a time, float32"]
    print(f"{len(words)} sentences, {total} words, {torch.get_num_threads()} threads, best of {options.rounds}")
    print(f"{'':56}{'seconds':>9}{'words/s':>9}{'against one at a time':>23}{'against bare forward':>22}")
    for name, spent in best.items():
        settings = name.split(", ", 1)[1]
        bare = best.get(f"bare forward, {settings}")
        against = f"{bare / spent:22.2f}" if bare else ""
        print(f"{name:56}{spent:9.2f}{total / spent:9.0f}{slow / spent:23.2f}{against}")
    per_word = entry.bytes / total / len(exact.layers)
    print(f"bytes a word and layer, float16: {per_word:.1f}, of which numbers {2 * exact.dim} "
          f"({per_word / (2 * exact.dim) - 1:+.2%})")  # fmt: skip


if __name__ == "__main__":
    main()
