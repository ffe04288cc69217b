"""A tree for LaTeX, in the language of the tikz-dependency package."""

import re
from collections.abc import Sequence

ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: "\\" + character for character in "&%$#_{}"},
}


def to_tikz(words: Sequence[str], heads: Sequence[int], relations: Sequence[str]) -> str:
    """A `dependency` environment: the words, `\\deproot` and one `\\depedge` a word; words are numbered from 1."""
    row = " \\& ".join(escape(word) for word in words)
    lines = [r"\begin{dependency}", r"  \begin{deptext}[column sep=0.6em]", f"    {row} \\\\", r"  \end{deptext}"]
    for index, (head, relation) in enumerate(zip(heads, relations, strict=True), start=1):
        if head < 0:
            lines.append(f"  \\deproot{{{index}}}{{{escape(relation)}}}")
        else:
            lines.append(f"  \\depedge{{{head + 1}}}{{{index}}}{{{escape(relation)}}}")
    return "\n".join([*lines, r"\end{dependency}"]) + "\n"


def escape(text: str) -> str:
    """Text in which nothing is a command to LaTeX."""
    return re.sub(r"[\\~^&%$#_{}]", lambda found: ESCAPES[found.group()], text)
