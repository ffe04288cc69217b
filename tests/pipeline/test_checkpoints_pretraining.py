"""Pre-training does what Devlin et al. (2019) say, and the same again with the same seed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from extraction import Encoder
from parsing import Sentence, read_conllu
from pipeline.checkpoints import Pretraining, pretrain
from pipeline.checkpoints.examples import documents, draw_pairs, train_tokenizer
from pipeline.checkpoints.pretraining import encode_lines, endless_batches
from pipeline.sweeping import find_checkpoints

SMALL: dict[str, Any] = {
    "blocks": 1, "dim": 16, "heads": 2, "vocabulary": 60, "max_subwords": 32, "steps": 30, "saved": (0, 30),
    "batch_size": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def sentences(treebank_files: dict[str, Path]) -> list[Sentence]:
    return list(read_conllu(treebank_files["train"]))


def test_a_run_is_a_training_axis_that_learns(sentences: list[Sentence], tmp_path: Path) -> None:
    out = pretrain(
        sentences, tmp_path / "tiny", options=Pretraining(**{**SMALL, "learning_rate": 5e-3}), progress=False
    )
    assert [(one.family, one.step) for one in find_checkpoints([out])] == [("tiny", 0), ("tiny", 30)]
    losses = json.loads((out / "training.json").read_text())["losses"]
    assert len(losses) == 30
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.3
    untrained, trained = (Encoder.from_pretrained(out / f"step-{step}") for step in (0, 30))
    assert untrained.digest != trained.digest
    assert trained.dim == 16


def test_one_seed_one_checkpoint(sentences: list[Sentence], tmp_path: Path) -> None:
    options = [Pretraining(**{**SMALL, "steps": 3, "saved": (3,), "seed": seed}) for seed in (1, 1, 2)]
    made = [pretrain(sentences, tmp_path / str(i), options=one, progress=False) for i, one in enumerate(options)]
    first, again, other = (Encoder.from_pretrained(folder / "step-3").digest for folder in made)
    assert first == again
    assert first != other


def test_left_to_right_sees_no_word_to_its_right(sentences: list[Sentence], tmp_path: Path) -> None:
    states = {}
    for name, options in {"left": {"left_to_right": True}, "both": {}}.items():
        one = Pretraining(**{**SMALL, "steps": 2, "saved": (2,), "next_sentence": False, **options})
        encoder = Encoder.from_pretrained(pretrain(sentences, tmp_path / name, options=one, progress=False) / "step-2")
        for end in ("cat", "man"):
            encoded = encoder.tokenizer(f"the dog sees a {end}", return_tensors="pt")
            states[name, end] = encoder.hidden_states(encoded["input_ids"], encoded["attention_mask"])[-1][0, 1]
    assert torch.allclose(states["left", "cat"], states["left", "man"], atol=1e-6)
    assert not torch.allclose(states["both", "cat"], states["both", "man"], atol=1e-6)


@pytest.mark.parametrize(("as_mask", "as_random"), [(0.8, 0.1), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_the_masks_split_is_the_one_asked_for(sentences: list[Sentence], as_mask: float, as_random: float) -> None:
    texts = documents(sentences)
    tokenizer = train_tokenizer((line for text in texts for line in text), vocabulary=60, max_subwords=32)
    options = Pretraining(**SMALL, as_mask=as_mask, as_random=as_random, next_sentence=False)
    plain = {tuple(one["input_ids"]) for one in encode_lines(tokenizer, [line for text in texts for line in text])}
    assert plain
    chosen = masked = kept = candidates = 0
    batches = endless_batches(tokenizer, texts, options)
    for _ in range(150):
        batch = next(batches)
        picked = batch["labels"] != -100
        special = torch.isin(batch["input_ids"], torch.tensor([0, 2, 3])) & ~picked
        candidates += int((~special).sum())
        chosen += int(picked.sum())
        masked += int((batch["input_ids"][picked] == tokenizer.mask_token_id).sum())
        kept += int((batch["input_ids"][picked] == batch["labels"][picked]).sum())
    # A random subword is the right one now and then.
    luck = as_random / len(tokenizer)
    assert chosen / candidates == pytest.approx(0.15, abs=0.02)
    assert masked / chosen == pytest.approx(as_mask, abs=0.05)
    assert kept / chosen == pytest.approx(1 - as_mask - as_random + luck, abs=0.05)


def test_half_of_the_pairs_follow_each_other() -> None:
    texts = [[f"{name}{line}" for line in range(200)] for name in "abc"]
    pairs = draw_pairs(texts, np.random.default_rng(0))
    assert len(pairs) == 3 * 199
    for pair in pairs:
        follows = pair.first[0] == pair.second[0] and int(pair.second[1:]) == int(pair.first[1:]) + 1
        assert follows != pair.random
        assert pair.random == (pair.first[0] != pair.second[0])
    assert np.mean([pair.random for pair in pairs]) == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"left_to_right": True}, "next_sentence=False"),
        ({"dim": 10, "heads": 4}, "dim 10 cannot be shared by 4 heads"),
        ({"as_mask": 0.8, "as_random": 0.3}, "at most 1 together"),
        ({"saved": (5000,)}, "expected steps from 0 to 2000"),
    ],
)
def test_what_cannot_be_trained_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pretraining(**options)


def test_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 sentences"):
        pretrain([], tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
