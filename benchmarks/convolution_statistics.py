"""Statistics of kernels over a treebank against the bare forward pass that returns attention, in one run.

    python benchmarks/convolution_statistics.py en_ewt-dev.conllu

The bare pass is transformers' own: sentences sorted by length, batches of as many positions, `output_attentions=True`,
attention thrown away. Each is timed several times in turn and the fastest kept, so that other work on the machine
weighs on both alike. Memory is what the sums hold, and the most that the process held, after the longest tenth of the
treebank and after all of it.
"""

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from treeprobe.attention.relations import RelationTally, relations_of
from treeprobe.convolution import fit_kernels, measure_offsets
from treeprobe.convolution.statistics import OffsetTally
from treeprobe.extraction import Encoder, embedded_checkpoint, stream_attention
from treeprobe.extraction.batching import TOKEN_BUDGET
from treeprobe.parsing import Treebank, read_conllu


@torch.inference_mode()
def bare_pass(encoder: Encoder, words: Sequence[Sequence[str]]) -> None:
    """Tokenise, sort, and run the model with attention returned."""
    encoder.model.set_attn_implementation("eager")
    ids = sorted(encoder.tokenizer([" ".join(s) for s in words])["input_ids"], key=len, reverse=True)
    first = 0
    while first < len(ids):
        size = max(1, TOKEN_BUDGET // len(ids[first]))
        batch = encoder.tokenizer.pad({"input_ids": ids[first : first + size]}, return_tensors="pt")
        encoder.run(batch["input_ids"], batch["attention_mask"], output_attentions=True)
        first += size


def offsets_and_relations(encoder: Encoder, bank: Treebank) -> None:
    """What the command does in its pass between words."""
    offsets, relations = OffsetTally(), RelationTally(relations_of(bank))
    for batch in stream_attention(encoder, bank.words):
        offsets.update(batch)
        relations.update(batch, bank)


def fastest(tasks: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each task's fastest run, the tasks taking turns."""
    best = dict.fromkeys(tasks, float("inf"))
    for _ in range(rounds):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def sum_up(encoder: Encoder, words: Sequence[Sequence[str]]) -> OffsetTally:
    """Sums over the sentences, and a line that says what they took."""
    tally = OffsetTally()
    for batch in stream_attention(encoder, words):
        tally.update(batch)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(words):6} sentences: sums of {tally.nbytes / 1024:.0f} KiB, the process at most {peak:.0f} MiB")
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("treebank", type=Path)
    parser.add_argument("--model", default=None, help="a checkpoint; MiniLM's package unless given")
    parser.add_argument("--sentences", type=int, help="only so many, from the start")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    bank = read_conllu(arguments.treebank)[: arguments.sentences]
    encoder = Encoder.from_pretrained(arguments.model or embedded_checkpoint())
    print(f"{len(bank)} sentences, {encoder.name}, {torch.get_num_threads()} threads")
    longest_first = sorted(bank.words, key=len, reverse=True)
    sum_up(encoder, longest_first[: max(1, len(bank) // 10)])
    statistics = sum_up(encoder, longest_first).result()
    seconds = fastest(
        {
            "bare forward pass": lambda: bare_pass(encoder, bank.words),
            "offset statistics, words": lambda: measure_offsets(stream_attention(encoder, bank.words)),
            "offset statistics, subwords": lambda: measure_offsets(
                stream_attention(encoder, bank.words, level="subwords")
            ),
            "offsets and relations, words": lambda: offsets_and_relations(encoder, bank),
            "fitting all kernels": lambda: fit_kernels(statistics),
        },
        arguments.rounds,
    )
    for name, value in seconds.items():
        print(f"{name:32} {value:7.2f} s   {value / seconds['bare forward pass']:5.2f} × bare")


if __name__ == "__main__":
    main()
