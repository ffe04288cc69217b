"""A report as one HTML file that needs nothing beside it: no network, no other file, no script but its own."""

from treeprobe.reporting.html.page import Cell, Picture, Report, Section, Table, render_report
from treeprobe.reporting.html.pictures import picture

__all__ = ["Cell", "Picture", "Report", "Section", "Table", "picture", "render_report"]
