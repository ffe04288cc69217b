"""Kill an extraction at random moments, resume it, and compare the cache with an uninterrupted one, byte by byte.

    python -m benchmarks.extraction_kills --kills 100

The model is a small BERT with random weights, so that most of the time goes into writing: where a kill could hurt.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from treeprobe.extraction import Encoder, Reading, extract, hidden_states, stretches

WORDS = [f"w{number}" for number in range(200)]


def small_encoder() -> Encoder:
    """Four layers of 64 random dimensions, and a vocabulary of whole words."""
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    backend = Tokenizer(models.WordLevel({entry: i for i, entry in enumerate(entries)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(entries),
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    return Encoder.from_parts(BertModel(config), tokenizer, name="small")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder of caches but the lock, by its path in it."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def in_child(action: Callable[[], object]) -> int:
    """Run something in a forked process; its process id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return child


def wait(child: int) -> int:
    return os.waitpid(child, 0)[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--sentences", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # forked processes share no thread pools, and one thread makes sums reproducible
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    hidden_states.SHARD_NUMBERS = 1 << 17  # several shards of a small text
    stretches.STRETCH_WORDS = 2000  # and several stretches, of four shards
    draw = random.Random(options.seed)
    sentences = [draw.choices(WORDS, k=draw.randint(1, 30)) for _ in range(options.sentences)]
    encoder, root = small_encoder(), Path(tempfile.mkdtemp())

    def run(folder: Path) -> None:
        extract(encoder, sentences, reading=Reading(storage="float16"), cache=folder)

    try:
        wait(in_child(lambda: run(root / "warm")))
        begin = time.perf_counter()
        if wait(in_child(lambda: run(root / "whole"))):
            print("the uninterrupted extraction failed")
            return 1
        whole, duration = contents(root / "whole"), time.perf_counter() - begin
        print(f"uninterrupted: {len(whole)} files, {sum(map(len, whole.values())) / 1e6:.1f} MB, {duration:.2f} s")
        interrupted = unequal = 0
        for kill in range(options.kills):
            folder = root / f"kill-{kill}"
            child = in_child(lambda folder=folder: run(folder))
            time.sleep(draw.uniform(0, duration))
            os.kill(child, signal.SIGKILL)
            interrupted += os.WIFSIGNALED(wait(child))
            failed = wait(in_child(lambda folder=folder: run(folder)))
            unequal += bool(failed) or contents(folder) != whole
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{options.kills} kills, {interrupted} of them before the end; {unequal} caches unequal after resuming")
        return int(unequal > 0)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    sys.exit(main())
