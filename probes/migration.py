"""Probes of the scripts of Hewitt & Manning (2019): `predictor.params`, a PyTorch file of one matrix `proj`."""

import os
import pickle
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.files import written_whole
from treeprobe.probes.saving import ProbeError


def read_predictor_params(path: str | os.PathLike[str]) -> NDArray[np.float32]:
    """The matrix of a probe trained by the scripts of 2019 (github.com/john-hewitt/structural-probes).

    The file is loaded with `weights_only=True`: no code in it is run.

    Returns:
        (dim, rank); the projection of a hidden state is `state @ matrix`.

    Raises:
        ProbeError: the file cannot be read, or holds anything but such a matrix.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ProbeError(f"{path}: cannot be read as a predictor.params: {reason}") from error
    matrix = found.get("proj") if isinstance(found, dict) else None
    if not isinstance(matrix, torch.Tensor) or matrix.dim() != 2:
        raise ProbeError(f"{path}: holds no matrix `proj`; expected a predictor.params with one of shape (dim, rank)")
    return matrix.detach().float().numpy()


def write_predictor_params(matrix: NDArray[np.floating], path: str | os.PathLike[str]) -> None:
    """Write a (dim, rank) matrix as the scripts of 2019 read it; the file appears when it is complete."""
    with written_whole(Path(path)) as draft:
        torch.save({"proj": torch.from_numpy(np.ascontiguousarray(matrix, dtype=np.float32))}, draft)
