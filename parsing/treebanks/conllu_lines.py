"""The lines of a CoNLL-U file: from bytes to the blocks of its sentences, and from a line to its ten cells.

What is not in the format is refused here, as Universal Dependencies' own reader refuses it, with file and line. The
table in docs/how-to/own-treebank.md lists what is refused and what is not.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from treeprobe.parsing.treebanks.treebank import TreebankError

COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
SPACED = frozenset({"FORM", "LEMMA", "MISC"})
"""Columns whose cells may hold single spaces."""

# No sentence has more words, and Python refuses to convert thousands of digits.
_POSITIVE = "[1-9][0-9]{0,8}"
_HEAD = re.compile(f"0|{_POSITIVE}")
_ID = re.compile(rf"{_POSITIVE}|{_POSITIVE}-{_POSITIVE}|(?:0|{_POSITIVE})\.{_POSITIVE}")
_SPACED_CELL = r"\S+(?:[^\S\t]\S+)*"
_LINE = re.compile(
    "\t".join([f"(?:{_ID.pattern})", *(_SPACED_CELL if name in SPACED else r"\S+" for name in COLUMNS[1:])])
)
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_SENTENCE_ID = re.compile(r"^#\s*sent_id\s*=\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """The lines of one sentence; `line` is the first one's number in the file, `number` the sentence's, both from 1.

    `ended` says whether an empty line follows.
    """

    path: Path
    line: int
    number: int
    lines: tuple[str, ...]
    ended: bool = True

    def error(self, problem: str, *, offset: int = 0) -> TreebankError:
        """The error for a problem met `offset` lines below the first."""
        named = _SENTENCE_ID.search("\n".join(self.lines))
        label = f"sentence {self.number}" + (f" ({named.group(1).strip()})" if named else "")
        return TreebankError(f"{self.path}, line {self.line + offset}, {label}: {problem}")


def read_blocks(path: Path) -> Iterator[Block]:
    """The sentences of a file as blocks of lines, one at a time. Raises TreebankError."""
    lines: list[str] = []
    position, number = 0, 0
    for position, line in enumerate(_read_lines(path), start=1):
        if line:
            lines.append(line)
        elif lines:
            number += 1
            yield _whole(Block(path, position - len(lines), number, tuple(lines)))
            lines = []
    if lines:
        yield _whole(Block(path, position - len(lines) + 1, number + 1, tuple(lines), ended=False))
    elif not number:
        found = "holds empty lines alone" if position else "is empty"
        raise TreebankError(
            f"{path}, line {max(position, 1)}: the file {found}, so there are no sentences; expected CoNLL-U blocks, "
            "each with an empty line below"
        )


def _whole(block: Block) -> Block:
    """The block itself. Refuses one without words, whose comments would be lost."""
    if all(line.startswith("#") for line in block.lines):
        raise block.error(
            "comments without a word below them; expected comments directly above the words of their sentence. Remove "
            "the empty line that parts them, or the comments",
            offset=len(block.lines) - 1,
        )
    return block


def _read_lines(path: Path) -> Iterator[str]:
    """The lines without their ends, which may be LF or CRLF; a byte order mark is skipped."""
    try:
        with path.open("rb") as file:
            for position, raw in enumerate(file, start=1):
                line = _decode(raw, path, position).removesuffix("\n").removesuffix("\r")
                if line.isspace() or _CONTROL.search(line) is not None:
                    raise _bad_line(line, path, position)
                yield line
    except FileNotFoundError as error:
        raise TreebankError(f"{path}: there is no such file; expected a treebank in CoNLL-U") from error
    except OSError as error:
        raise TreebankError(f"{path}: cannot be read ({error.strerror}); expected a CoNLL-U file") from error


def _decode(raw: bytes, path: Path, position: int) -> str:
    """One line as text."""
    try:
        return raw.decode("utf-8-sig" if position == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise TreebankError(
            f"{path}, line {position}: is not UTF-8 text: byte 0x{raw[error.start]:02x} ({error.reason}) after "
            f"{raw[: error.start].decode('utf-8', 'replace')[-20:]!r}; save the file as UTF-8"
        ) from error


def _bad_line(line: str, path: Path, position: int) -> TreebankError:
    """The error for a line with a control character, or one that looks empty and is not."""
    if (control := _CONTROL.search(line)) is not None:
        return TreebankError(
            f"{path}, line {position}: holds {character(control.group())} after {line[: control.start()][-20:]!r}; "
            "expected no control character but tabs. Remove it"
        )
    return TreebankError(
        f"{path}, line {position}: holds white space alone ({character(line[0])}); expected an empty line between "
        "sentences. Empty it, or remove it"
    )


def split_cells(block: Block, line: str, offset: int) -> list[str]:
    """The ten cells of a line, the first of them an ID."""
    cells = line.split("\t")
    if not _LINE.fullmatch(line):
        raise block.error(_problem_of(cells), offset=offset)
    return cells


def _problem_of(cells: list[str]) -> str:
    """What is wrong with the cells of a line that is not well formed."""
    if len(cells) != len(COLUMNS):
        line = "\t".join(cells)
        found = f"found {len(cells)} columns in {line[:60]!r}"
        return f"is not CoNLL-U: {found}, expected {len(COLUMNS)} separated by tabs"
    for name, cell in zip(COLUMNS, cells):
        if not cell:
            wanted = "a form" if name == "FORM" else "_ where there is nothing to say"
            return f"column {name} of word {cells[0]} is empty; expected {wanted}"
        spaced = name in SPACED
        space = re.search(r"^\s|\s(?=\s)|\s$" if spaced else r"\s", cell)
        if space is not None:
            wanted = "single spaces between characters alone" if spaced else "no white space"
            return f"column {name}, {cell!r}, holds {character(space.group())}; expected {wanted}"
    return (
        f"is not CoNLL-U: {cells[0]!r}{oddities(cells[0])} is not an ID; expected an integer, a range such as 1-2 or a "
        "decimal such as 1.1"
    )


def check_head(block: Block, cells: list[str], words: int, offset: int) -> None:
    """Refuse a head that is neither the root nor a word of the sentence."""
    head = cells[6]
    if not _HEAD.fullmatch(head) or int(head) > words:
        raise block.error(
            f"word {cells[0]} ({cells[1]!r}) has head {head}{oddities(head)}; expected 0 (the root) or a word from 1 "
            f"to {words}",
            offset=offset,
        )


def space_follows(misc: str) -> bool:
    """Whether a token's MISC cell leaves a space after it."""
    return "SpaceAfter=No" not in misc.split("|")


def oddities(cell: str) -> str:
    """Names of the characters of a cell that a reader may not see, in brackets; nothing where there are none."""
    found = [character(one) for one in dict.fromkeys(cell) if not one.isascii() or not one.isprintable()]
    return f" ({', '.join(found[:3])})" if found else ""


def character(one: str) -> str:
    """A character by its code point and name."""
    name = unicodedata.name(one, "a control character" if unicodedata.category(one) == "Cc" else "unnamed")
    return f"U+{ord(one):04X} ({name.lower()})"
