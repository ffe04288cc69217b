"""Recovered trees in files: drawings, LaTeX, CoNLL-U, by the suffix of the file's name."""

from collections.abc import Sequence
from pathlib import Path

from treeprobe.files import written_whole
from treeprobe.parsing import Sentence, write_conllu
from treeprobe.parsing.drawing import to_tikz
from treeprobe.reporting import arcs_size, bare_figure, save_figure, tree_arcs

TIKZ_PACKAGE = "% needs \\usepackage{tikz-dependency}\n"


def save_trees(trees: Sequence[Sentence], path: str | Path) -> list[Path]:
    """Write trees as .conllu or .tex, which hold all of them, or draw them as .svg, .pdf or .png, a file each.

    Of several drawings each has its number before the suffix, from 1. Raises ValueError for another suffix.
    """
    path = Path(path)
    if path.suffix == ".conllu":
        write_conllu(trees, path)
    elif path.suffix == ".tex":
        with written_whole(path) as draft:
            draft.write_text(latex(trees), encoding="utf-8")
    else:
        places = [path.with_stem(f"{path.stem}-{number}") for number in range(1, len(trees) + 1)]
        return [_draw(*one) for one in zip(trees, places if len(trees) > 1 else [path])]
    return [path]


def latex(trees: Sequence[Sentence]) -> str:
    """Trees as environments of the LaTeX package tikz-dependency, one after the other."""
    return "\n".join([TIKZ_PACKAGE, *(to_tikz(tree.words, tree.heads, tree.relations) for tree in trees)])


def _draw(tree: Sentence, path: Path) -> Path:
    """Draw a tree as arcs over its words."""
    figure, axes = bare_figure(arcs_size(tree.words, tree.heads, relations=tree.relations))
    tree_arcs(tree.words, tree.heads, axes, relations=tree.relations)
    return save_figure(figure, path)
