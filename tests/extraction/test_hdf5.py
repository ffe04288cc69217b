"""Files of 2019 come in as states, and states go out as files."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from tests.extraction import oracles, zoo
from treeprobe.extraction import (
    Encoder,
    Hdf5Error,
    Reading,
    extract,
    read_hdf5,
    stream_attention,
    write_attention,
    write_hdf5,
)


def write_2019(path: Path, encoder: Encoder, sentences) -> None:
    """Hidden states as the scripts of 2019 kept them: all subwords, no embedding layer."""
    with h5py.File(path, "w") as file, torch.no_grad():
        for number, words in enumerate(sentences):
            ids = torch.tensor([encoder.tokenizer(" ".join(words))["input_ids"]])
            states = encoder.model(input_ids=ids, output_hidden_states=True).hidden_states[1:]
            file.create_dataset(str(number), data=torch.stack([layer[0] for layer in states]).numpy())


@pytest.mark.parametrize("name", ["bert", "xlnet", "gpt2"])
def test_a_file_of_2019_equals_extracting_again(name: str, tmp_path: Path) -> None:
    encoder = zoo.encoder(name)
    write_2019(tmp_path / "old.hdf5", encoder, zoo.SENTENCES)
    old = read_hdf5(tmp_path / "old.hdf5", zoo.SENTENCES, tokenizer=encoder.tokenizer)
    assert old.layers == (1, 2, 3)
    order = [2, 0, 3]
    if name == "xlnet":  # whose own segment ids the plain call above leaves out
        expected = np.concatenate([_plain(encoder, zoo.SENTENCES[i]) for i in order], axis=1)[1:]
    else:
        expected = extract(encoder, zoo.SENTENCES).read(order, [1, 2, 3])
    np.testing.assert_allclose(old.read(order), expected, atol=2e-6)


def _plain(encoder, words):
    encoded, places = oracles.subwords_of(encoder, words)
    with torch.no_grad():
        states = encoder.model(input_ids=torch.tensor([encoded["input_ids"]]), output_hidden_states=True)
    return np.stack([[layer[0].numpy()[p].mean(0) for p in places] for layer in states.hidden_states])


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    states = extract(zoo.encoder("bert"), zoo.SENTENCES, reading=Reading(layers=[0, 2]))
    write_hdf5(states, tmp_path / "new.hdf5")
    back = read_hdf5(tmp_path / "new.hdf5", zoo.SENTENCES)
    assert back.layers == (0, 2)
    np.testing.assert_array_equal(back.read(slice(None)), states.read(slice(None)))
    assert [path.name for path in tmp_path.iterdir()] == ["new.hdf5"]


def test_a_file_of_other_sentences_is_refused(tmp_path: Path) -> None:
    encoder = zoo.encoder("bert")
    write_2019(tmp_path / "old.hdf5", encoder, zoo.SENTENCES)
    other = [*zoo.SENTENCES[:2], ["Keys", "more"], zoo.SENTENCES[3]]
    with pytest.raises(Hdf5Error, match="dataset 2: found shape"):
        read_hdf5(tmp_path / "old.hdf5", other, tokenizer=encoder.tokenizer)
    with pytest.raises(Hdf5Error, match="holds 4 sentences, expected 3"):
        read_hdf5(tmp_path / "old.hdf5", zoo.SENTENCES[:3], tokenizer=encoder.tokenizer)
    with pytest.raises(Hdf5Error, match="dataset 0"):
        read_hdf5(tmp_path / "old.hdf5", zoo.SENTENCES)


def test_a_refused_file_is_closed(tmp_path: Path) -> None:
    write_2019(tmp_path / "old.hdf5", zoo.encoder("bert"), zoo.SENTENCES)
    with pytest.raises(Hdf5Error) as refusal:
        read_hdf5(tmp_path / "old.hdf5", zoo.SENTENCES)
    # While the error is kept, its traceback keeps everything that it was raised among.
    assert refusal.value.__traceback__ is not None
    h5py.File(tmp_path / "old.hdf5", "r+").close()


def test_what_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not HDF5")
    for name in ("text", "missing"):
        with pytest.raises(Hdf5Error, match="cannot be read as HDF5"):
            read_hdf5(tmp_path / name, zoo.SENTENCES)


def test_stored_attention_is_the_streamed_attention(tmp_path: Path) -> None:
    encoder = zoo.encoder("bert")
    write_attention(stream_attention(encoder, zoo.SENTENCES), tmp_path / "attention.hdf5")
    assert [path.name for path in tmp_path.iterdir()] == ["attention.hdf5"]
    with h5py.File(tmp_path / "attention.hdf5") as file:
        assert (file.attrs["leading"], file.attrs["trailing"]) == (1, 1)
        assert len(file) == len(zoo.SENTENCES)
        for batch in stream_attention(encoder, zoo.SENTENCES):
            for row, index in enumerate(batch.indices):
                real = len(zoo.SENTENCES[index]) + 2
                expected = batch.attention[:, row, :, :real, :real].numpy()
                np.testing.assert_allclose(file[str(index)][()], expected, atol=1e-3)


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(Hdf5Error, match=r"pip install 'treeprobe\[hdf5\]'"):
        read_hdf5(tmp_path / "states.hdf5", [["a"]])
    with pytest.raises(Hdf5Error, match=r"pip install 'treeprobe\[hdf5\]'"):
        write_attention([], tmp_path / "attention.hdf5")
    assert not list(tmp_path.iterdir())
