"""Treebanks to CoNLL-U files."""

import re
from collections.abc import Iterable
from pathlib import Path

from treeprobe.files import written_whole
from treeprobe.parsing.treebanks.conllu_lines import COLUMNS, SPACED, space_follows
from treeprobe.parsing.treebanks.treebank import MultiwordToken, Sentence


def write_conllu(sentences: Iterable[Sentence], path: str | Path) -> None:
    """Write sentences as a CoNLL-U file, which appears, or replaces an older one, only once it is complete.

    Reading it again gives equal sentences, but for the comment `text`, which follows from the words.

    Raises:
        OSError: If the file cannot be written; an older one is then left as it was.
    """
    path = Path(path)
    with written_whole(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as file:
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
    lines = [re.sub(r"[\r\n]+", " ", f"# {key} = {value}" if value else f"# {key}") for key, value in comments.items()]
    starts = {token.first: token for token in sentence.multiword}
    inside = -1
    for index in range(len(sentence)):
        if (token := starts.get(index)) is not None:
            inside = token.last
            lines.append(_line(_range_cells(sentence, token)))
        lines.append(_line(_word_cells(sentence, index, in_multiword=index <= inside)))
    return "\n".join(lines) + "\n\n"


def _word_cells(sentence: Sentence, index: int, *, in_multiword: bool) -> list[str]:
    """The ten cells of a word's line."""
    misc = sentence.misc[index]
    return [
        str(index + 1),
        sentence.words[index],
        sentence.lemmas[index],
        sentence.upos[index],
        sentence.xpos[index],
        sentence.features[index],
        str(sentence.heads[index] + 1),
        sentence.relations[index],
        "_",
        misc if in_multiword else _with_space(misc, spaced=sentence.space_after[index]),
    ]


def _range_cells(sentence: Sentence, token: MultiwordToken) -> list[str]:
    """The ten cells of a multiword token's line."""
    misc = _with_space(token.misc, spaced=sentence.space_after[token.last])
    return [f"{token.first + 1}-{token.last + 1}", token.form, "_", "_", "_", token.features, "_", "_", "_", misc]


def _with_space(misc: str, *, spaced: bool) -> str:
    """A MISC cell that says whether a space follows; as it is where it says so already."""
    if space_follows(misc) == spaced:
        return misc
    items = [item for item in misc.split("|") if item not in ("_", "", "SpaceAfter=No")]
    return "|".join(items if spaced else [*items, "SpaceAfter=No"]) or "_"


def _line(cells: list[str]) -> str:
    """Cells as a line; what would break a line or a column becomes a space, or _ where the format has no spaces."""
    return "\t".join(_cell(cell, "_" if name not in SPACED else " ") for name, cell in zip(COLUMNS, cells))


def _cell(text: str, space: str) -> str:
    """Text that the format allows in one cell."""
    text = re.sub("[\x00-\x1f\x7f]", " ", text).strip()
    return re.sub(r"\s{2,}" if space == " " else r"\s+", space, text) or "_"
