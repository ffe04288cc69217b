"""Treebanks by file, folder or UD name, read once in a process; and lists of treebanks for a sweep."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from treeprobe.parsing import Treebank, TreebankError, read_conllu
from treeprobe.parsing.treebanks import Split, treebank_path


@dataclass(frozen=True)
class Splits:
    """One treebank's files, by the name that tables have for it; `test` is scored too where there is one."""

    name: str
    train: Path
    dev: Path
    test: Path | None = None


def read_split(source: str | Path, split: Split, *, limit: int | None = None) -> Treebank:
    """A split of a file, a folder of a UD release or a UD name, or no more than its first `limit` sentences.

    A process reads a file once for as long as it stays as it is. Raises TreebankError as `load_treebank` does.
    """
    path = treebank_path(source, split=split)
    return _read_once(path, limit, _state_of(path))


def common_name(path: Path) -> str:
    """The treebank that a split's file belongs to: `en_ewt` of `en_ewt-ud-train.conllu`, or else its folder's name."""
    return re.sub(r"[-_.]?(ud-)?(train|dev|test)$", "", path.stem) or path.absolute().parent.name


# A sweep goes from task to task, and each reads the same few files: two treebanks of three splits, at most.
@lru_cache(maxsize=6)
def _read_once(path: Path, limit: int | None, state: tuple[int, int] | None) -> Treebank:
    """A treebank, kept for the next task of this process; a file in another `state` is read anew."""
    return read_conllu(path, max_sentences=limit)


def _state_of(path: Path) -> tuple[int, int] | None:
    """When a file was changed and how long it is; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def read_list(path: str | Path) -> list[Splits]:
    """The treebanks of a list: one a line, `NAME TRAIN DEV [TEST]`; # begins a comment.

    The last cells are files, by their paths from the list's folder, or UD names as `splits_of` takes them.

    Raises TreebankError that names the line.
    """
    path = Path(path)
    found: list[Splits] = []
    for number, cells in list_lines(path):
        if cells[0] in {one.name for one in found}:
            raise TreebankError(f"{path}, line {number}: a second treebank called {cells[0]}")
        found.append(splits_of_line(path, number, cells))
    return found


def list_lines(path: Path) -> list[tuple[int, list[str]]]:
    """The lines of a list that name treebanks: number and cells. Raises TreebankError where it has none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TreebankError(f"{path}: cannot be read as a list of treebanks: {error}") from error
    split = (line.partition("#")[0].split("\t" if "\t" in line else None) for line in lines)
    named = [
        (number, [cell.strip() for cell in cells if cell.strip()])
        for number, cells in enumerate(split, start=1)
        if any(cell.strip() for cell in cells)
    ]
    if not named:
        raise TreebankError(f"{path}: lists no treebank; expected lines of NAME TRAIN DEV [TEST]")
    return named


def splits_of_line(path: Path, number: int, cells: Sequence[str]) -> Splits:
    """The treebank that a line of a list names. Raises TreebankError that names the line."""
    if len(cells) not in (3, 4):
        raise TreebankError(f"{path}, line {number}: {len(cells)} cells; expected NAME TRAIN DEV [TEST]")
    try:
        return splits_of(*(_beside(path, cell) for cell in cells[1:]), name=cells[0])
    except TreebankError as error:
        raise TreebankError(f"{path}, line {number}: {error}") from error


def _beside(path: Path, cell: str) -> str:
    """A cell of a list as a path from here; what is not there and has no ending stays a UD name."""
    file = path.parent / Path(cell).expanduser()
    return str(file) if file.exists() or file.suffix else cell


def splits_of(train: str | Path, dev: str | Path, test: str | Path | None = None, *, name: str | None = None) -> Splits:
    """One treebank's files, called by what their names begin with alike (`en_ewt` of `en_ewt-train`) unless told.

    Each is a CoNLL-U file, the folder of a UD release, or a UD name such as `en_ewt`, as `parsing.load_treebank` takes
    them; a name is fetched here, once. Raises TreebankError when there is no such treebank or split.
    """
    given: dict[Split, str | Path] = {"train": train, "dev": dev, **({} if test is None else {"test": test})}
    files = {split: treebank_path(source, split=split) for split, source in given.items()}
    return Splits(name or common_name(files["train"]), files["train"], files["dev"], files.get("test"))
