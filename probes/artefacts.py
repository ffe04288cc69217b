"""Saved probes: a folder with the numbers in safetensors and everything a person may ask in JSON."""

import json
import os
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from treeprobe.errors import TreeprobeError
from treeprobe.files import written_whole

FORMAT = 1

Arrays = dict[str, NDArray[np.float32]]


class ProbeError(TreeprobeError, ValueError):
    """A folder that does not hold the probe it was taken for."""


class SavedProbe(BaseEstimator):
    """An estimator that can be written to a folder and read back, numbers bit by bit.

    Attributes after `fit`: history_, losses by epoch; best_epoch_, the epoch kept, from 1; identity_, the record of
    the checkpoint and settings that the vectors came from ({} for plain arrays).
    """

    kind: ClassVar[str]

    history_: list[dict[str, float]]
    best_epoch_: int
    identity_: dict[str, Any]

    @abstractmethod
    def _arrays(self) -> Arrays:
        """What was learned, by name."""

    @abstractmethod
    def _restore(self, arrays: Arrays) -> None:
        """Take back what `_arrays` gave. Raises KeyError or ValueError where it does not fit."""

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write the probe as a folder of `probe.safetensors` and a readable `probe.json`.

        The second is written last, so that a folder that has it is complete; each file is moved to its place whole.
        """
        check_is_fitted(self, "best_epoch_")
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        record = {
            "format": FORMAT,
            "kind": self.kind,
            "parameters": self.get_params(),
            "best_epoch": self.best_epoch_,
            "history": self.history_,
            "identity": self.identity_,
            "relations": getattr(self, "relations_", None),
        }
        # Turned to text first: what JSON cannot hold must not leave half a folder.
        text = json.dumps(record, indent=2) + "\n"
        (place / "probe.json").unlink(missing_ok=True)
        with written_whole(place / "probe.safetensors") as draft:
            draft.write_bytes(save(self._arrays()))
        with written_whole(place / "probe.json") as draft:
            draft.write_text(text, encoding="utf-8")

    @classmethod
    def from_pretrained(
        cls,
        folder: str | os.PathLike[str],
        *,
        identity: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> Self:
        """Read what `save_pretrained` wrote.

        Args:
            folder: the probe's folder.
            identity: `states.identity` of the vectors that the probe is to read, compared with what it was trained on.
            force: take the probe although the checkpoints differ.

        Raises:
            ProbeError: the folder holds no probe of this kind, or a damaged one, or one trained on the vectors of
                another checkpoint.
        """
        place = Path(folder)
        record = read_record(place)
        if record.get("kind") != cls.kind:
            raise ProbeError(f"{place}: holds a {record.get('kind')} probe; expected a {cls.kind} probe")
        if identity is not None and not force:
            check_identity(place, record.get("identity", {}), identity)
        try:
            probe = cls(**record["parameters"])
            probe.best_epoch_, probe.history_ = record["best_epoch"], record["history"]
            probe.identity_ = record["identity"]
            if record["relations"] is not None:
                probe.relations_ = record["relations"]
            probe._restore(load_file(place / "probe.safetensors"))
        except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
            raise ProbeError(f"{place}: the probe cannot be read: {type(error).__name__}: {error}") from error
        return probe


def read_record(folder: Path) -> dict[str, Any]:
    """What `probe.json` says. Raises ProbeError when the folder holds none, or one of another format."""
    path = folder / "probe.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ProbeError(f"{folder}: holds no probe.json; expected a folder written by save_pretrained") from error
    except ValueError as error:
        raise ProbeError(f"{path}: is not JSON: {error}") from error
    found = record.get("format") if isinstance(record, dict) else None
    if found != FORMAT:
        raise ProbeError(f"{path}: is of format {found}; expected {FORMAT}")
    return record


def check_identity(folder: Path, trained: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse a probe for another checkpoint than the one it was trained on, by the digests of both."""
    ours, theirs = (dict(identity.get("checkpoint", {})) for identity in (trained, given))
    if ours.get("digest") != theirs.get("digest"):
        raise ProbeError(
            f"{folder}: the probe was trained on {describe(ours)}, the vectors are of {describe(theirs)}; "
            "pass force=True to use it all the same"
        )


def describe(checkpoint: Mapping[str, Any]) -> str:
    """A checkpoint's name and the start of its digest."""
    if not checkpoint:
        return "vectors of no known checkpoint"
    return f"{checkpoint.get('name')} ({str(checkpoint.get('digest'))[:12]})"
