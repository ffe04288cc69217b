"""States that hooks have seen, or that lie in a Parquet file, are those that `extract` reads."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet
import pytest
import torch
from torch import Tensor

from tests.extraction import zoo
from treeprobe.extraction import (
    Encoder,
    GatheredError,
    ParquetError,
    Reading,
    extract,
    gather_states,
    read_parquet,
    unpadded,
    write_parquet,
)
from treeprobe.probes import DistanceProbe

WORDS = zoo.SENTENCES


def hooked(encoder: Encoder, texts: list[str], *, side: str = "right", size: int = 2) -> Iterator[Tensor]:
    """The states of texts as forward hooks on the embeddings and every block see them, in padded batches."""
    seen: list[Tensor] = []
    blocks = encoder.model.encoder.layer if hasattr(encoder.model, "encoder") else encoder.model.h
    first = encoder.model.embeddings if hasattr(encoder.model, "embeddings") else encoder.model.drop

    def see(_module: Any, _inputs: Any, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    handles = [module.register_forward_hook(see) for module in (first, *blocks)]
    tokenizer = encoder.tokenizer
    tokenizer.padding_side = side
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    try:
        for start in range(0, len(texts), size):
            batch = tokenizer(texts[start : start + size], return_tensors="pt", padding=True)
            with torch.no_grad():
                encoder.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
            yield from unpadded(seen, batch["attention_mask"])
            seen.clear()
    finally:
        tokenizer.padding_side = "right"
        for handle in handles:
            handle.remove()


@pytest.mark.parametrize(("name", "last"), [("bert", 3), ("gpt2", 2)])
@pytest.mark.parametrize("pooling", ["mean", "first", "last"])
def test_hooks_and_extract_see_the_same(name: str, last: int, pooling: Any) -> None:
    encoder = zoo.encoder(name)
    found = gather_states(
        hooked(encoder, [" ".join(words) for words in WORDS]), WORDS, tokenizer=encoder.tokenizer, pooling=pooling
    )
    expected = extract(encoder, WORDS, reading=Reading(pooling=pooling))
    layers = range(last + 1)  # behind the last block of GPT-2, transformers normalizes once more
    np.testing.assert_allclose(found.read(slice(None), layers), expected.read(slice(None), layers), atol=3e-6)
    assert found.report.dropped == expected.report.dropped


def test_padding_may_be_on_either_side() -> None:
    texts = [" ".join(words) for words in WORDS]
    encoder = zoo.encoder("gpt2")
    _, *mask = encoder.tokenizer(texts[0])["attention_mask"]
    lengths = [len(encoder.tokenizer(text)["input_ids"]) for text in texts]
    assert [one.shape[1] for one in hooked(encoder, texts, side="left")] == lengths
    assert len(mask) + 1 == lengths[0]


def test_tokens_that_another_library_prepends_are_passed_over() -> None:
    encoder = zoo.encoder("gpt2")
    plain = list(hooked(encoder, [" ".join(words) for words in WORDS], size=1))
    begun = [torch.cat([torch.full_like(one[:, :1], 9.0), one], dim=1) for one in plain]
    found, expected = (
        gather_states(sentences, WORDS, tokenizer=encoder.tokenizer, special_tokens=around)
        for sentences, around in ((begun, (1, 0)), (plain, (0, 0)))
    )
    np.testing.assert_array_equal(found.read(slice(None)), expected.read(slice(None)))
    with pytest.raises(GatheredError, match=r"sentence 1: found shape .*; expected \(layers, \d+, dim\)"):
        gather_states(begun, WORDS, tokenizer=encoder.tokenizer)


def test_rows_that_are_words_need_no_tokenizer_and_probes_take_them() -> None:
    generator = np.random.default_rng(0)
    words = [["a"] * length for length in (3, 5, 4)]
    arrays = [generator.normal(size=(2, len(sentence), 8)) for sentence in words]
    states = gather_states(arrays, words, layers=[3, 7], name="mine")
    np.testing.assert_allclose(states.sentence(1, 7), arrays[1][1], rtol=1e-6)
    assert states.identity["checkpoint"] == {"name": "mine", "digest": None}
    gold = [np.abs(np.arange(len(one))[:, None] - np.arange(len(one))).astype(float) for one in words]
    assert DistanceProbe(7, rank=2, epochs=1).fit(states, gold).predict(states)[2].shape == (4, 4)


@pytest.mark.parametrize(
    ("arrays", "layers", "message"),
    [
        ([np.ones((2, 1, 4))], None, "found the states of 1 sentences, expected 2"),
        ([np.ones((2, 1, 4))] * 3, None, "more than 2 sentences"),
        ([np.ones((2, 1, 4)), np.ones((2, 1, 5))], None, "sentence 2: found 2 layers of dim 5; expected 2 of dim 4"),
        ([np.ones((2, 1, 4)), np.ones((2, 4))], None, r"sentence 2: found shape \(2, 4\)"),
        ([np.ones((2, 1, 4))] * 2, [0, 1, 2], r"layers: found \[0, 1, 2\]; expected 2 numbers"),
        ([np.ones((2, 1, 4))] * 2, [1, 0], "ascending"),
    ],
)
def test_what_is_of_other_words_is_refused(arrays: list[Any], layers: list[int] | None, message: str) -> None:
    with pytest.raises(GatheredError, match=message):
        gather_states(arrays, [["a"], ["b"]], layers=layers)


def test_a_parquet_file_is_read_back_a_few_sentences_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treeprobe.extraction.parquet._GROUP_WORDS", 12)
    states = extract(zoo.encoder("bert"), WORDS, reading=Reading(layers=[0, 2]))
    write_parquet(states, tmp_path / "states.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["states.parquet"]
    back = read_parquet(tmp_path / "states.parquet")
    assert (back.layers, back.dim, back.lengths.tolist()) == ((0, 2), states.dim, states.lengths.tolist())
    order = [2, 0, len(WORDS) - 1]
    np.testing.assert_array_equal(back.read(order, [2]), states.read(order, [2]))
    np.testing.assert_array_equal(back.read(slice(None)), states.read(slice(None)))
    file = pyarrow.parquet.ParquetFile(tmp_path / "states.parquet")
    assert file.num_row_groups > 1
    table = pd.read_parquet(tmp_path / "states.parquet", columns=["sentence", "word", "layer_2"])
    row = table[(table["sentence"] == 0) & (table["word"] == 1)].iloc[0]
    np.testing.assert_array_equal(row["layer_2"], states.sentence(0, 2)[1])


def test_other_parquet_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pd.DataFrame({"text": ["a"]}).to_parquet(path)
    with pytest.raises(ParquetError, match="found columns text; expected sentence, word, and layer_0"):
        read_parquet(path)
    vectors = arrow.array([[1.0, 2.0]] * 2, arrow.list_(arrow.float32(), 2))
    pyarrow.parquet.write_table(arrow.table({"sentence": [1, 0], "word": [0, 0], "layer_0": vectors}), path)
    with pytest.raises(ParquetError, match="order of sentences"):
        read_parquet(path)
    path.write_text("no Parquet")
    with pytest.raises(ParquetError, match="cannot be read as Parquet"):
        read_parquet(path)
