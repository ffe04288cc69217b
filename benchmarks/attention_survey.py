"""Time of surveying all heads (behaviour and relations) beside the bare batched forward pass that returns attention.

Both run in turn in one process, on the same batches: python benchmarks/attention_survey.py en_ewt-dev.conllu [MODEL]
The bare pass runs the model on the same sentences, sorted by length and padded alike, and keeps nothing.
"""

import sys
import time
from collections.abc import Callable, Sequence

import torch

from attention import survey_heads
from extraction import Encoder, embedded_checkpoint, stream_attention
from parsing import Treebank, read_conllu

ROUNDS = 3


def bare_forward(encoder: Encoder, batches: Sequence[dict[str, torch.Tensor]]) -> None:
    """The model on ready batches, attention returned and dropped."""
    for batch in batches:
        encoder.model(**batch, output_attentions=True)


def ready_batches(encoder: Encoder, bank: Treebank, *, budget: int = 4096) -> list[dict[str, torch.Tensor]]:
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


def main(treebank: str, model: str | None = None) -> None:
    bank = read_conllu(treebank)
    encoder = Encoder.from_pretrained(model or embedded_checkpoint())
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
    print(f"best of {ROUNDS}: {survey / bare:.2f}×")


if __name__ == "__main__":
    main(*sys.argv[1:])
