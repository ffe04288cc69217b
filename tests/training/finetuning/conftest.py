"""A tiny BERT, and a treebank whose words tell their tag, whose documents tell their genre by one word."""

from pathlib import Path

import numpy as np
import pytest
import torch

from treeprobe.parsing import Sentence
from treeprobe.training import PretrainingOptions
from treeprobe.training.models import new_model, save_checkpoint
from treeprobe.training.tokenizer import train_tokenizer

TAGS = {
    "cat": "NOUN", "dog": "NOUN", "man": "NOUN", "sees": "VERB", "runs": "VERB", "old": "ADJ", "here": "ADV",
    "the": "DET", "a": "DET", "hello": "INTJ", "sell": "VERB",
}  # fmt: skip
GENRES = {"email": "hello", "weblog": "sell"}


@pytest.fixture(scope="session")
def splits() -> dict[str, list[Sentence]]:
    """Twenty documents of four sentences to train on, twelve to score on; each a subject, a verb and an object."""
    return {"train": documents(20, seed=0), "dev": documents(12, seed=1)}


def documents(count: int, *, seed: int) -> list[Sentence]:
    """Documents of four sentences, each with the word of its genre."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(count):
        genre = sorted(GENRES)[number % 2]
        document = f"{genre}-{seed}-{number}"
        for line in range(4):
            nouns = generator.choice(["cat", "dog", "man"], size=2)
            words = ("the", str(nouns[0]), str(generator.choice(["sees", "runs"])), "a", str(nouns[1]), GENRES[genre])
            found.append(
                Sentence(
                    words=words,
                    heads=(1, 2, -1, 4, 2, 2),
                    relations=("det", "nsubj", "root", "det", "obj", "discourse"),
                    upos=tuple(TAGS[word] for word in words),
                    xpos=("X",) * 6,
                    space_after=(True,) * 6,
                    identifier=f"{document}-{line}",
                    metadata={"newdoc id": document} if line == 0 else {},
                    document=document,
                )
            )
    return found


@pytest.fixture(scope="session")
def tiny(splits: dict[str, list[Sentence]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of an untrained BERT of one layer whose vocabulary has every word."""
    return save_tiny(tmp_path_factory.mktemp("tiny") / "tiny")


def save_tiny(out: Path, **options: object) -> Path:
    """An untrained BERT of one layer, sixteen wide, that knows the words of `TAGS`."""
    tokenizer = train_tokenizer([" ".join(TAGS)] * 2, vocabulary_size=200, max_subwords=64)
    size = PretrainingOptions(layers=1, dim=16, heads=2, max_subwords=64, steps=1, save_steps=(0,), **options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_checkpoint(new_model(tokenizer, size), tokenizer, out)
    return out
