"""The same pre-training on a GPU, beside the CPU."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from treeprobe.extraction import Encoder
from treeprobe.parsing import Sentence
from treeprobe.training import PretrainingOptions, TrainingRecord, pretrain

pytestmark = pytest.mark.cuda

SMALL: dict[str, Any] = {
    "layers": 2, "dim": 32, "heads": 2, "vocabulary_size": 60, "max_subwords": 32, "steps": 20, "save_steps": (0, 20),
    "batch_size": 8,
}  # fmt: skip


@pytest.mark.parametrize(
    "objective", [{}, {"next_sentence": False}, {"next_sentence": False, "left_to_right": True}], ids=str
)
def test_losses_fall_as_they_do_on_the_processor(
    objective: dict[str, bool], sentences: list[Sentence], tmp_path: Path
) -> None:
    state = torch.cuda.get_rng_state()
    losses, first = [], []
    for device in ("cpu", "cuda"):
        options = PretrainingOptions(**SMALL, **objective)
        out = pretrain(sentences, tmp_path / device, options=options, device=device, progress=False)
        losses.append(TrainingRecord.read(out).losses["loss"])
        first.append(Encoder.from_pretrained(out / "step-0").digest)
    np.testing.assert_allclose(losses[1], losses[0], rtol=2e-3)
    assert first[0] == first[1], "weights are drawn on the processor"
    assert torch.equal(torch.cuda.get_rng_state(), state), "the caller's random state is as it was"


def test_dropout_on_a_card_leaves_the_callers_random_state(sentences: list[Sentence], tmp_path: Path) -> None:
    state = torch.cuda.get_rng_state()
    options = PretrainingOptions(**{**SMALL, "steps": 3, "save_steps": (3,), "dropout": 0.1})
    pretrain(sentences, tmp_path / "dropout", options=options, device="cuda", progress=False)
    assert torch.equal(torch.cuda.get_rng_state(), state)
