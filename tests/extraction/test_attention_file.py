"""Attention is stored when asked, without padding."""

from pathlib import Path

import h5py
import numpy as np

from tests.extraction import zoo
from treeprobe.extraction import stream_attention, write_attention


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
