"""What each objective and each position code lets a model see, and which checkpoints come of them."""

from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModel,
    BertForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    get_linear_schedule_with_warmup,
)

from treeprobe.extraction import CheckpointError, Encoder, extract, language_model
from treeprobe.training import BertBilstmModel, PretrainingOptions, evaluate, with_bilstm
from treeprobe.training.examples import SentencePair, encode_pairs, held_out_batches, training_batches
from treeprobe.training.models import new_model, predict, save_checkpoint, sinusoids, training_losses
from treeprobe.training.optimizing import TrainingLoop
from treeprobe.training.tokenizer import word_tokenizer

SMALL: dict[str, Any] = {"layers": 2, "dim": 16, "heads": 2, "max_subwords": 24}
OBJECTIVES: list[dict[str, bool]] = [
    {"left_to_right": left_to_right, "next_sentence": next_sentence}
    for left_to_right in (False, True)
    for next_sentence in (False, True)
]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return word_tokenizer(["the", "cat", "dog", "man", "sees", "here"], max_subwords=24)


def model_of(tokenizer: PreTrainedTokenizerFast, **options: Any) -> PreTrainedModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return new_model(tokenizer, PretrainingOptions(**{**SMALL, **options})).eval()


def batch_of(tokenizer: PreTrainedTokenizerFast, pairs: list[SentencePair]) -> dict[str, torch.Tensor]:
    """A batch in which every subword is predicted, as those of left-to-right models are."""
    examples = encode_pairs(tokenizer, pairs)
    batch = dict(tokenizer.pad({key: [one[key] for one in examples] for key in examples[0]}, return_tensors="pt"))
    return batch | {"labels": torch.where(batch["attention_mask"] == 1, batch["input_ids"], -100)}


PAIRS = [
    SentencePair("the cat sees", "the dog", random=False),
    SentencePair("here", "the man sees the cat", random=True),
]


def test_left_to_right_predicts_each_subword_from_those_before_it(tokenizer: PreTrainedTokenizerFast) -> None:
    model, batch = model_of(tokenizer, left_to_right=True, next_sentence=True), batch_of(tokenizer, PAIRS)
    predictions = predict(model, batch)
    states = model.bert(**{name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")})
    logits = model.cls.predictions(states.last_hidden_state).log_softmax(-1)
    expected = []
    for row, length in enumerate(batch["attention_mask"].sum(1).tolist()):
        expected += [-logits[row, place, batch["input_ids"][row, place + 1]] for place in range(length - 1)]
    losses = training_losses(model, batch)
    torch.testing.assert_close(losses["language_model"], torch.stack(expected).mean())
    assert len(predictions.labels) == len(expected)


@pytest.mark.parametrize("left_to_right", [False, True])
def test_the_next_sentence_is_predicted_from_where_both_have_been_read(
    tokenizer: PreTrainedTokenizerFast, left_to_right: bool
) -> None:
    model = model_of(tokenizer, left_to_right=left_to_right, next_sentence=True)
    other = [SentencePair(pair.first, pair.second.replace("the", "here"), pair.random) for pair in PAIRS]
    first, second = (predict(model, batch_of(tokenizer, pairs)).next_sentence for pairs in (PAIRS, other))
    assert first is not None
    assert second is not None
    assert (first - second).abs().max(1).values.min() > 1e-6, "a change of the second sentence reaches it"
    alone = predict(model, batch_of(tokenizer, PAIRS[:1])).next_sentence
    torch.testing.assert_close(alone, first[:1])  # padding does not
    # From [CLS], a left-to-right model would see nothing.
    states = [model.bert(batch_of(tokenizer, pairs)["input_ids"]).last_hidden_state[:, 0] for pairs in (PAIRS, other)]
    assert torch.equal(*states) == left_to_right


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_every_objective_has_its_losses(tokenizer: PreTrainedTokenizerFast, objective: dict[str, bool]) -> None:
    batch = batch_of(tokenizer, PAIRS)
    if not objective["next_sentence"]:
        del batch["next_sentence_label"]
    losses = training_losses(model_of(tokenizer, **objective), batch)
    assert list(losses) == ["language_model", *(["next_sentence"] if objective["next_sentence"] else [])]
    assert float(losses["language_model"].detach()) == pytest.approx(np.log(len(tokenizer)), rel=0.1), "untrained"


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_every_checkpoint_speaks(
    tokenizer: PreTrainedTokenizerFast, objective: dict[str, bool], tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    save_checkpoint(model_of(tokenizer, **objective), tokenizer, tmp_path)
    encoder = Encoder.from_pretrained(tmp_path)
    assert type(encoder.model).__name__ == "BertModel"
    assert language_model(tmp_path, encoder).prediction == ("next" if objective["left_to_right"] else "masked")
    assert not [str(one.message) for one in recwarn if "head" in str(one.message)]


def test_sines_are_those_of_the_paper() -> None:
    table = sinusoids(50, 8).double().numpy()
    places, dims = np.meshgrid(np.arange(50), np.arange(8), indexing="ij")
    angles = places / 10000 ** (2 * (dims // 2) / 8)
    np.testing.assert_allclose(table, np.where(dims % 2, np.cos(angles), np.sin(angles)), atol=1e-5)
    # A shift is one rotation, whatever the place: what the paper chose sines for.
    turned = np.linalg.lstsq(table[:-3], table[3:])[0]
    np.testing.assert_allclose(table[:-3] @ turned, table[3:], atol=1e-4)


def test_position_codes(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    words = [["the", "cat", "sees", "the", "dog"]]
    same = {}
    for code in ("learned", "sinusoidal", "none"):
        model = model_of(tokenizer, next_sentence=False, position_code=code)
        table = model.bert.embeddings.position_embeddings.weight
        assert table.requires_grad == (code == "learned")
        save_checkpoint(model, tokenizer, tmp_path / code)
        plain = AutoModel.from_pretrained(tmp_path / code).embeddings.position_embeddings.weight
        assert torch.equal(plain, table)
        encoder = Encoder.from_pretrained(tmp_path / code)
        twin = encoder.with_random_weights(seed=3).model.embeddings
        assert torch.equal(twin.position_embeddings.weight, plain) == (code != "learned")
        assert not torch.equal(twin.word_embeddings.weight, encoder.model.embeddings.word_embeddings.weight)
        states = extract(encoder, words).sentence(0, 2)
        same[code] = bool(np.allclose(states[0], states[3], atol=1e-5))
        if code == "sinusoidal":
            learned = model_of(tokenizer, next_sentence=False).bert.embeddings.position_embeddings.weight
            sizes = table.square().mean() / learned.square().mean()
            assert float(sizes.detach()) == pytest.approx(1, abs=0.2), "about as large as learned ones"
    assert same == {"learned": False, "sinusoidal": False, "none": True}, "the two are one word without positions"


def test_an_lstm_on_top_reads_what_follows(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    model = model_of(tokenizer, next_sentence=False, left_to_right=True)
    larger = with_bilstm(model, seed=0)
    assert torch.equal(
        with_bilstm(model, seed=0).encoder.layer[-1].lstm.weight_hh_l0, larger.encoder.layer[-1].lstm.weight_hh_l0
    )
    for name, saved in {"left": model, "bilstm": larger}.items():
        save_checkpoint(saved, tokenizer, tmp_path / name)
    left, both = (Encoder.from_pretrained(tmp_path / name) for name in ("left", "bilstm"))
    assert isinstance(both.model, BertBilstmModel)
    assert both.layers == range(4)
    text = [["the", "cat", "sees"], ["the", "cat", "sees", "the", "dog"], ["the", "cat"]]
    of_left, of_both = (extract(encoder, text) for encoder in (left, both))
    for layer in left.layers:
        np.testing.assert_allclose(of_both.sentence(1, layer), of_left.sentence(1, layer), atol=1e-6)
    np.testing.assert_allclose(of_both.sentence(0, 2), of_both.sentence(1, 2)[:3], atol=1e-5)
    assert np.abs(of_both.sentence(0, 3) - of_both.sentence(1, 3)[:3]).max() > 1e-3
    # What is padded in a batch is no text.
    np.testing.assert_allclose(extract(both, text[2:]).sentence(0, 3), of_both.sentence(2, 3), atol=1e-5)
    with pytest.raises(CheckpointError, match="no head that predicts the next subword"):
        language_model(tmp_path / "bilstm", both)


@pytest.mark.parametrize("code", ["learned", "sinusoidal"])
def test_fixed_positions_stay_fixed_in_whatever_training_follows(
    tokenizer: PreTrainedTokenizerFast, code: str, tmp_path: Path
) -> None:
    save_checkpoint(model_of(tokenizer, next_sentence=False, position_code=code), tokenizer, tmp_path)
    model = BertForMaskedLM.from_pretrained(tmp_path)
    before = model.bert.embeddings.position_embeddings.weight.detach().clone()
    batch = batch_of(tokenizer, PAIRS)
    del batch["next_sentence_label"]
    loop = TrainingLoop(model, steps=10, learning_rate=1e-2, schedule=get_linear_schedule_with_warmup)
    assert list(loop.run(repeat(batch))) == list(range(1, 11))
    assert torch.equal(model.bert.embeddings.position_embeddings.weight, before) == (code == "sinusoidal")
    assert loop.losses["language_model"][-1] < loop.losses["language_model"][0]


@pytest.mark.parametrize("left_to_right", [False, True])
def test_next_sentences_are_learnt_where_openings_give_them_away(left_to_right: bool) -> None:
    """Half of the random second sentences are openings, which never follow: three quarters can be known."""
    generator = np.random.default_rng(0)
    openings, others = (
        [" ".join(generator.choice(list(words), size=4)) for _ in range(200)] for words in ("abcdef", "uvwxyz")
    )
    documents = [list(document) for document in zip(openings, others)]
    tokenizer = word_tokenizer("abcdefuvwxyz", max_subwords=24)
    options = PretrainingOptions(**SMALL, left_to_right=left_to_right, steps=300, save_steps=(300,), batch_size=16)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = new_model(tokenizer, options)
    loop = TrainingLoop(model, steps=300, learning_rate=1e-3, schedule=get_linear_schedule_with_warmup)
    assert list(loop.run(training_batches(tokenizer, documents, options)))[-1] == 300
    found = evaluate(model, held_out_batches(tokenizer, documents, replace(options, seed=1)))
    assert found.next_sentence_accuracy == pytest.approx(0.75, abs=0.08)
