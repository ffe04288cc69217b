"""Probes of the scripts of 2019 come in as probes, and probes go out as files for those scripts."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from treeprobe.probes import DepthProbe, DistanceProbe, ProbeError

DIM, RANK = 16, 4


@pytest.fixture
def matrix() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(DIM, RANK)).astype(np.float32)


@pytest.fixture
def words() -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(6, DIM)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path, matrix: NDArray[np.float32]) -> Path:
    """A file as the scripts of 2019 save it: the state dictionary of a module with one parameter."""
    probe = torch.nn.ParameterDict({"proj": torch.from_numpy(matrix)})
    torch.save(probe.state_dict(), tmp_path / "predictor.params")
    return tmp_path / "predictor.params"


def test_a_probe_of_2019_predicts_as_it_did(path: Path, matrix: NDArray[np.float32], words: NDArray[np.float32]):
    probe = DistanceProbe.from_predictor_params(path, layer=17)
    assert (probe.layer, probe.rank) == (17, RANK)
    # What TwoWordPSDProbe and OneWordPSDProbe compute, one pair and one word at a time.
    distances = [[float((((one - other) @ matrix) ** 2).sum()) for other in words] for one in words]
    np.testing.assert_allclose(probe.predict([words])[0], distances, rtol=1e-4, atol=1e-4)
    depths = [float(((word @ matrix) ** 2).sum()) for word in words]
    np.testing.assert_allclose(DepthProbe.from_predictor_params(path).predict([words])[0], depths, rtol=1e-5)


def test_a_probe_of_2019_can_be_kept(path: Path, words: NDArray[np.float32], tmp_path: Path) -> None:
    probe = DistanceProbe.from_predictor_params(path, layer=17)
    probe.save_pretrained(tmp_path / "probe")
    again = DistanceProbe.from_pretrained(tmp_path / "probe")
    assert again.get_params() == probe.get_params()
    np.testing.assert_array_equal(again.predict([words])[0], probe.predict([words])[0])


def test_what_is_written_is_read_back(path: Path, tmp_path: Path) -> None:
    probe = DepthProbe.from_predictor_params(path)
    probe.to_predictor_params(tmp_path / "again.params")
    np.testing.assert_array_equal(DepthProbe.from_predictor_params(tmp_path / "again.params").matrix_, probe.matrix_)
    assert torch.load(tmp_path / "again.params", weights_only=True)["proj"].shape == (DIM, RANK)


class Intruder:
    """Something whose unpickling would run code."""

    def __reduce__(self):
        return print, ("code from a file was run",)


def test_no_code_is_run(tmp_path: Path, capsys) -> None:
    torch.save({"proj": Intruder()}, tmp_path / "predictor.params")
    with pytest.raises(ProbeError, match="cannot be read"):
        DistanceProbe.from_predictor_params(tmp_path / "predictor.params")
    assert "code from a file" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [{"proj": torch.zeros(3)}, {"other": torch.zeros(3, 3)}, torch.zeros(3, 3)])
def test_a_file_without_a_matrix_is_refused(content, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "predictor.params")
    with pytest.raises(ProbeError, match="no matrix"):
        DistanceProbe.from_predictor_params(tmp_path / "predictor.params")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match=r"nowhere\.params"):
        DistanceProbe.from_predictor_params(tmp_path / "nowhere.params")
