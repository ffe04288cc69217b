"""CoNLL-U files to treebanks.

Lines are parsed here and not by the `conllu` package, for two reasons. Every error names its file, line and sentence,
and that package reports no lines, so that using it meant to split each line twice. It also splits cells at runs of
spaces; the format separates cells by tabs alone. The tests compare both readers, on damaged files too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from treeprobe.parsing.treebanks.conllu_lines import COLUMNS, Block, check_head, read_blocks, space_follows, split_cells
from treeprobe.parsing.treebanks.treebank import MultiwordToken, Sentence, Treebank


def read_conllu(path: str | Path, *, max_sentences: int | None = None) -> Treebank:
    """Read a treebank from a CoNLL-U file.

    Empty nodes and enhanced dependencies are dropped; multiword tokens keep their surface form for the text.

    Args:
        path: The file; its name without the suffix becomes the treebank's name.
        max_sentences: Read no more than this many sentences; what follows them is not checked.

    Raises:
        TreebankError: With file, line and sentence, if the file is missing, empty or not UTF-8 CoNLL-U, if a head
            points outside its sentence, or if the heads of a sentence do not form a tree with one root. What is refused
            besides is listed in docs/how-to/own-treebank.md.
    """
    path = Path(path)
    return Treebank(tuple(_read_sentences(islice(read_blocks(path), max_sentences))), name=path.stem, path=path)


@dataclass
class _Rows:
    """The rows of a sentence as they are read, each checked against those above it."""

    block: Block
    words: list[list[str]] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    tokens: list[MultiwordToken] = field(default_factory=list)
    token_offset: int = 0
    empty_nodes: int = 0

    def add(self, line: str, offset: int) -> None:
        """Read one line; `offset` is its place in the block."""
        if line.startswith("#"):
            if self.words or self.tokens or self.empty_nodes:
                raise self.block.error(
                    "a comment stands below a word; expected comments above the words", offset=offset
                )
            return
        cells = split_cells(self.block, line, offset)
        if "-" in cells[0]:
            self._add_token(cells, offset)
        elif "." in cells[0]:
            self._check_empty_node(cells, offset)
        elif int(cells[0]) != len(self.words) + 1:
            raise self.block.error(
                f"word {cells[0]} stands where word {len(self.words) + 1} is expected", offset=offset
            )
        else:
            self.words.append(cells)
            self.offsets.append(offset)
            self.empty_nodes = 0

    def _add_token(self, cells: list[str], offset: int) -> None:
        """A multiword token: directly above its first word, no word in two of them, and no word's cells of its own."""
        first, last = map(int, cells[0].split("-"))
        above = len(self.words) + 1
        if last < first or first != above or (self.tokens and first <= self.tokens[-1].last + 1):
            raise self.block.error(
                f"multiword token {cells[0]} ({cells[1]!r}) stands above word {above}; expected each directly above "
                "its first word, from a lower to a higher number, and no word in two of them",
                offset=offset,
            )
        filled = [name for name, cell in zip(COLUMNS[2:9], cells[2:9]) if cell != "_"]
        if cells[5] == "Typo=Yes":
            filled.remove("FEATS")
        if filled or re.search(r"\s", cells[1]):
            found = f"has a value in {', '.join(filled)}" if filled else "holds white space"
            raise self.block.error(
                f"multiword token {cells[0]} ({cells[1]!r}) {found}; expected a form without white space, MISC, "
                "perhaps Typo=Yes in FEATS, and _ in all other columns",
                offset=offset,
            )
        self.tokens.append(MultiwordToken(first - 1, last - 1, cells[1], cells[5], cells[9]))
        self.token_offset = offset

    def _check_empty_node(self, cells: list[str], offset: int) -> None:
        """An empty node, which is dropped: numbered by the word above it, and without a place in the tree."""
        expected = f"{len(self.words)}.{self.empty_nodes + 1}"
        parted = bool(self.tokens) and self.tokens[-1].first == len(self.words)
        if cells[0] != expected or parted or cells[6:8] != ["_", "_"]:
            raise self.block.error(
                f"empty node {cells[0]} ({cells[1]!r}) has head {cells[6]} and relation {cells[7]}; expected "
                f"{expected} here, above any multiword token, with _ for both",
                offset=offset,
            )
        self.empty_nodes += 1

    def check_complete(self) -> None:
        """Refuse a sentence without words, tokens of words that it lacks, and heads outside of it."""
        if not self.words:
            raise self.block.error("has no words; expected at least one line that starts with an integer")
        if self.tokens and self.tokens[-1].last >= len(self.words):
            raise self.block.error(self.tokens[-1].outside(len(self.words)), offset=self.token_offset)
        if not self.block.ended:
            raise self.block.error(
                "the file ends inside this sentence, as one does that was cut short; expected an empty line after the "
                "last word. Add it if the sentence is complete",
                offset=len(self.block.lines) - 1,
            )
        for cells, offset in zip(self.words, self.offsets):
            check_head(self.block, cells, len(self.words), offset)


def _read_sentences(blocks: Iterable[Block]) -> Iterator[Sentence]:
    """The sentences of a file, each with the document that the last `newdoc` comment began."""
    document, begun = "", 0
    for block in blocks:
        comments = _read_comments(block)
        if "newdoc id" in comments or "newdoc" in comments:
            begun += 1
            document = comments.get("newdoc id", f"document {begun}")
        yield _read_sentence(block, comments, document)


def _read_sentence(block: Block, metadata: Mapping[str, str], document: str) -> Sentence:
    """One sentence from its lines, its comments and its document."""
    rows = _Rows(block)
    for offset, line in enumerate(block.lines):
        rows.add(line, offset)
    rows.check_complete()
    _, forms, lemmas, upos, xpos, features, heads, relations, _, misc = zip(*rows.words)
    try:
        return Sentence(
            words=forms,
            heads=tuple(int(head) - 1 for head in heads),
            relations=relations,
            upos=upos,
            xpos=xpos,
            space_after=_space_after(misc, rows.tokens),
            identifier=metadata.get("sent_id", ""),
            metadata=metadata,
            lemmas=lemmas,
            features=features,
            misc=misc,
            multiword=tuple(rows.tokens),
            document=document,
        )
    except ValueError as error:
        raise block.error(str(error)) from error


def _read_comments(block: Block) -> dict[str, str]:
    """The comments `# key = value`; of those without a value, only the marks of new paragraphs and documents."""
    comments: dict[str, str] = {}
    for offset, line in enumerate(block.lines):
        if not line.startswith("#"):
            break
        key, _, value = (part.strip() for part in line[1:].partition("="))
        if key == "sent_id" and key in comments:
            raise block.error(f"a second sent_id, {value!r}; expected one for each sentence", offset=offset)
        if key and (value or key in ("newpar", "newdoc")):
            comments[key] = value
    return comments


def _space_after(misc: tuple[str, ...], tokens: list[MultiwordToken]) -> tuple[bool, ...]:
    """Whether a space follows each word: never inside a multiword token, whose own MISC holds for its last word."""
    after = [space_follows(cell) for cell in misc]
    for token in tokens:
        after[token.first : token.last + 1] = [False] * (token.last - token.first) + [space_follows(token.misc)]
    return tuple(after)
