"""Pages of HTML, each one self-contained file: no network, no other files, no scripts but its own."""

from treeprobe.reporting.html.page import Cell, Picture, Report, Section, Table, render_report
from treeprobe.reporting.html.pickers import Picker, attention_picker, tree_picker
from treeprobe.reporting.html.pictures import NARROW, curve_size, picture

__all__ = [
    "NARROW",
    "Cell",
    "Picker",
    "Picture",
    "Report",
    "Section",
    "Table",
    "attention_picker",
    "curve_size",
    "picture",
    "render_report",
    "tree_picker",
]
