"""The reader of word vectors holds one batch at a time."""

import weakref

import pytest
import torch

from tests.extraction import zoo
from treeprobe.extraction import Reading, batching
from treeprobe.extraction.text import Text
from treeprobe.extraction.word_vectors import WordReader


def test_the_vectors_of_a_batch_are_gone_before_the_model_reads_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "TOKEN_BUDGET", 16)
    encoder = zoo.encoder("bert")
    reader = WordReader(encoder, Reading())
    alive: list[int] = []
    yielded: list[weakref.ref[torch.Tensor]] = []

    def count(*_: object) -> None:
        alive.append(sum(one() is not None for one in yielded))

    handle = encoder.model.register_forward_pre_hook(count)
    try:
        for batch in reader.read(reader.align(Text.checked(zoo.SENTENCES, None))):
            yielded.append(weakref.ref(batch.vectors))
            del batch
    finally:
        handle.remove()
    assert len(alive) > 1
    assert not any(alive)
