"""What is recorded of a run is what the model knows, and a batch is shown as the model reads it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForPreTraining

from treeprobe.parsing import Sentence
from treeprobe.training import (
    MaskedBatch,
    PretrainingError,
    PretrainingOptions,
    TrainingRecord,
    evaluate,
    pretrain,
    show_masked_batch,
)
from treeprobe.training.examples import held_out_batches, training_batches
from treeprobe.training.text import documents_of
from treeprobe.training.tokenizer import train_tokenizer

SMALL: dict[str, Any] = {
    "layers": 1, "dim": 16, "heads": 2, "vocabulary_size": 60, "max_subwords": 32, "steps": 60, "batch_size": 8,
    "save_steps": (0, 60), "learning_rate": 5e-3, "evaluations": 3,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(sentences: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("record") / "run"
    return pretrain(sentences[:30], out, held_out=sentences[30:], options=PretrainingOptions(**SMALL), progress=False)


def test_each_loss_is_recorded_apart(run: Path) -> None:
    record = TrainingRecord.read(run)
    assert record.complete
    assert record.options == PretrainingOptions(**SMALL)
    counts = record.losses.groupby("objective")["step"].agg(["min", "max", "size"])
    assert counts.loc["language_model"].tolist() == counts.loc["next_sentence"].tolist() == [1, 60, 60]
    falling = record.losses[record.losses["objective"] == "language_model"]["loss"].to_numpy()
    assert falling[-10:].mean() < falling[:10].mean() - 0.3


def test_held_out_text_is_evaluated_by_step(run: Path, sentences: list[Sentence]) -> None:
    table = TrainingRecord.read(run).held_out
    assert table["step"].tolist() == [0, 20, 40, 60]
    assert table["loss"].iloc[-1] < table["loss"].iloc[0] - 0.3
    assert set(table["pairs"]) == {9}
    # As transformers' own model says, of the same examples.
    model = AutoModelForPreTraining.from_pretrained(run / "step-60").eval()
    tokenizer = train_tokenizer([one.text for one in sentences[:30]], vocabulary_size=60, max_subwords=32)
    batches = held_out_batches(tokenizer, documents_of(sentences[30:]), PretrainingOptions(**SMALL))
    right, losses, pairs = [], [], []
    for batch in batches:
        with torch.inference_mode():
            output = model(**batch)
        chosen = batch["labels"] != -100
        logits = output.prediction_logits[chosen].log_softmax(-1)
        losses += (-logits[range(len(logits)), batch["labels"][chosen]]).tolist()
        right += (logits.argmax(-1) == batch["labels"][chosen]).tolist()
        pairs += (output.seq_relationship_logits.argmax(-1) == batch["next_sentence_label"]).tolist()
    last = table.iloc[-1]
    assert last["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert last["accuracy"] == pytest.approx(np.mean(right))
    assert last["next_sentence_accuracy"] == pytest.approx(np.mean(pairs))
    assert last["subwords"] == len(losses)


def test_all_splits_of_masks_are_evaluated_on_one_task(sentences: list[Sentence]) -> None:
    tokenizer = train_tokenizer([one.text for one in sentences], vocabulary_size=60, max_subwords=32)
    splits = [{}, {"mask_replace_prob": 0.0, "random_replace_prob": 0.0}, {"mask_share": 0.5}]
    found = [held_out_batches(tokenizer, documents_of(sentences), PretrainingOptions(**SMALL, **one)) for one in splits]
    for other in found[1:]:
        assert all(torch.equal(one["input_ids"], two["input_ids"]) for one, two in zip(found[0], other, strict=True))
    examples = sum(len(batch["input_ids"]) for batch in found[0])
    assert examples == 39, "every pair once, and the batch that is not full too"


def test_the_model_is_evaluated_as_it_is_used(run: Path, sentences: list[Sentence]) -> None:
    model = AutoModelForPreTraining.from_pretrained(run / "step-60", hidden_dropout_prob=0.5).train()
    tokenizer = train_tokenizer([one.text for one in sentences[:30]], vocabulary_size=60, max_subwords=32)
    batches = held_out_batches(tokenizer, documents_of(sentences[30:]), PretrainingOptions(**SMALL))
    assert evaluate(model, batches) == evaluate(model, batches)


def test_what_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(PretrainingError, match=r"has no training.json; expected the folder of a pre-training run"):
        TrainingRecord.read(tmp_path)


def test_a_batch_is_shown_as_the_model_reads_it(sentences: list[Sentence]) -> None:
    options = PretrainingOptions(**{**SMALL, "mask_share": 0.5, "random_replace_prob": 0.2, "mask_replace_prob": 0.5})
    documents = documents_of(sentences)
    shown = show_masked_batch(documents, options=options)
    tokenizer = train_tokenizer([one.text for one in sentences], vocabulary_size=60, max_subwords=32)
    batch = next(training_batches(tokenizer, documents, options))
    predicted = int((batch["labels"] != -100).sum())
    assert sum(shown.counts.values()) - shown.counts["context"] == predicted
    assert shown.counts["masked"] == int((batch["input_ids"] == tokenizer.mask_token_id).sum())
    assert min(shown.counts.values()) > 0
    for example, ids, labels in zip(shown.examples, batch["input_ids"], batch["labels"], strict=True):
        right = torch.where(labels == -100, ids, labels)[: len(example)]
        assert [one.right for one in example] == tokenizer.convert_ids_to_tokens(right)
        assert [one.shown for one in example] == tokenizer.convert_ids_to_tokens(ids[: len(example)])
    assert list(shown.random_second) == batch["next_sentence_label"].bool().tolist()
    text = str(shown)
    assert text.count("[MASK]<") == shown.counts["masked"]
    assert "(random second sentence)" in text
    assert "(the next sentence)" in text
    assert shown._repr_html_().count("[MASK]") == shown.counts["masked"]


def test_single_sentences_have_no_verdict(sentences: list[Sentence]) -> None:
    options = PretrainingOptions(**SMALL, next_sentence=False)
    shown = show_masked_batch(documents_of(sentences), options=options)
    assert "sentence)" not in str(shown)
    assert isinstance(shown, MaskedBatch)
    assert repr(shown).startswith(f"MaskedBatch(8 examples: {shown.counts['masked']} masked, ")
