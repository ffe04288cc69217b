"""Which checkpoints a sweep is about: folders, patterns, hub names and training runs become records."""

import glob
import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from treeprobe.digests import file_digest
from treeprobe.errors import TreeprobeError
from treeprobe.pipeline.results.file_names import file_name, same_file

STEP_FOLDER = re.compile(r"(?:step|checkpoint|ckpt|global_?step|iter)?[-_ ]?(\d+)(?:[kK])?$")
TRAINED = ("*.safetensors", "pytorch_model*.bin", "adapter_model*.bin")
"""Files of which a folder that can be loaded has one; a `training_args.bin` makes no checkpoint."""
WEIGHTS = ("*.safetensors", "*.bin", "config.json", "tokenizer*", "vocab*")


Stamp = tuple[tuple[str, int, int, int], ...]


class CheckpointNameError(TreeprobeError, ValueError):
    """Names that stand for no checkpoint, or for two."""


@dataclass(frozen=True)
class Checkpoint:
    """A model to analyse; `family` and `step` are its training run and place in it, where it is one of many.

    `source` is a hub name, or a folder by its absolute path, so that it is the same for a worker elsewhere.
    """

    name: str
    source: str
    revision: str | None = None
    family: str | None = None
    step: int | None = None

    @property
    def folder(self) -> Path | None:
        """Where it lies, None when it is known by its hub name."""
        path = Path(self.source).expanduser()
        return path if path.is_dir() else None

    @property
    def lacks(self) -> str | None:
        """What its folder lacks that loading it takes, as its files' names tell; None where nothing, or for the hub."""
        if self.folder is None:
            return None
        if not (self.folder / "config.json").is_file():
            return f"{self.source} has no config.json; expected the folder of a transformers checkpoint"
        if not any(file for pattern in TRAINED for file in self.folder.glob(pattern)):
            return f"{self.source} has no weights; expected one of {', '.join(TRAINED)}"
        return None

    @property
    def digest(self) -> str:
        """SHA-256 of its files in a folder, or of its hub name and revision; a folder without files has one too."""
        digest = hashlib.sha256(f"{self.source if self.folder is None else ''}\0{self.revision}".encode())
        for path in self._files():
            digest.update(f"{path.name}\0{file_digest(path)}\0".encode())
        return digest.hexdigest()

    @property
    def stamp(self) -> Stamp:
        """Name, bytes and times of each of its files: where they are as they were, so is the digest.

        The second time cannot be set, so that a file written anew is seen even where its first time was put back.
        """
        try:
            with os.scandir(os.path.expanduser(self.source)) as entries:
                states = sorted((one.name, one.stat()) for one in entries if is_weights(one.name))
        except (FileNotFoundError, NotADirectoryError):  # of the hub
            return ()
        return tuple((name, state.st_size, state.st_mtime_ns, state.st_ctime_ns) for name, state in states)

    def _files(self) -> list[Path]:
        """What its result depends on; nothing for the hub."""
        folder = self.folder
        if folder is None:
            return []
        return sorted(folder / name for name in os.listdir(folder) if is_weights(name))


@lru_cache
def is_weights(name: str) -> bool:
    """Whether the result of an analysis depends on a file of a checkpoint."""
    return any(fnmatchcase(name, pattern) for pattern in WEIGHTS)


@dataclass(frozen=True)
class Weights:
    """The files of a checkpoint as they were when their digest was taken."""

    checkpoint: Checkpoint
    digest: str
    stamp: Stamp

    @property
    def changed(self) -> bool:
        """Whether they are others now; files that were only touched are read again."""
        return self.checkpoint.stamp != self.stamp and self.checkpoint.digest != self.digest


def find_checkpoints(models: Iterable[str | Path]) -> list[Checkpoint]:
    """Every checkpoint that the names stand for, in order.

    A name is a folder; a pattern of folders (`runs/*/final`); a hub name, with a revision after `@`; a folder whose
    folders are numbered by training step (`step-100`, `checkpoint-2000`, `step_30k`), read as a training run; or a
    folder or hub name after `NAME=`, which says what to call the checkpoint or the run.

    Raises CheckpointNameError that lists every name which stands for nothing, or for two checkpoints.
    """
    found: list[Checkpoint] = []
    problems: list[str] = []
    for model in models:
        try:
            found += _expand(str(model))
        except CheckpointNameError as error:
            problems.append(str(error))
    problems += _clashes(found)
    if problems or not found:
        raise CheckpointNameError("\n".join(problems) or "no checkpoints; expected at least one folder or hub name")
    return found


def _expand(text: str) -> list[Checkpoint]:
    """The checkpoints that one name stands for."""
    called, separator, rest = text.partition("=")
    if separator and not Path(text).expanduser().exists():
        return _called_as(called, rest)
    if glob.has_magic(text):
        found = sorted(map(Path, glob.glob(str(Path(text).expanduser()))), key=lambda path: path.parts)
        folders = [path for path in found if path.is_dir()]
        if not folders:
            raise CheckpointNameError(f"{text}: the pattern matches no folder")
        return [checkpoint for folder in folders for checkpoint in _from_folder(folder)]
    folder = Path(text).expanduser()
    return _from_folder(folder) if folder.is_dir() else [_from_hub(text)]


def _called_as(name: str, text: str) -> list[Checkpoint]:
    """What `NAME=text` stands for: a folder, a training run or a hub name, by the name given."""
    if not name or not text or glob.has_magic(text):
        raise CheckpointNameError(
            f"{name}={text}: expected a name, then a checkpoint's folder or a hub name; no pattern"
        )
    folder = Path(text).expanduser()
    return _from_folder(folder, name=name) if folder.is_dir() else [_from_hub(text, name=name)]


def _from_hub(text: str, *, name: str | None = None) -> Checkpoint:
    """A checkpoint by its hub name, with its revision after `@`; CheckpointNameError when that can only be a path."""
    path = Path(text).expanduser()
    if path.exists() or path.is_absolute() or text.startswith((".", "~")) or text.count("/") > 1:
        raise CheckpointNameError(
            f"{text}: there is no such folder; expected a checkpoint's folder, a pattern or a hub name"
        )
    source, _, revision = text.partition("@")
    return Checkpoint(name or text, source, revision or None)


def _from_folder(folder: Path, *, name: str | None = None) -> list[Checkpoint]:
    """The checkpoint in a folder, or the training run that its numbered folders make; called as the folder is."""
    # The last part of a path is its name, unless that is a link or none at all.
    plain = folder.name not in ("", "..") and not folder.is_symlink()
    name = name or (folder.name if plain else folder.resolve().name)
    if (folder / "config.json").exists():
        return [Checkpoint(name, str(folder.absolute()))]
    steps = {child: step_of(child.name) for child in folder.iterdir() if (child / "config.json").is_file()}
    numbered = sorted((step, child) for child, step in steps.items() if step is not None)
    if not numbered:
        return [Checkpoint(name, str(folder.absolute()))]
    return [
        Checkpoint(f"{name}/{child.name}", str(child.absolute()), family=name, step=step) for step, child in numbered
    ]


def step_of(name: str) -> int | None:
    """The training step in a folder's name: `step-100`, `checkpoint_2000`, `30k`; None when it holds none."""
    match = STEP_FOLDER.fullmatch(name)
    return None if match is None else int(match[1]) * (1000 if name[-1] in "kK" else 1)


def _clashes(checkpoints: Sequence[Checkpoint]) -> list[str]:
    """A line for every name that two checkpoints share, in tables or for their files."""
    by_name: dict[str, list[Checkpoint]] = defaultdict(list)
    for checkpoint in checkpoints:
        by_name[same_file(file_name(checkpoint.name))].append(checkpoint)
    return [
        f"{len(same)} checkpoints are called {' or '.join(dict.fromkeys(one.name for one in same))}: "
        f"{', '.join(one.source for one in same)}; "
        "tell them apart by NAME=FOLDER"
        for same in by_name.values()
        if len(same) > 1
    ]
