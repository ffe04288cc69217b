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
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.gpu.card import Card
from benchmarks.gpu.extraction import measure_extraction
from benchmarks.gpu.heads import measure_heads
from benchmarks.gpu.model import in_bfloat16, new_encoder
from benchmarks.gpu.pretraining import measure_pretraining
from benchmarks.gpu.probes import measure_probes
from benchmarks.inputs import parser, read_bank
from benchmarks.measuring import Ratio, product_rate, read_rows, report, write_rows
from benchmarks.table import markdown
from treeprobe.devices import check_device

HEADS_SENTENCES = 6000


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
