"""A text extracted in pieces is the text extracted whole."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treeprobe.extraction import Encoder, extract
from treeprobe.parsing import read_conllu
from treeprobe.pipeline.sweeping import Backend, Checkpoint, SweepError
from treeprobe.pipeline.sweeping.splitting import cut, extract_in_pieces
from treeprobe.probes import DistanceProbe
from treeprobe.probes.states import States


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(1, 12))
def test_pieces_are_the_text_in_order_and_even(lengths: list[int], pieces: int) -> None:
    words = [[f"{number}.{place}" for place in range(length)] for number, length in enumerate(lengths)]
    parts = cut(words, pieces)
    assert [list(sentence) for part in parts for sentence in part.words] == words
    assert [part.number for part in parts] == list(range(len(parts)))
    assert max(sum(map(len, part.words)) for part in parts) <= sum(lengths) / pieces + 9


def test_pieces_read_as_the_whole(checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path) -> None:
    bank = read_conllu(treebank_files["train"])
    whole = extract(Encoder.from_pretrained(checkpoint), bank.words)
    mine = Checkpoint("tiny", str(checkpoint))
    joined = extract_in_pieces(mine, bank.words, cache=tmp_path, pieces=4, backend=Backend(jobs=1))
    assert isinstance(joined, States)
    np.testing.assert_array_equal(joined.lengths, whole.lengths)
    order = np.random.default_rng(0).permutation(len(bank))[:25]
    np.testing.assert_allclose(joined.read(order), whole.read(order), atol=1e-5)
    np.testing.assert_allclose(joined.read(slice(3, 30), [2]), whole.read(slice(3, 30), [2]), atol=1e-5)
    np.testing.assert_allclose(joined.sentence(17, 1), whole.sentence(17, 1), atol=1e-5)
    probe = DistanceProbe(layer=1, rank=2, epochs=1).fit(joined, bank.distances)
    other = DistanceProbe(layer=1, rank=2, epochs=1).fit(whole, bank.distances)
    np.testing.assert_allclose(probe.matrix_, other.matrix_, atol=1e-4)


def test_a_piece_that_fails_is_named(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"piece 1 of 2 could not be extracted: CheckpointError"):
        extract_in_pieces(
            Checkpoint("none", str(tmp_path)), [["a"], ["b"]], cache=tmp_path / "c", pieces=2, backend=Backend()
        )
    with pytest.raises(SweepError, match="0 sentences in 2 pieces"):
        extract_in_pieces(Checkpoint("x", str(checkpoint)), [], cache=tmp_path, pieces=2, backend=Backend())
