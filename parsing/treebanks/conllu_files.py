"""CoNLL-U files to treebanks and back, through the `conllu` package.

A file is read block by block, so that every error can name its file, line and sentence.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import conllu
from conllu.exceptions import ParseException

from treeprobe.files import written_whole
from treeprobe.parsing.treebanks.treebank import Range, Sentence, Treebank, TreebankError

FIELDS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


def as_written(line: list[str], column: int) -> str:
    """A cell as it stands in the file."""
    return line[column]


# These cells are kept and not looked into, so that writing them back changes nothing and reading is twice as fast.
AS_WRITTEN = dict.fromkeys(("feats", "deps", "misc"), as_written)


@dataclass(frozen=True)
class Block:
    """The lines of one sentence and the number of the first."""

    path: Path
    line: int
    number: int
    lines: tuple[str, ...]

    def error(self, problem: str, *, offset: int = 0) -> TreebankError:
        """A problem told with the file, the line and the sentence it was met in."""
        named = re.search(r"^#\s*sent_id\s*=\s*(.+)$", "\n".join(self.lines), re.MULTILINE)
        label = f"sentence {self.number}" + (f" ({named.group(1).strip()})" if named else "")
        return TreebankError(f"{self.path}, line {self.line + offset}, {label}: {problem}")

    def line_of_word(self, word: int) -> int:
        """How far below the block's first line the word (from 1) stands; 0 when it has no line."""
        return next((i for i, line in enumerate(self.lines) if line.startswith(f"{word}\t")), 0)


def read_conllu(path: str | Path, *, max_sentences: int | None = None) -> Treebank:
    """Read a CoNLL-U file. Empty nodes are left out; multiword tokens keep their surface form for the text.

    With `max_sentences` no more than the first ones are read, and what is wrong behind them is not seen.

    Raises TreebankError, with file, line and sentence, when the file is missing, empty or not UTF-8 CoNLL-U, when a
    head points outside its sentence, and when the heads are not a tree with one root.
    """
    path = Path(path)
    sentences = tuple(read_block(block) for block in islice(read_blocks(path), max_sentences))
    if not sentences:
        raise TreebankError(f"{path}: holds no sentences; expected CoNLL-U blocks separated by empty lines")
    return Treebank(sentences, name=path.stem, path=path)


def read_blocks(path: Path) -> Iterator[Block]:
    """The sentences of a file as blocks of lines, one at a time."""
    lines: list[str] = []
    start, number = 1, 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for position, raw in enumerate(file, start=1):
                line = raw.rstrip("\r\n")
                if line.strip():
                    start = start if lines else position
                    lines.append(line)
                elif any(not line.startswith("#") for line in lines):
                    number += 1
                    yield Block(path, start, number, tuple(lines))
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
        yield Block(path, start, number + 1, tuple(lines))


def read_block(block: Block) -> Sentence:
    """One sentence from its lines, every problem told with its place."""
    check_columns(block)
    try:
        (tokens,) = conllu.parse("\n".join(block.lines) + "\n\n", fields=FIELDS, field_parsers=AS_WRITTEN)
    except (ParseException, ValueError) as error:
        raise block.error(f"is not CoNLL-U: {error}") from error
    words = [token for token in tokens if isinstance(token["id"], int)]
    check_numbering(block, [token["id"] for token in words])
    for token in words:
        if not isinstance(token["head"], int) or not 0 <= token["head"] <= len(words):
            raise block.error(
                f"word {token['id']} ({token['form']!r}) has head {token['head']!r}; "
                f"expected 0 (the root) or a word from 1 to {len(words)}",
                offset=block.line_of_word(token["id"]),
            )
    multiword = tuple(
        (token["id"][0] - 1, token["id"][2] - 1, token["form"])
        for token in tokens
        if isinstance(token["id"], tuple) and token["id"][1] == "-"
    )
    try:
        return Sentence(
            words=tuple(token["form"] for token in words),
            heads=tuple(token["head"] - 1 for token in words),
            relations=column(words, "deprel"),
            upos=column(words, "upos"),
            xpos=column(words, "xpos"),
            space_after=spaces(tokens, len(words)),
            identifier=tokens.metadata.get("sent_id", ""),
            metadata={key: value or "" for key, value in tokens.metadata.items()},
            lemmas=column(words, "lemma"),
            features=column(words, "feats"),
            misc=column(words, "misc"),
            multiword=multiword,
        )
    except ValueError as error:
        raise block.error(str(error)) from error


def check_columns(block: Block) -> None:
    """Every line that is not a comment has ten columns separated by tabs, and the first is a word's number."""
    for offset, line in enumerate(block.lines):
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != len(FIELDS):
            raise block.error(
                f"is not CoNLL-U: found {len(cells)} columns in {line[:60]!r}, expected {len(FIELDS)} between tabs",
                offset=offset,
            )
        if not re.fullmatch(r"\d+(-\d+|\.\d+)?", cells[0]):
            raise block.error(f"is not CoNLL-U: {cells[0]!r} is not a word's number", offset=offset)
        if not cells[1]:
            raise block.error(f"word {cells[0]} is empty; expected a form", offset=offset)


def check_numbering(block: Block, numbers: list[int]) -> None:
    """Words are numbered 1, 2, 3, …"""
    for expected, found in enumerate(numbers, start=1):
        if found != expected:
            raise block.error(
                f"word {found} stands where word {expected} is expected", offset=block.line_of_word(found)
            )
    if not numbers:
        raise block.error("has no words; expected at least one line that starts with a whole number")


def column(words: list[conllu.models.Token], name: str) -> tuple[str, ...]:
    """One column of the words, `_` where it is empty."""
    return tuple(token[name] or "_" for token in words)


def spaces(tokens: conllu.TokenList, words: int) -> tuple[bool, ...]:
    """Whether a space follows each word: never inside a multiword token, whose own SpaceAfter holds for its last."""
    after = [True] * words
    covered = 0
    for token in tokens:
        no_space = "SpaceAfter=No" in token["misc"].split("|")
        number = token["id"]
        if isinstance(number, tuple) and number[1] == "-":
            first, _, last = number
            after[first - 1 : last] = [False] * (last - first) + [not no_space]
            covered = last
        elif isinstance(number, int) and number > covered:
            after[number - 1] = not no_space
    return tuple(after)


def write_conllu(sentences: Iterable[Sentence], path: str | Path) -> None:
    """Write sentences as CoNLL-U; the file appears, or is replaced, when it is complete.

    Raises OSError when it cannot be written; what was there then stays.
    """
    path = Path(path)
    with written_whole(path) as draft, draft.open("w", encoding="utf-8") as file:
        for sentence in sentences:
            file.write(format_conllu(sentence))


def format_conllu(sentence: Sentence) -> str:
    """One sentence as a CoNLL-U block with its comments and the empty line after it."""
    named = {"sent_id": sentence.identifier} if sentence.identifier else {}
    # The first mention of a key sets its place, the last its value.
    comments = {
        **({} if "sent_id" in sentence.metadata else named),
        **sentence.metadata,
        **named,
        "text": sentence.text,
    }
    lines = [f"# {key} = {one_line(value)}" if value else f"# {key}" for key, value in comments.items()]
    starts: dict[int, Range] = {span[0]: span for span in sentence.multiword}
    inside: set[int] = set()
    for index in range(len(sentence)):
        if index in starts:
            first, last, form = starts[index]
            misc = "_" if sentence.space_after[last] else "SpaceAfter=No"
            lines.append("\t".join([f"{first + 1}-{last + 1}", form, *["_"] * 7, misc]))
            inside |= set(range(first, last + 1))
        lines.append("\t".join(word_cells(sentence, index, in_multiword=index in inside)))
    return "\n".join(lines) + "\n\n"


def word_cells(sentence: Sentence, index: int, *, in_multiword: bool) -> list[str]:
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
    return [one_line(cell) or "_" for cell in cells]


def one_line(text: str) -> str:
    """Text that cannot break a line or a column."""
    return re.sub(r"[\t\r\n]+", " ", text)
