"""The report of a sweep: what its tables and figures say, as one HTML file."""

from treeprobe.pipeline.report.page import write_report

__all__ = ["write_report"]
