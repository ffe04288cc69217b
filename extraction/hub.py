"""Where a checkpoint's name points: a folder, the hub's cache on this disk, or the hub; settled before any wait."""

import difflib
from pathlib import Path

from huggingface_hub import constants, try_to_load_from_cache
from huggingface_hub.errors import HFValidationError

from treeprobe.extraction.checkpoint import CheckpointError
from treeprobe.hub import hub_host, unreachable

_CONFIG = "config.json"
_ALIKE = 0.75
"""Similarity (`difflib`'s ratio) from which a name is taken for a mistyped one."""


def check_place(name: str, *, revision: str | None = None) -> None:
    """Refuse what looks like a path but holds no checkpoint, and what is probably a mistyped folder.

    Raises CheckpointError, before the hub is asked.
    """
    path = Path(name)
    if path.is_dir():
        if not (path / _CONFIG).is_file():
            within = sorted(found.parent.name for found in path.glob(f"*/{_CONFIG}"))
            hint = f"; the folders {', '.join(within)} in it have one: choose one of them" if within else ""
            raise CheckpointError(f"{name} is a folder without {_CONFIG}: not a transformers checkpoint{hint}")
    elif path.is_file():
        raise CheckpointError(f"{name} is a file; expected the folder of a transformers checkpoint")
    elif _is_path(name):
        raise CheckpointError(f"there is no checkpoint folder {name}{similar_folders(name)}")
    elif not is_cached(name, revision=revision):
        hint, beside = similar_folders(name), path.parent.name != "" and path.parent.is_dir()
        if hint or beside:
            meant = f" If the hub's is meant, name its owner too: OWNER/{name}" if not beside else ""
            raise CheckpointError(f"there is no checkpoint folder {name}{hint}{meant}")


def similar_folders(name: str) -> str:
    """A hint to folders whose names are like that of one that is not there, checkpoints before others; or ""."""
    path = Path(name)
    if not path.parent.is_dir():
        return ""
    folders = [found.name for found in path.parent.iterdir() if (found / _CONFIG).is_file()]
    if not (alike := difflib.get_close_matches(path.name, folders, n=3, cutoff=_ALIKE)):
        return ""
    return f"; did you mean {' or '.join(str(path.with_name(one)) for one in alike)}?"


def is_cached(name: str, *, revision: str | None = None) -> bool:
    """Whether the hub's cache on this disk has a checkpoint of that name."""
    try:
        return isinstance(try_to_load_from_cache(name, _CONFIG, revision=revision), str)
    except HFValidationError:
        return False


def asks_hub(name: str) -> str | None:
    """The host that would be asked for a checkpoint; None where it is a folder here or nothing may be asked."""
    return None if Path(name).expanduser().is_dir() or constants.is_offline_mode() else hub_host()[0]


def read_locally(name: str, *, revision: str | None = None) -> bool:
    """Whether a checkpoint is to be read without the network: from a folder, or from the hub's cache if there is none.

    Raises:
        CheckpointError: it is neither here nor in the hub's cache, and the hub cannot be reached.
    """
    if asks_hub(name) is None:
        return True
    if (reason := unreachable()) is None:
        return False
    if is_cached(name, revision=revision):
        return True
    raise CheckpointError(
        f"checkpoint {name} is neither a folder here nor in the hub's cache ({constants.HF_HUB_CACHE}), and the hub "
        f"cannot be reached ({reason}); expected a folder, or a network"
    )


def _is_path(name: str) -> bool:
    """Whether a name can only be a path: hub names have one slash at most."""
    return Path(name).is_absolute() or name.startswith((".", "~")) or name.count("/") > 1
