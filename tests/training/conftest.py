"""A small text of few words, so that a tiny model learns something of it in seconds."""

import numpy as np
import pytest

from treeprobe.parsing import Sentence

WORDS = ("a", "cat", "dog", "sees", "the", "that", "runs", "old", "man", "here")


@pytest.fixture(scope="session")
def sentences() -> list[Sentence]:
    """Forty sentences of random words, each a chain that ends in a full stop."""
    generator = np.random.default_rng(0)
    found = []
    for number, length in enumerate(generator.integers(5, 11, size=40).tolist()):
        found.append(
            Sentence(
                words=(*generator.choice(WORDS, size=length - 1).tolist(), "."),
                heads=tuple(range(-1, length - 1)),
                relations=("root",) + ("dep",) * (length - 1),
                upos=("X",) * length,
                xpos=("NN",) * length,
                space_after=(True,) * length,
                identifier=str(number),
            )
        )
    return found
