"""Extraction, attention, edits of it and the masked-LM loss on a GPU, beside the CPU."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM

from tests.extraction import zoo
from treeprobe.devices import DeviceMemoryError
from treeprobe.extraction import (
    CheckpointError,
    Encoder,
    Reading,
    edit_attention,
    edit_states,
    embedded_checkpoint,
    extract,
    hidden_states,
    masked_lm_loss,
    memory,
    on_words,
    stream_attention,
)

pytestmark = pytest.mark.cuda

SENTENCES = zoo.SENTENCES * 3


def on_cuda(encoder: Encoder, dtype: str = "float32") -> Encoder:
    model = copy.deepcopy(encoder.model)
    return Encoder.from_parts(model, encoder.tokenizer, name=encoder.name, device="cuda", dtype=dtype)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_states_are_those_of_the_processor(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = zoo.encoder(name), on_cuda(zoo.encoder(name))
    monkeypatch.setattr(hidden_states, "SHARD_NUMBERS", 1 << 10)
    expected = extract(here, SENTENCES)
    for cache in (None, tmp_path):
        found = extract(there, SENTENCES, cache=cache)
        np.testing.assert_allclose(found.read(slice(None)), expected.read(slice(None)), atol=1e-3)
        assert found.report == expected.report


def test_sentences_read_through_windows_and_every_pooling_agree() -> None:
    here, there = zoo.encoder("bert"), on_cuda(zoo.encoder("bert"))
    for pooling in ("mean", "first", "last"):
        reading = Reading(pooling=pooling, max_subwords=9)
        expected, found = (extract(encoder, SENTENCES, reading=reading) for encoder in (here, there))
        assert expected.report.windowed
        np.testing.assert_allclose(found.read(slice(None)), expected.read(slice(None)), atol=1e-3)


def test_minilm_agrees_where_it_is_installed() -> None:
    try:
        folder = embedded_checkpoint()
    except CheckpointError as error:
        pytest.skip(str(error))
    expected, found = (extract(Encoder.from_pretrained(folder, device=d), SENTENCES) for d in ("cpu", "cuda"))
    np.testing.assert_allclose(found.read(slice(None)), expected.read(slice(None)), atol=1e-3)


def test_bfloat16_stays_near_float32() -> None:
    exact, rounded = (
        extract(on_cuda(zoo.encoder("bert"), dtype), SENTENCES).read(slice(None)) for dtype in ("float32", "bfloat16")
    )
    cosine = (exact * rounded).sum(-1) / np.linalg.norm(exact, axis=-1) / np.linalg.norm(rounded, axis=-1)
    assert cosine.min() > 0.99


@pytest.mark.parametrize("level", ["words", "subwords"])
@pytest.mark.parametrize("name", ["bert", "distilbert", "gpt2", "t5"])
def test_attention_stays_on_the_card_and_is_that_of_the_processor(name: str, level: str) -> None:
    def found(encoder: Encoder) -> dict[int, np.ndarray]:
        batches = list(stream_attention(encoder, SENTENCES, level=level))
        assert {batch.attention.device for batch in batches} == {encoder.device}
        return {index: array for batch in batches for index, array in batch.unpadded().items()}

    expected, here = found(zoo.encoder(name)), found(on_cuda(zoo.encoder(name)))
    assert expected.keys() == here.keys()
    for index, attention in expected.items():
        np.testing.assert_allclose(here[index], attention, atol=1e-3)


@pytest.mark.parametrize("name", ["bert", "modernbert", "gpt2", "llama"])
def test_an_edit_of_attention_has_the_same_effect(name: str) -> None:
    def edited(encoder: Encoder) -> np.ndarray:
        with edit_attention(
            encoder, lambda block, probabilities, mask: mask / mask.sum(-1, keepdim=True) + 0 * probabilities
        ):
            return extract(encoder, SENTENCES).read(slice(None))

    here, there = zoo.encoder(name), on_cuda(zoo.encoder(name))
    np.testing.assert_allclose(edited(there), edited(here), atol=1e-3)
    assert np.abs(edited(here) - extract(here, SENTENCES).read(slice(None))).max() > 0.01


def test_the_masked_lm_loss_agrees() -> None:
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(zoo.encoder("bert").model.config)
    tokenizer = zoo.fast(zoo.ARCHITECTURES["bert"].vocabulary(), mask_token="[MASK]")
    here = Encoder.from_parts(copy.deepcopy(model), tokenizer, name="head")
    there = Encoder.from_parts(model, tokenizer, name="head", device="cuda")
    assert masked_lm_loss(there, SENTENCES) == pytest.approx(masked_lm_loss(here, SENTENCES), abs=1e-3)


def test_a_card_too_small_is_one_message_and_is_usable_afterwards() -> None:
    there = on_cuda(zoo.encoder("bert"))
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-6)
    try:
        with pytest.raises(DeviceMemoryError, match=r"its memory ran out while reading with bert: .* What helps: "):
            extract(there, SENTENCES * 500)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert len(extract(there, SENTENCES)) == len(SENTENCES)


@pytest.mark.parametrize("name", ["bert", "modernbert", "gpt2", "llama"])
def test_an_edit_of_states_has_the_same_effect(name: str) -> None:
    def turned(layer: int, vectors: torch.Tensor, sentences: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        assert {vectors.device, sentences.device, words.device} == {vectors.device}
        return vectors.flip(1) * (1 + words[:, None] % 2)

    def edited(encoder: Encoder) -> np.ndarray:
        with edit_states(encoder, on_words(turned), layers=1):
            return extract(encoder, SENTENCES).read(slice(None))

    here, there = zoo.encoder(name), on_cuda(zoo.encoder(name))
    np.testing.assert_allclose(edited(there), edited(here), atol=1e-3)
    assert np.abs(edited(here) - extract(here, SENTENCES).read(slice(None))).max() > 0.01


@pytest.mark.parametrize("storage", ["float32", "float16", "bfloat16"])
def test_many_passages_at_once_put_every_number_in_its_place(storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread fetches a layer by itself while later batches are being computed, to shards of a few sentences."""
    there, reading = on_cuda(zoo.encoder("bert")), Reading(storage=storage)
    text = zoo.SENTENCES * 200
    monkeypatch.setattr(memory, "_PASSAGE", 1)
    monkeypatch.setattr(hidden_states, "SHARD_NUMBERS", 1 << 12)
    found = extract(there, text, reading=reading).read_stored(slice(None))
    expected = extract(zoo.encoder("bert"), text, reading=reading).read_stored(slice(None))
    assert found.dtype == expected.dtype
    tolerance = 0.05 if storage == "bfloat16" else 5e-3
    torch.testing.assert_close(found.float(), expected.float(), rtol=tolerance, atol=tolerance)
