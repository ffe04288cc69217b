"""Pages of HTML, each one self-contained file: no network, no other files, no scripts but its own."""

from treeprobe.reporting.html.page import Cell, Picture, Report, Section, Table, render_report
from treeprobe.reporting.html.pickers import Picker, attention_picker, tree_picker
from treeprobe.reporting.html.pictures import NARROW, curve_size, picture
from treeprobe.reporting.html.sentence import (
    MOST_WORDS,
    GoldTree,
    SentenceLayer,
    TrackedRelation,
    sentence_page,
    space_page,
)

__all__ = [
    "MOST_WORDS",
    "NARROW",
    "Cell",
    "GoldTree",
    "Picker",
    "Picture",
    "Report",
    "Section",
    "SentenceLayer",
    "Table",
    "TrackedRelation",
    "attention_picker",
    "curve_size",
    "picture",
    "render_report",
    "sentence_page",
    "space_page",
    "tree_picker",
]
