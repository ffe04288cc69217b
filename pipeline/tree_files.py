"""Recovered trees in files: drawings, LaTeX, CoNLL-U, by the suffix of the file's name."""

from collections.abc import Sequence
from pathlib import Path

from treeprobe.files import written_whole
from treeprobe.parsing import Sentence, write_conllu
from treeprobe.parsing.drawing import to_tikz
from treeprobe.reporting import (
    arcs_size,
    bare_figure,
    save_figure,
    tree_arcs,
    trees_word_by_word,
    word_by_word_size,
)

TIKZ_PACKAGE = "% needs \\usepackage{tikz-dependency}\n"


def save_trees(trees: Sequence[Sentence], path: str | Path) -> list[Path]:
    """Write trees as .conllu or .tex, which hold all of them, or draw them as .svg, .pdf or .png, a file each.

    Of several drawings each has its number before the suffix, from 1. Raises ValueError for another suffix.
    """
    path = Path(path)
    if path.suffix in (".conllu", ".tex"):
        return [_write(trees, path)]
    return [_draw(*one) for one in zip(trees, _numbered(path, len(trees)))]


def save_by_word(sentences: Sequence[Sequence[Sentence]], path: str | Path) -> list[Path]:
    """As `save_trees`, of sentences given as the trees of all their prefixes: a drawing shows a sentence's, in rows."""
    path = Path(path)
    if path.suffix in (".conllu", ".tex"):
        return [_write([tree for prefixes in sentences for tree in prefixes], path)]
    return [_draw_by_word(*one) for one in zip(sentences, _numbered(path, len(sentences)))]


def latex(trees: Sequence[Sentence]) -> str:
    """Trees as environments of the LaTeX package tikz-dependency, one after the other."""
    return "\n".join([TIKZ_PACKAGE, *(to_tikz(tree.words, tree.heads, tree.relations) for tree in trees)])


def _write(trees: Sequence[Sentence], path: Path) -> Path:
    """Write all trees into one file."""
    if path.suffix == ".conllu":
        write_conllu(trees, path)
    else:
        with written_whole(path) as draft:
            draft.write_text(latex(trees), encoding="utf-8")
    return path


def _numbered(path: Path, count: int) -> list[Path]:
    """The file itself, or so many with a number before the suffix."""
    return [path] if count == 1 else [path.with_stem(f"{path.stem}-{number}") for number in range(1, count + 1)]


def _draw_by_word(prefixes: Sequence[Sentence], path: Path) -> Path:
    """Draw the trees of a sentence's prefixes, one below the other."""
    words, heads = prefixes[-1].words, [tree.heads for tree in prefixes]
    figure, axes = bare_figure(word_by_word_size(words, heads))
    trees_word_by_word(words, heads, axes)
    return save_figure(figure, path)


def _draw(tree: Sentence, path: Path) -> Path:
    """Draw a tree as arcs over its words."""
    figure, axes = bare_figure(arcs_size(tree.words, tree.heads, relations=tree.relations))
    tree_arcs(tree.words, tree.heads, axes, relations=tree.relations)
    return save_figure(figure, path)
