"""A BERT-large-sized model on a GPU: each part against the bare computation that it cannot do without, in one run.

    python -m benchmarks.gpu --treebank FOLDER [--sentences 2000] [--rounds 2] [--out FOLDER]
    python -m benchmarks.gpu --treebank FOLDER --device cpu --small --sentences 60      (to try the script)
    python -m benchmarks.gpu --markdown FOLDER/gpu.json                                 (the table of a run)

The model has random weights (24 layers, width 1,024, 16 heads) and a WordPiece tokenizer trained on the treebank.

extraction   all of train to memory in float16, against the same batches through the model with hidden states asked for
             and dropped; computed in float32 and in bfloat16. What bounds it is the slower of that pass and of a plain
             copy of as many bytes from the card to new memory, by as many threads
probes       all layers x distance and depth, rank 128, states on the card, against the matrix products of their
             projections alone at the rate that the card does them at, as `benchmarks/probes_speed.py` defines it. With
             products in bfloat16 they are so quick that a ratio would say nothing: an epoch is stated as a time
heads        the survey of heads, and the sums that kernels are fitted to, on 6,000 sentences of train, against the same
             batches through the model with attention returned and dropped
pre-training steps of a BERT-base-sized model a second, against a bare loop over batches that are on the card already
memory       the most that tensors took of the card's memory in each part
"""

import argparse
import copy
import gc
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from transformers import BertConfig, BertModel, get_linear_schedule_with_warmup

from benchmarks.inputs import parser, read_bank
from benchmarks.measuring import (
    Ratio,
    interleaved,
    median_of,
    product_rate,
    ratio,
    read_rows,
    report,
    write_rows,
)
from benchmarks.table import markdown
from treeprobe.attention import survey_heads
from treeprobe.convolution import measure_offsets
from treeprobe.devices import check_device
from treeprobe.extraction import Encoder, Reading, attention, extract, stream_attention, word_vectors
from treeprobe.extraction.attention import reported_attention
from treeprobe.extraction.batching import Batch
from treeprobe.parsing import Scorer, Treebank
from treeprobe.probes import DepthProbe, DistanceProbe, GoldTargets, fit_all
from treeprobe.probes.training import epochs_for
from treeprobe.training import PretrainingOptions
from treeprobe.training.examples import split_documents, training_batches
from treeprobe.training.models import new_model
from treeprobe.training.optimizing import TrainingLoop
from treeprobe.training.tokenizer import train_tokenizer

LARGE = {"num_hidden_layers": 24, "hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 4096}
SMALL = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 128}
VOCABULARY = 16_000
STEPS = 60
HEADS_SENTENCES = 6000
MORE_EPOCHS = 10
GIB = 1 << 30
PASSAGE = 32 << 20
"""Bytes that are copied from the card at once."""


class Card:
    """The device: waits for it, and says what its memory held at most."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_cuda = torch.device(name).type == "cuda"

    def __str__(self) -> str:
        return torch.cuda.get_device_name(self.name) if self.is_cuda else "processor"

    def finish(self) -> None:
        """Wait until everything that was asked of it is done."""
        if self.is_cuda:
            torch.cuda.synchronize(self.name)

    def timed(self, work: Callable[[], object]) -> Callable[[], None]:
        """The work, over only when the device is done with it."""

        def finished() -> None:
            work()
            self.finish()

        return finished

    @contextmanager
    def peak(self, rows: list[Ratio], part: str) -> Iterator[None]:
        """Within this context the peak of memory is that of one part, which becomes a row."""
        gc.collect()
        if self.is_cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.name)
        began = time.perf_counter()
        yield
        taken = torch.cuda.max_memory_allocated(self.name) / GIB if self.is_cuda else None
        seconds = time.perf_counter() - began
        note = "" if self.is_cuda else "a card's alone is measured"
        rows.append(Ratio(f"{part}: peak of the card's memory", taken, unit="GiB", note=note))
        print(f"({part}: {seconds:.0f} s)", flush=True)


def new_encoder(train: Treebank, *, small: bool, device: str) -> Encoder:
    """The model with random weights and a tokenizer for the treebank's text."""
    texts = [" ".join(words) for words in train.words]
    tokenizer = train_tokenizer(texts, vocabulary_size=500 if small else VOCABULARY, max_subwords=512)
    torch.manual_seed(0)
    model = BertModel(BertConfig(vocab_size=len(tokenizer), **(SMALL if small else LARGE)), add_pooling_layer=False)
    return Encoder.from_parts(model, tokenizer, name="random BERT", device=device)


def in_bfloat16(encoder: Encoder) -> Encoder:
    """The same model computing in bfloat16."""
    model = copy.deepcopy(encoder.model).cpu()
    return Encoder.from_parts(model, encoder.tokenizer, name=encoder.name, device=encoder.device, dtype="bfloat16")


def recorded(module: Any, name: str, work: Callable[[], object]) -> list[Batch]:
    """The batches that a function of a module is given, as its second argument, while the work is done."""
    batches: list[Batch] = []
    real = getattr(module, name)

    def spy(encoder: Encoder, batch: Batch, *more: Any) -> Any:
        batches.append(batch)
        return real(encoder, batch, *more)

    with mock.patch.object(module, name, spy):
        work()
    return batches


@torch.inference_mode()
def bare_states(encoder: Encoder, batches: Sequence[Batch]) -> None:
    """The model on ready batches, hidden states asked for and dropped."""
    for batch in batches:
        encoder.hidden_states(batch.input_ids, batch.attention_mask, batch.token_type_ids)


@torch.inference_mode()
def bare_attention(encoder: Encoder, batches: Sequence[Batch]) -> None:
    """The model on ready batches, attention returned and dropped."""
    with reported_attention(encoder):
        for batch in batches:
            encoder.run(batch.input_ids, batch.attention_mask, batch.token_type_ids, output_attentions=True)


def measure_extraction(card: Card, encoder: Encoder, bank: Treebank, *, rounds: int) -> list[Ratio]:
    """How much of extraction's time the bare pass over the same batches takes."""
    rows: list[Ratio] = []
    reading = Reading(storage="float16")
    part = f"extraction, {encoder.dtype}"
    with card.peak(rows, part):
        batches = recorded(word_vectors, "read_site", lambda: extract(encoder, bank.words, reading=reading))
        sides = {
            "bare": card.timed(lambda: bare_states(encoder, batches)),
            "extract": card.timed(lambda: extract(encoder, bank.words, reading=reading)),
        }
        words = sum(map(len, bank.words))
        size = words * len(encoder.layers) * encoder.dim * torch.float16.itemsize
        if card.is_cuda:
            sides["copy"] = lambda: copy_off(card, size)
            copy_off(card, size // 10)
        taken = interleaved(sides, rounds=rounds)
        rate = [words / seconds for seconds in taken["extract"].wall]
        # In bfloat16 the card computes states faster than memory takes them in.
        goal = 0.9 if encoder.dtype == "float32" else None
        rows += [
            ratio(f"{part}: share of the bare pass", taken["bare"], taken["extract"], goal=goal, better="higher"),
            median_of(f"{part}: thousand words a second", [each / 1000 for each in rate], unit="k/s"),
            median_of(f"{part}: extraction", taken["extract"].wall, unit="s"),
            median_of(f"{part}: the bare pass", taken["bare"].wall, unit="s"),
        ]
        if card.is_cuda:
            copies = taken["copy"].wall
            bounds = [max(pair) / whole for *pair, whole in zip(taken["bare"].wall, copies, taken["extract"].wall)]
            name = f"{part}: share of the slower of bare pass and plain copy"
            rows += [
                median_of(name, bounds, goal=0.9, better="higher"),
                median_of(f"{part}: a plain copy of as many bytes", copies, unit="s"),
                median_of(f"{part}: rate of that copy", [size / 1e9 / seconds for seconds in copies], unit="GB/s"),
            ]
    return rows


def copy_off(card: Card, size: int) -> None:
    """Copy so many bytes from the card through pinned memory to memory that is new, by threads, and let it go."""
    there = torch.zeros(PASSAGE, dtype=torch.uint8, device=card.name)
    kept: list[np.ndarray] = []

    def copy_parts(parts: int) -> None:
        stream = torch.cuda.Stream(card.name)
        pinned = torch.empty(PASSAGE, dtype=torch.uint8, pin_memory=True)
        for _ in range(parts):
            with torch.cuda.stream(stream):
                pinned.copy_(there, non_blocking=True)
            stream.synchronize()
            kept.append(pinned.numpy().copy())

    threads = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(copy_parts, [-(-size // (PASSAGE * threads))] * threads))


def product_seconds(card: Card, *, layers: int, words: int, dim: int, columns: int, dtype: torch.dtype) -> float:
    """Seconds for the projection of a batch of words on all layers, and its gradient, by the card's products alone."""
    generator = {"device": card.name, "dtype": dtype}
    x, b = torch.randn(layers, words, dim, **generator), torch.randn(layers, dim, columns, **generator)
    grad = torch.randn(layers, words, columns, **generator)
    times = 100 if card.is_cuda else 3

    def multiply() -> None:
        for _ in range(times):
            torch.bmm(x, b)
            torch.bmm(x.mT, grad)

    card.timed(multiply)()
    return min(interleaved({"products": card.timed(multiply)}, rounds=3)["products"].wall) / times


def measure_probes(card: Card, encoder: Encoder, bank: Treebank, dev: Treebank) -> list[Ratio]:
    """Training of all probes against their products, in float32 and with products in bfloat16."""
    rows: list[Ratio] = []
    states, held_out = (extract(encoder, each.words, reading=Reading(storage="float16")) for each in (bank, dev))
    gold = GoldTargets(list(bank.distances), list(bank.depths))
    rank = min(128, states.dim)
    words = int(states.lengths.sum())
    scorer = Scorer(dev)
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with card.peak(rows, f"probes, {precision}"):
            probes = [
                kind(layer, rank, device=card.name, precision=precision)
                for layer in states.layers
                for kind in (DistanceProbe, DepthProbe)
            ]
            size = probes[0].batch_size
            epochs = epochs_for(None, sentences=len(bank), batch_size=size)
            once = products = product_seconds(
                card, layers=len(states.layers), words=round(words / len(bank) * size), dim=states.dim,
                columns=2 * rank, dtype=dtype,
            )  # fmt: skip
            products = epochs * once * len(bank) / size
            # More epochs than one trains for, less as many: training alone, without packing gold and reading states.
            more = [
                type(each)(each.layer, rank, epochs=epochs + MORE_EPOCHS, device=card.name, precision=precision)
                for each in probes
            ]
            fit_all(more[:2], states, gold)
            taken = interleaved(
                {
                    "more": card.timed(lambda more=more: fit_all(more, states, gold)),
                    "all": card.timed(lambda probes=probes: fit_all(probes, states, gold)),
                },
                rounds=1,
            )
            everything = taken["all"].wall[0]
            epoch = (taken["more"].wall[0] - everything) / MORE_EPOCHS
            middle = probes[2 * (len(states.layers) // 2)]
            uuas = scorer.distances(middle.predict(held_out))["uuas"].value
            name = f"{len(probes)} probes, products in {precision}"
            rows += [
                Ratio(f"{name}: {epochs} epochs, with packing gold and reading states", everything, unit="s"),
                Ratio(f"{name}: an epoch", epoch, unit="s"),
                Ratio(f"{name}: a step", epoch * size / len(bank) * 1000, unit="ms"),
                Ratio(f"{name}: of an epoch, its products alone", products / epochs, unit="s"),
                *(
                    [Ratio(f"{name}: an epoch against its products alone", epoch * epochs / products, goal=2.0)]
                    if precision == "float32"
                    else []
                ),
                Ratio(f"{name}: UUAS on dev of the probe of layer {middle.layer}", uuas, unit=""),
            ]
    return rows


def measure_heads(card: Card, encoder: Encoder, bank: Treebank, *, rounds: int) -> list[Ratio]:
    """Statistics of heads and of kernels against the bare pass that returns attention."""
    rows: list[Ratio] = []
    with card.peak(rows, "heads"):
        batches = recorded(attention, "_attention", lambda: survey_heads(stream_attention(encoder, bank.words), bank))
        taken = interleaved(
            {
                "bare": card.timed(lambda: bare_attention(encoder, batches)),
                "survey": card.timed(lambda: survey_heads(stream_attention(encoder, bank.words), bank)),
                "kernels": card.timed(lambda: measure_offsets(stream_attention(encoder, bank.words))),
            },
            rounds=rounds,
        )
        rows += [
            ratio("head statistics against the bare pass with attention", taken["survey"], taken["bare"], goal=1.15),
            ratio("kernel statistics against the bare pass with attention", taken["kernels"], taken["bare"], goal=1.15),
            median_of(f"the bare pass with attention, {len(bank)} sentences", taken["bare"].wall, unit="s"),
        ]
    return rows


def measure_pretraining(card: Card, bank: Treebank, *, small: bool) -> list[Ratio]:
    """Steps of pre-training against a bare loop over batches that are on the card already."""
    rows: list[Ratio] = []
    size = {"layers": 2, "dim": 64, "heads": 2} if small else {"layers": 12, "dim": 768, "heads": 12}
    steps = 4 if small else STEPS
    options = PretrainingOptions(
        **size, vocabulary_size=500 if small else VOCABULARY, steps=2 * steps, save_steps=(0,), next_sentence=False,
        learning_rate=1e-4,
    )  # fmt: skip
    documents = split_documents(bank)
    lines = [line for document in documents for line in document]
    with card.peak(rows, "pre-training"):
        tokenizer = train_tokenizer(lines, vocabulary_size=options.vocabulary_size, max_subwords=options.max_subwords)
        models = [new_model(tokenizer, options).to(card.name).train() for _ in range(2)]
        ready = [
            {name: values.to(card.name) for name, values in batch.items()}
            for batch in islice(training_batches(tokenizer, documents, options), 2 * steps)
        ]
        ours = TrainingLoop(
            models[0],
            steps=options.steps,
            learning_rate=options.learning_rate,
            schedule=get_linear_schedule_with_warmup,
        ).run(training_batches(tokenizer, documents, options))
        bare = bare_steps(models[1], iter(ready))
        for loop in (ours, bare):
            list(islice(loop, steps))  # warm up: kernels are chosen for each shape when it is first met
        taken = interleaved(
            {
                "ours": card.timed(lambda: list(islice(ours, steps))),
                "bare": card.timed(lambda: list(islice(bare, steps))),
            },
            rounds=1,
        )
        rows += [
            ratio("pre-training against a bare loop", taken["ours"], taken["bare"], goal=1.15),
            median_of("pre-training: steps a second", [steps / s for s in taken["ours"].wall], unit="/s"),
        ]
    return rows


def bare_steps(model: Any, batches: Iterator[dict[str, torch.Tensor]]) -> Iterator[torch.Tensor]:
    """The textbook's loop with the model's own loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    for batch in batches:
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        yield loss.detach()


def main() -> None:
    options: argparse.ArgumentParser = parser(__doc__, rounds=2)
    options.add_argument("--device", default="cuda")
    options.add_argument("--small", action="store_true", help="a tiny model, to try the script")
    arguments = options.parse_args()
    check_device(torch, arguments.device)
    card = Card(arguments.device)
    train, dev = read_bank(arguments, "train"), read_bank(arguments, "dev")
    rates = {
        name: product_rate(dtype, device=arguments.device, size=512 if arguments.small else 8192) / 1e12
        for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16))
    }
    print(
        f"{card}, torch {torch.__version__}, {torch.get_num_threads()} threads; large products at "
        f"{rates['float32']:.1f} TFLOP/s in float32 and {rates['bfloat16']:.1f} in bfloat16; {len(train)} sentences "
        f"of {sum(map(len, train.words))} words, dev {len(dev)}",
        flush=True,
    )
    encoder = new_encoder(train, small=arguments.small, device=arguments.device)
    rounds = arguments.rounds
    parts: dict[str, Callable[[], list[Ratio]]] = {
        "extraction": lambda: measure_extraction(card, encoder, train, rounds=rounds),
        "extraction in bfloat16": lambda: measure_extraction(card, in_bfloat16(encoder), train, rounds=rounds),
        "heads": lambda: measure_heads(card, encoder, train[:HEADS_SENTENCES], rounds=rounds),
        "probes": lambda: measure_probes(card, encoder, train, dev),
        "pre-training": lambda: measure_pretraining(card, train, small=arguments.small),
    }
    rows = [Ratio(f"{card}: large products in {name}", rate, unit="TFLOP/s") for name, rate in rates.items()]
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
    for name, measure in parts.items():
        found = measured(name, measure)
        report("gpu", found)
        rows += found
        if arguments.out is not None:
            write_rows(arguments.out / "gpu.json", rows)  # after each part, so that one cut short leaves its figures


def measured(name: str, measure: Callable[[], list[Ratio]]) -> list[Ratio]:
    """The rows of a part, or one that says why there are none: the other parts are measured all the same."""
    try:
        return measure()
    except Exception as error:
        traceback.print_exc()
        return [Ratio(name, None, note=f"{type(error).__name__}: {error}")]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--markdown"]:
        print(markdown(*read_rows(Path(sys.argv[2]))))
    else:
        main()
