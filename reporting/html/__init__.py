"""A report as one self-contained HTML file: no network, no other files, no scripts but its own."""

from treeprobe.reporting.html.page import Cell, Picture, Report, Section, Table, render_report
from treeprobe.reporting.html.pictures import picture

__all__ = ["Cell", "Picture", "Report", "Section", "Table", "picture", "render_report"]
