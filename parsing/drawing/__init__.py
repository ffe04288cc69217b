"""Trees drawn over their words: SVG, plain text, TikZ and displaCy's JSON. Knows only words and heads."""

from treeprobe.parsing.drawing.arc_layout import arc_heights, arc_ports, head_marks, lay_out_arcs, space_words
from treeprobe.parsing.drawing.displacy import to_displacy
from treeprobe.parsing.drawing.svg import comparison_svg, tree_svg
from treeprobe.parsing.drawing.terminal import comparison_text, to_text, word_by_word_text
from treeprobe.parsing.drawing.tikz import to_tikz

__all__ = [
    "arc_heights",
    "arc_ports",
    "comparison_svg",
    "comparison_text",
    "head_marks",
    "lay_out_arcs",
    "space_words",
    "to_displacy",
    "to_text",
    "to_tikz",
    "tree_svg",
    "word_by_word_text",
]
