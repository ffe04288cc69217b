"""CoNLL-U files to treebanks and back.

Lines are parsed here and not by the `conllu` package, for two reasons. Every error names its file, line and sentence,
and that package reports no lines, so that using it meant to split each line twice. It also splits cells at runs of
spaces, which forms may contain; the format separates cells by tabs alone. The tests compare both readers.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from treeprobe.files import written_whole
from treeprobe.parsing.treebanks.treebank import MultiwordToken, Sentence, Treebank, TreebankError

_COLUMNS = 10
# No sentence has more words, and Python refuses to convert thousands of digits.
_POSITIVE = "[1-9][0-9]{0,8}"
_INTEGER = re.compile(f"0|{_POSITIVE}")
_ID = re.compile(rf"0|{_POSITIVE}|{_POSITIVE}-{_POSITIVE}|(?:0|{_POSITIVE})\.{_POSITIVE}")


def read_conllu(path: str | Path, *, max_sentences: int | None = None) -> Treebank:
    """Read a treebank from a CoNLL-U file.

    Empty nodes and enhanced dependencies are dropped; multiword tokens keep their surface form for the text.

    Args:
        path: The file; its name without the suffix becomes the treebank's name.
        max_sentences: Read no more than this many sentences; what follows them is not checked.

    Raises:
        TreebankError: With file, line and sentence, if the file is missing, empty or not UTF-8 CoNLL-U, if a head
            points outside its sentence, or if the heads of a sentence do not form a tree with one root.
    """
    path = Path(path)
    sentences = tuple(_read_sentences(islice(_read_blocks(path), max_sentences)))
    if not sentences:
        raise TreebankError(f"{path}: holds no sentences; expected CoNLL-U blocks separated by empty lines")
    return Treebank(sentences, name=path.stem, path=path)


def write_conllu(sentences: Iterable[Sentence], path: str | Path) -> None:
    """Write sentences as a CoNLL-U file, which appears, or replaces an older one, only once it is complete.

    Raises:
        OSError: If the file cannot be written; an older one is then left as it was.
    """
    path = Path(path)
    with written_whole(path) as draft, draft.open("w", encoding="utf-8") as file:
        for sentence in sentences:
            file.write(format_conllu(sentence))


def format_conllu(sentence: Sentence) -> str:
    """One sentence as a CoNLL-U block, with its comments and the empty line that ends it."""
    named = {"sent_id": sentence.identifier} if sentence.identifier else {}
    # In a dictionary display the first mention of a key sets its position, the last its value.
    comments = {
        **({} if "sent_id" in sentence.metadata else named),
        **sentence.metadata,
        **named,
        "text": sentence.text,
    }
    lines = [f"# {key} = {_one_line(value)}" if value else f"# {key}" for key, value in comments.items()]
    starts: dict[int, MultiwordToken] = {span[0]: span for span in sentence.multiword}
    inside: set[int] = set()
    for index in range(len(sentence)):
        if index in starts:
            first, last, form = starts[index]
            misc = "_" if sentence.space_after[last] else "SpaceAfter=No"
            lines.append("\t".join([f"{first + 1}-{last + 1}", form, *["_"] * 7, misc]))
            inside |= set(range(first, last + 1))
        lines.append("\t".join(_word_cells(sentence, index, in_multiword=index in inside)))
    return "\n".join(lines) + "\n\n"


@dataclass(frozen=True)
class _Block:
    """The lines of one sentence; `line` is the first one's number in the file, `number` the sentence's, both from 1."""

    path: Path
    line: int
    number: int
    lines: tuple[str, ...]

    def error(self, problem: str, *, offset: int = 0) -> TreebankError:
        """The error for a problem met `offset` lines below the first."""
        named = re.search(r"^#\s*sent_id\s*=\s*(.+)$", "\n".join(self.lines), re.MULTILINE)
        label = f"sentence {self.number}" + (f" ({named.group(1).strip()})" if named else "")
        return TreebankError(f"{self.path}, line {self.line + offset}, {label}: {problem}")


def _read_blocks(path: Path) -> Iterator[_Block]:
    """The sentences of a file as blocks of lines, one at a time."""
    lines: list[str] = []
    start, number = 1, 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for position, raw in enumerate(file, start=1):
                line = raw.rstrip("\r\n ")
                if line.strip():
                    start = start if lines else position
                    lines.append(line)
                elif any(not line.startswith("#") for line in lines):
                    number += 1
                    yield _Block(path, start, number, tuple(lines))
                    lines = []
                else:
                    lines = []
    except FileNotFoundError as error:
        raise TreebankError(f"{path}: there is no such file; expected a treebank in CoNLL-U") from error
    except UnicodeDecodeError as error:
        raise TreebankError(f"{path}: is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise TreebankError(f"{path}: cannot be read: {error.strerror}") from error
    if any(not line.startswith("#") for line in lines):
        yield _Block(path, start, number + 1, tuple(lines))


def _read_sentences(blocks: Iterable[_Block]) -> Iterator[Sentence]:
    """The sentences of a file, each with the document that the last `newdoc` comment began."""
    document, begun = "", 0
    for block in blocks:
        comments = _read_comments(block)
        if "newdoc id" in comments or "newdoc" in comments:
            begun += 1
            document = comments.get("newdoc id", f"document {begun}")
        yield _read_sentence(block, comments, document)


def _read_sentence(block: _Block, metadata: Mapping[str, str], document: str) -> Sentence:
    """One sentence from its lines, its comments and its document."""
    words: list[list[str]] = []
    offsets: list[int] = []
    # Multiword tokens, and whether a space follows each.
    ranges: dict[MultiwordToken, bool] = {}
    for offset, line in enumerate(block.lines):
        if line.startswith("#"):
            continue
        cells = _split_cells(block, line, offset)
        if "-" in cells[0]:
            first, last = map(int, cells[0].split("-"))
            ranges[first - 1, last - 1, cells[1]] = _space_follows(cells[-1])
        elif "." not in cells[0]:
            words.append(cells)
            offsets.append(offset)
            if int(cells[0]) != len(words):
                raise block.error(f"word {cells[0]} stands where word {len(words)} is expected", offset=offset)
    if not words:
        raise block.error("has no words; expected at least one line that starts with an integer")
    _, forms, lemmas, upos, xpos, features, heads, relations, _, misc = zip(*words)
    for cells, offset in zip(words, offsets):
        _check_head(block, cells, len(words), offset)
    try:
        return Sentence(
            words=forms,
            heads=tuple(int(head) - 1 for head in heads),
            relations=_filled(relations),
            upos=_filled(upos),
            xpos=_filled(xpos),
            space_after=_space_after(misc, ranges),
            identifier=metadata.get("sent_id", ""),
            metadata=metadata,
            lemmas=_filled(lemmas),
            features=_filled(features),
            misc=_filled(misc),
            multiword=tuple(ranges),
            document=document,
        )
    except ValueError as error:
        raise block.error(str(error)) from error


def _split_cells(block: _Block, line: str, offset: int) -> list[str]:
    """The ten cells of a line, the first of them an ID and the second a form."""
    cells = line.split("\t")
    if len(cells) != _COLUMNS:
        raise block.error(
            f"is not CoNLL-U: found {len(cells)} columns in {line[:60]!r}, expected {_COLUMNS} separated by tabs",
            offset=offset,
        )
    if not _ID.fullmatch(cells[0]):
        raise block.error(
            f"is not CoNLL-U: {cells[0]!r} is not an ID; expected an integer, a range such as 1-2 or a decimal "
            "such as 1.1",
            offset=offset,
        )
    if not cells[1]:
        raise block.error(f"word {cells[0]} is empty; expected a form", offset=offset)
    return cells


def _check_head(block: _Block, cells: list[str], words: int, offset: int) -> None:
    """Refuse a head that is neither the root nor a word of the sentence."""
    head = cells[6]
    if not _INTEGER.fullmatch(head) or int(head) > words:
        raise block.error(
            f"word {cells[0]} ({cells[1]!r}) has head {head}; expected 0 (the root) or a word from 1 to {words}",
            offset=offset,
        )


def _read_comments(block: _Block) -> dict[str, str]:
    """The comments `# key = value`; of those without a value, only the marks of new paragraphs and documents."""
    comments = {}
    for line in block.lines:
        if line.startswith("#"):
            key, _, value = (part.strip() for part in line[1:].partition("="))
            if key and (value or key in ("newpar", "newdoc")):
                comments[key] = value
    return comments


def _filled(column: tuple[str, ...]) -> tuple[str, ...]:
    """One column of the words, `_` where a cell is empty."""
    return tuple(cell or "_" for cell in column)


def _space_follows(misc: str) -> bool:
    """Whether a token's MISC cell leaves a space after it."""
    return "SpaceAfter=No" not in misc.split("|")


def _space_after(misc: tuple[str, ...], ranges: dict[MultiwordToken, bool]) -> tuple[bool, ...]:
    """Whether a space follows each word: never inside a multiword token, whose own MISC holds for its last word."""
    after = [_space_follows(cell) for cell in misc]
    for (first, last, _), spaced in ranges.items():
        after[first : last + 1] = [False] * (last - first) + [spaced]
    return tuple(after)


def _word_cells(sentence: Sentence, index: int, *, in_multiword: bool) -> list[str]:
    """The ten cells of a word's line."""
    misc = [item for item in sentence.misc[index].split("|") if item not in ("_", "", "SpaceAfter=No")]
    if not sentence.space_after[index] and not in_multiword:
        misc.append("SpaceAfter=No")
    cells = [
        str(index + 1),
        sentence.words[index],
        sentence.lemmas[index],
        sentence.upos[index],
        sentence.xpos[index],
        sentence.features[index],
        str(sentence.heads[index] + 1),
        sentence.relations[index],
        "_",
        "|".join(sorted(misc, key=str.lower)) or "_",
    ]
    return [_one_line(cell) or "_" for cell in cells]


def _one_line(text: str) -> str:
    """Text that cannot break a line or a column."""
    return re.sub(r"[\t\r\n]+", " ", text)
