"""Trees for LaTeX with the tikz-dependency package."""

import re
from collections.abc import Sequence

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: "\\" + character for character in "&%$#_{}"},
}


def to_tikz(words: Sequence[str], heads: Sequence[int], relations: Sequence[str]) -> str:
    """A `dependency` environment: the words, `\\deproot` for the root and `\\depedge` for every other word.

    Args:
        words: The words.
        heads: The head of each word, words counted from 0; -1 for the root.
        relations: The relation of each word, the label of its arc.
    """
    row = " \\& ".join(escape_latex(word) for word in words)
    lines = [r"\begin{dependency}", r"  \begin{deptext}[column sep=0.6em]", f"    {row} \\\\", r"  \end{deptext}"]
    for index, (head, relation) in enumerate(zip(heads, relations, strict=True), start=1):
        if head < 0:
            lines.append(f"  \\deproot{{{index}}}{{{escape_latex(relation)}}}")
        else:
            lines.append(f"  \\depedge{{{head + 1}}}{{{index}}}{{{escape_latex(relation)}}}")
    return "\n".join([*lines, r"\end{dependency}"]) + "\n"


def escape_latex(text: str) -> str:
    """Text without characters that LaTeX would interpret."""
    return re.sub(r"[\\~^&%$#_{}]", lambda found: _ESCAPES[found.group()], text)
