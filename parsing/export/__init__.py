"""Trees as text in other people's formats: SVG, TikZ, displaCy's JSON, plain text. Knows only words and heads."""

from treeprobe.parsing.export.displacy import to_displacy
from treeprobe.parsing.export.svg import comparison_svg, tree_svg
from treeprobe.parsing.export.terminal import comparison_text, to_text
from treeprobe.parsing.export.tikz import to_tikz

__all__ = ["comparison_svg", "comparison_text", "to_displacy", "to_text", "to_tikz", "tree_svg"]
