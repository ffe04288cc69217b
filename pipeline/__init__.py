"""Analyses of checkpoints on treebanks: one at a time, in sweeps, as a report, and for single sentences.

Names are imported when they are first asked for, so that `treeprobe --help` need not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treeprobe.pipeline.analysis import analyse
    from treeprobe.pipeline.comparisons.checkpoints import (
        compare_by,
        compare_checkpoints,
        compare_layers,
        probe_angles,
        scores_by,
        training_curve,
    )
    from treeprobe.pipeline.comparisons.ranking import rank_checkpoints
    from treeprobe.pipeline.comparisons.runs import compare_runs
    from treeprobe.pipeline.demonstration import demo
    from treeprobe.pipeline.options import Options
    from treeprobe.pipeline.packaged_probes import embedded_probes
    from treeprobe.pipeline.parser import Parser, parse
    from treeprobe.pipeline.published_probes import publish, published_folder
    from treeprobe.pipeline.report import explore_trees, write_report
    from treeprobe.pipeline.results.dataset import Collected, collect_results
    from treeprobe.pipeline.results.findings import Findings
    from treeprobe.pipeline.results.finished import load_results, read_finished
    from treeprobe.pipeline.sentence_explorer import explore_sentence
    from treeprobe.pipeline.subjects.subject import Sources, Subject
    from treeprobe.pipeline.subjects.treebanks import Splits, read_list, splits_of
    from treeprobe.pipeline.sweeps import Plan, Workers, dry_run, sweep

_HOMES = {
    "Collected": "results.dataset",
    "Findings": "results.findings",
    "Options": "options",
    "Parser": "parser",
    "Plan": "sweeps",
    "Sources": "subjects.subject",
    "Splits": "subjects.treebanks",
    "Subject": "subjects.subject",
    "Workers": "sweeps",
    "analyse": "analysis",
    "collect_results": "results.dataset",
    "compare_by": "comparisons.checkpoints",
    "compare_checkpoints": "comparisons.checkpoints",
    "compare_layers": "comparisons.checkpoints",
    "compare_runs": "comparisons.runs",
    "demo": "demonstration",
    "dry_run": "sweeps",
    "embedded_probes": "packaged_probes",
    "explore_sentence": "sentence_explorer",
    "explore_trees": "report",
    "load_results": "results.finished",
    "parse": "parser",
    "probe_angles": "comparisons.checkpoints",
    "rank_checkpoints": "comparisons.ranking",
    "publish": "published_probes",
    "published_folder": "published_probes",
    "read_finished": "results.finished",
    "read_list": "subjects.treebanks",
    "scores_by": "comparisons.checkpoints",
    "splits_of": "subjects.treebanks",
    "sweep": "sweeps",
    "training_curve": "comparisons.checkpoints",
    "write_report": "report",
}

__all__ = [
    "Collected",
    "Findings",
    "Options",
    "Parser",
    "Plan",
    "Sources",
    "Splits",
    "Subject",
    "Workers",
    "analyse",
    "collect_results",
    "compare_by",
    "compare_checkpoints",
    "compare_layers",
    "compare_runs",
    "demo",
    "dry_run",
    "embedded_probes",
    "explore_sentence",
    "explore_trees",
    "load_results",
    "parse",
    "probe_angles",
    "publish",
    "published_folder",
    "rank_checkpoints",
    "read_finished",
    "read_list",
    "scores_by",
    "splits_of",
    "sweep",
    "training_curve",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """A name of the package, from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module 'treeprobe.pipeline' has no attribute {name!r}")
    return getattr(import_module(f"treeprobe.pipeline.{_HOMES[name]}"), name)
