"""Time and memory of surveying all heads, behaviour and relations, on a treebank.

    python benchmarks/attention_survey.py --treebank en_ewt-dev.conllu [--model FOLDER]

Time: beside the bare batched forward pass that returns attention, both in turn in one process. The bare pass reads the
same sentences, tokenized, sorted by length and padded beforehand, and keeps nothing. Goal: at most 1.5 times as long.
Memory: each size in a process of its own, its text the treebank's first sentences again and again. Goal: no growth.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from treeprobe.attention import survey_heads
from treeprobe.extraction import Encoder, embedded_checkpoint, stream_attention
from treeprobe.extraction.batching import TOKEN_BUDGET
from treeprobe.parsing import Treebank, read_conllu

ROUNDS = 3
SENTENCES = 500
TIMES = (1, 2, 4, 8)


def bare_forward(encoder: Encoder, batches: Sequence[dict[str, torch.Tensor]]) -> None:
    """The model on ready batches, attention returned and dropped."""
    for batch in batches:
        encoder.model(**batch, output_attentions=True)


def ready_batches(encoder: Encoder, bank: Treebank, *, budget: int = TOKEN_BUDGET) -> list[dict[str, torch.Tensor]]:
    """Sentences sorted by length, at most `budget` padded positions a batch, tokenized beforehand."""
    ids = encoder.tokenizer([list(words) for words in bank.words], is_split_into_words=True)["input_ids"]
    ids.sort(key=len, reverse=True)
    batches, start = [], 0
    while start < len(ids):
        group = ids[start : start + max(1, budget // len(ids[start]))]
        start += len(group)
        batches.append(dict(encoder.tokenizer.pad({"input_ids": group}, return_tensors="pt")))
    return batches


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_time(encoder: Encoder, bank: Treebank) -> None:
    """Print the ratio of each round, and that of the best of both."""
    encoder.model.set_attn_implementation("eager")
    batches = ready_batches(encoder, bank)
    with torch.inference_mode():
        bare_forward(encoder, batches[-2:])
        pairs = [
            (
                seconds(lambda: bare_forward(encoder, batches)),
                seconds(lambda: survey_heads(stream_attention(encoder, bank.words), bank)),
            )
            for _ in range(ROUNDS)
        ]
    for bare, survey in pairs:
        print(f"bare forward {bare:.2f} s, survey with forward {survey:.2f} s: {survey / bare:.2f}×")
    bare, survey = (min(column) for column in zip(*pairs))
    print(f"{len(bank)} sentences, best of {ROUNDS}: {survey / bare:.2f}×")


def peak_of_survey(encoder: Encoder, bank: Treebank) -> dict[str, float]:
    """What a process of its own prints: sentences, and the greatest resident memory of the survey, in MB."""
    survey_heads(stream_attention(encoder, bank.words), bank)
    return {"sentences": len(bank), "peak": peak()}


def peak() -> float:
    """Greatest resident memory of this program, in MB; getrusage would also count the process that started it."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def measure_memory() -> None:
    """Print the peak memory of each size of text."""
    found = []
    for times in TIMES:
        command = [sys.executable, *sys.argv, "--times", str(times)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"{found[-1]['sentences']:>6} sentences: peak {found[-1]['peak']:.0f} MB")
    print(f"{TIMES[-1]} times the sentences: {found[-1]['peak'] - found[0]['peak']:+.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--treebank", type=Path, required=True)
    parser.add_argument("--model", default=None, help="a checkpoint; the embedded one where none is given")
    parser.add_argument("--times", type=int, help="measure the memory of one size in this process")
    options = parser.parse_args()
    bank = read_conllu(options.treebank)
    encoder = Encoder.from_pretrained(options.model or embedded_checkpoint())
    if options.times:
        print(json.dumps(peak_of_survey(encoder, Treebank(list(bank)[:SENTENCES] * options.times))))
        return
    measure_time(encoder, bank)
    measure_memory()


if __name__ == "__main__":
    main()
