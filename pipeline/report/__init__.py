"""The report of a sweep: what its tables and figures say, as one HTML file; its trees alone, for notebooks."""

from treeprobe.pipeline.report.explorer import explore_trees
from treeprobe.pipeline.report.page import write_report

__all__ = ["explore_trees", "write_report"]
