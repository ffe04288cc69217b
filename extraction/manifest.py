"""What a cache is made from, known before the first sentence is read, and the manifest that says so on disk."""

import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treeprobe.digests import json_digest
from treeprobe.extraction.shards import CacheError

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = frozenset({"key", "identity", "layers", "dim", "storage", "shard_count", "complete"})
"""What every manifest of this format says."""
VERSIONED = ("treeprobe", "torch", "transformers", "tokenizers", "safetensors", "numpy")


@dataclass(frozen=True)
class Plan:
    """What a cache will hold, known before the first sentence is read."""

    identity: Mapping[str, Any]
    layers: tuple[int, ...]
    dim: int
    storage: str
    """Number format on disk: float32, float16 or bfloat16."""
    word_bounds: NDArray[np.int64]
    shard_bounds: NDArray[np.int64]

    @property
    def key(self) -> str:
        """SHA-256 of the identity: caches of different keys never share a folder."""
        return json_digest(self.identity)

    @property
    def folder_name(self) -> str:
        """The folder of this cache: the checkpoint's name, so that people find it, and the beginning of the key."""
        name = re.sub(r"[^\w.-]+", "--", self.identity["checkpoint"]["name"])
        return f"{name[:80]}-{self.key[:16]}"


def manifest_of(plan: Plan) -> dict[str, Any]:
    """What the manifest says from the beginning."""
    return {
        "format": FORMAT,
        "key": plan.key,
        "identity": dict(plan.identity),
        "layers": list(plan.layers),
        "dim": plan.dim,
        "storage": plan.storage,
        "shard_count": len(plan.shard_bounds) - 1,
        "versions": {name: version(name) for name in VERSIONED} | {"python": platform.python_version()},
    }


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of a cache folder; `CacheError` where there is none that can be read."""
    path = Path(folder) / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CacheError(f"{folder} is not a cache: it has no {MANIFEST}") from error
    except (OSError, ValueError) as error:
        raise CacheError(f"{path} cannot be read: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise CacheError(f"{path} is not a manifest of format {FORMAT}")
    if missing := KEYS - manifest.keys():
        raise CacheError(f"{path} lacks {', '.join(sorted(missing))}; expected the manifest of a cache")
    return manifest
