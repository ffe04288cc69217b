"""Pre-training does what Devlin et al. (2019) say, and the same again with the same seed."""

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from treeprobe.extraction import Encoder
from treeprobe.parsing import Sentence
from treeprobe.training import PretrainingError, PretrainingOptions, TrainingRecord, pretrain
from treeprobe.training.examples import draw_pairs, encode_lines, length_batches, training_batches
from treeprobe.training.models import new_model, training_losses
from treeprobe.training.text import split_documents
from treeprobe.training.tokenizer import SPECIAL_TOKENS, train_tokenizer, train_vocabulary

SMALL: dict[str, Any] = {
    "layers": 1, "dim": 16, "heads": 2, "vocabulary_size": 60, "max_subwords": 32, "steps": 30, "save_steps": (0, 30),
    "batch_size": 8,
}  # fmt: skip


def total_losses(run: Path) -> list[float]:
    return TrainingRecord.read(run).losses.groupby("step")["loss"].sum().tolist()


def test_a_run_is_a_training_axis_that_learns(sentences: list[Sentence], tmp_path: Path) -> None:
    out = pretrain(
        sentences, tmp_path / "tiny", options=PretrainingOptions(**{**SMALL, "learning_rate": 5e-3}), progress=False
    )
    assert sorted(path.name for path in out.iterdir()) == ["step-0", "step-30", "training.json"]
    losses = total_losses(out)
    assert len(losses) == 30
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.3
    untrained, trained = (Encoder.from_pretrained(out / f"step-{step}") for step in (0, 30))
    assert untrained.digest != trained.digest
    assert trained.dim == 16


def test_one_seed_one_checkpoint(sentences: list[Sentence], tmp_path: Path) -> None:
    options = [PretrainingOptions(**{**SMALL, "steps": 3, "save_steps": (3,), "seed": seed}) for seed in (1, 1, 2)]
    made = [pretrain(sentences, tmp_path / str(i), options=one, progress=False) for i, one in enumerate(options)]
    first, again, other = (Encoder.from_pretrained(folder / "step-3").digest for folder in made)
    assert first == again
    assert first != other
    losses = [total_losses(folder) for folder in made]
    assert losses[0] == losses[1] != losses[2]


def test_a_worker_process_makes_the_same_checkpoint(
    sentences: list[Sentence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = PretrainingOptions(**{**SMALL, "steps": 3, "save_steps": (3,)})
    here = pretrain(sentences, tmp_path / "here", options=options, progress=False)
    monkeypatch.setattr(multiprocessing.current_process(), "name", "LokyProcess-1")
    there = pretrain(sentences, tmp_path / "there", options=options, progress=False)
    assert Encoder.from_pretrained(here / "step-3").digest == Encoder.from_pretrained(there / "step-3").digest


def test_larger_embeddings_are_the_same_model_that_training_turns_less(
    sentences: list[Sentence], tmp_path: Path
) -> None:
    turned = []
    for scale in (1.0, 8.0):
        options = PretrainingOptions(**SMALL, embedding_scale=scale)
        out = pretrain(sentences, tmp_path / f"{scale}", options=options, progress=False)
        before, after = (
            Encoder.from_pretrained(out / f"step-{step}").model.embeddings.word_embeddings.weight for step in (0, 30)
        )
        turned.append(torch.cosine_similarity(before, after, dim=1).mean().item())
        if scale == 1:
            plain = before
    torch.testing.assert_close(before, 8 * plain)
    assert turned[1] > turned[0] + 0.01


def test_one_text_one_vocabulary_in_whatever_process(in_fresh_process: Callable[..., Any]) -> None:
    # Many words as frequent as one another: every merge is a tie, which hash tables would break each in its own way.
    generator = np.random.default_rng(0)
    words = ["".join(generator.choice(list("abcdefghijklmnop"), size=8)) for _ in range(400)]
    found = [train_vocabulary(words * 2, size=300) for _ in range(4)]
    found.append(in_fresh_process(partial(train_vocabulary, size=300), words * 2))
    assert all(list(one.items()) == list(found[0].items()) for one in found)
    assert list(found[0])[:5] == list(SPECIAL_TOKENS)
    assert len(found[0]) == 300


def test_words_are_spelled_as_the_trainer_spells_them(sentences: list[Sentence]) -> None:
    texts = [sentence.text for sentence in sentences]
    tokenizer = train_tokenizer(texts, vocabulary_size=60, max_subwords=32)
    assert tokenizer.tokenize("The cat sees a dog.") == ["the", "cat", "sees", "a", "dog", "."]
    encoded = tokenizer("the cat", "a dog")
    assert tokenizer.convert_ids_to_tokens(encoded["input_ids"]) == [
        "[CLS]", "the", "cat", "[SEP]", "a", "dog", "[SEP]"
    ]  # fmt: skip
    assert encoded["token_type_ids"] == [0, 0, 0, 0, 1, 1, 1]
    assert set(tokenizer.all_special_tokens) == set(SPECIAL_TOKENS)


@pytest.mark.parametrize("next_sentence", [True, False])
def test_the_loss_is_that_of_the_whole_model(sentences: list[Sentence], next_sentence: bool) -> None:
    texts = split_documents(sentences)
    options = PretrainingOptions(**SMALL, next_sentence=next_sentence)
    tokenizer = train_tokenizer([line for text in texts for line in text], vocabulary_size=60, max_subwords=32)
    model = new_model(tokenizer, options).eval()
    batch = next(training_batches(tokenizer, texts, options))
    whole, mine = model(**batch).loss, torch.stack(list(training_losses(model, batch).values())).sum()
    torch.testing.assert_close(mine, whole)
    gradients = [torch.autograd.grad(loss, model.bert.embeddings.word_embeddings.weight)[0] for loss in (whole, mine)]
    torch.testing.assert_close(gradients[1], gradients[0])


@pytest.mark.parametrize(("count", "size"), [(700, 8), (33, 8), (5, 8)])
def test_batches_hold_every_example_once_and_little_padding(count: int, size: int) -> None:
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, 100, size=count)
    batches = list(length_batches(lengths, size, generator))
    seen = np.concatenate(batches)
    assert len(set(seen.tolist())) == len(seen) == count // min(size, count) * min(size, count)
    assert {len(batch) for batch in batches} == {min(size, count)}
    if count == 700:
        padded = sum(lengths[batch].max() * size for batch in batches)
        assert lengths[seen].sum() / padded > 0.85
        # Batches come in no order of length, and each pool is a mixture anew.
        longest = [int(lengths[batch].max()) for batch in batches]
        assert longest != sorted(longest)
        again = list(length_batches(lengths, size, generator))
        assert {frozenset(one.tolist()) for one in again} != {frozenset(one.tolist()) for one in batches}


def test_left_to_right_sees_no_word_to_its_right(sentences: list[Sentence], tmp_path: Path) -> None:
    states = {}
    for name, options in {"left": {"left_to_right": True}, "both": {}}.items():
        one = PretrainingOptions(**{**SMALL, "steps": 2, "save_steps": (2,), "next_sentence": False, **options})
        encoder = Encoder.from_pretrained(pretrain(sentences, tmp_path / name, options=one, progress=False) / "step-2")
        for end in ("cat", "man"):
            encoded = encoder.tokenizer(f"the dog sees a {end}", return_tensors="pt")
            states[name, end] = encoder.hidden_states(encoded["input_ids"], encoded["attention_mask"])[-1][0, 1]
    assert torch.allclose(states["left", "cat"], states["left", "man"], atol=1e-6)
    assert not torch.allclose(states["both", "cat"], states["both", "man"], atol=1e-6)


def test_dropout_is_the_share_asked_for_and_only_in_training(sentences: list[Sentence]) -> None:
    texts = split_documents(sentences)
    tokenizer = train_tokenizer((line for text in texts for line in text), vocabulary_size=60, max_subwords=32)
    for dropout in (0.0, 0.4):
        options = PretrainingOptions(**SMALL, dropout=dropout)
        model, batch = new_model(tokenizer, options), next(training_batches(tokenizer, texts, options))
        shares = {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
        assert shares == {dropout}
        losses = [float(training_losses(model.train(), batch)["language_model"].detach()) for _ in range(2)]
        assert (losses[0] == losses[1]) == (dropout == 0.0)


@pytest.mark.parametrize(("mask_replace_prob", "random_replace_prob"), [(0.8, 0.1), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_the_masks_split_is_the_one_asked_for(
    sentences: list[Sentence], mask_replace_prob: float, random_replace_prob: float
) -> None:
    texts = split_documents(sentences)
    tokenizer = train_tokenizer((line for text in texts for line in text), vocabulary_size=60, max_subwords=32)
    options = PretrainingOptions(
        **SMALL, mask_replace_prob=mask_replace_prob, random_replace_prob=random_replace_prob, next_sentence=False
    )
    plain = {tuple(one["input_ids"]) for one in encode_lines(tokenizer, [line for text in texts for line in text])}
    assert plain
    chosen = masked = kept = candidates = 0
    batches = training_batches(tokenizer, texts, options)
    for _ in range(150):
        batch = next(batches)
        picked = batch["labels"] != -100
        special = torch.isin(batch["input_ids"], torch.tensor([0, 2, 3])) & ~picked
        candidates += int((~special).sum())
        chosen += int(picked.sum())
        masked += int((batch["input_ids"][picked] == tokenizer.mask_token_id).sum())
        kept += int((batch["input_ids"][picked] == batch["labels"][picked]).sum())
    # A random subword is the right one now and then.
    luck = random_replace_prob / len(tokenizer)
    assert chosen / candidates == pytest.approx(0.15, abs=0.02)
    assert masked / chosen == pytest.approx(mask_replace_prob, abs=0.05)
    assert kept / chosen == pytest.approx(1 - mask_replace_prob - random_replace_prob + luck, abs=0.05)


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
        ({"bilstm": True}, "expected left_to_right=True"),
        ({"bilstm": True, "left_to_right": True, "dim": 15, "heads": 3}, "dim=15; expected an even width"),
        ({"position_code": "rotary"}, "expected one of learned, sinusoidal, none"),
        ({"mask_share": 0.0}, "mask_share=0.0"),
        ({"batch_size": 0}, "batch_size=0; expected at least 1"),
        ({"evaluations": -1}, "evaluations=-1"),
        ({"dim": 10, "heads": 4}, "dim=10 with heads=4"),
        ({"mask_replace_prob": 0.8, "random_replace_prob": 0.3}, "sum to at most 1"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"steps": 3000, "save_steps": (5000,)}, "expected steps from 0 to 3000"),
    ],
)
def test_what_cannot_be_trained_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PretrainingError, match=message):
        PretrainingOptions(**options)


def test_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PretrainingError, match="0 sentences"):
        pretrain([], tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_documents_of_one_sentence_have_no_next_sentence(sentences: list[Sentence], tmp_path: Path) -> None:
    alone = [replace(sentence, metadata={"newdoc id": sentence.identifier}) for sentence in sentences]
    with pytest.raises(PretrainingError, match="40 documents of one sentence each"):
        pretrain(alone, tmp_path / "out", options=PretrainingOptions(**SMALL), progress=False)
    assert not (tmp_path / "out").exists()
    options = PretrainingOptions(**{**SMALL, "steps": 1, "save_steps": (1,), "next_sentence": False})
    assert pretrain(alone, tmp_path / "out", options=options, progress=False).exists()
