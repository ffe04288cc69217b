"""Tab-separated task files as they are published: no quoting, and a header whose columns are checked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from treeprobe.training.finetuning.options import TaskFileError


@dataclass(frozen=True)
class Row:
    """A line of a table, by column; `place` names the file and the line, for messages."""

    place: str
    cells: dict[str, str]


def read_rows(path: Path, columns: Sequence[str], *, header: bool, broken: list[str] | None = None) -> Iterator[Row]:
    """The rows of a UTF-8 file, cells between tabs; quotation marks are text, and a byte-order mark is none.

    Args:
        path: the file.
        columns: its columns, in order.
        header: whether the first line names them.
        broken: takes the places of lines that do not have as many cells, which are then left out; where None, such a
            line is an error.

    Raises:
        TaskFileError: the file cannot be read, has another header, or a line of other than so many cells.
    """
    try:
        # Other characters that Python takes for the end of a line occur within texts.
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                cells = line.rstrip("\r\n").split("\t")
                place = f"{path}, line {number}"
                if number == 1 and header:
                    if cells != list(columns):
                        raise TaskFileError(f"{place}: found the columns {_listed(cells)}; expected {_listed(columns)}")
                    continue
                if len(cells) == len(columns):
                    yield Row(place, dict(zip(columns, cells)))
                elif broken is None:
                    raise TaskFileError(
                        f"{place}: found {len(cells)} cells, {_listed(cells)}; expected {len(columns)}: "
                        f"{_listed(columns)}"
                    )
                else:
                    broken.append(place)
    except OSError as error:
        raise TaskFileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TaskFileError(f"{path}: cannot be read as UTF-8: {error}") from error


def _listed(cells: Sequence[str]) -> str:
    """Cells in a message, each cut short."""
    return " | ".join(cell if len(cell) <= 20 else f"{cell[:20]}…" for cell in cells)
