"""The whole of treeprobe, composed: one run, one sentence, every head, every checkpoint.

Names are imported when they are first asked for, so that `treeprobe --help` need not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treeprobe.pipeline.attention_heads.analysis import HeadAnalysis, heads
    from treeprobe.pipeline.head_kernels.analysis import Convolution, convolve
    from treeprobe.pipeline.structural.analysis import ProbeOptions
    from treeprobe.pipeline.structural.demo import demo
    from treeprobe.pipeline.structural.parse import Parser, parse
    from treeprobe.pipeline.structural.run import Run, run
    from treeprobe.pipeline.sweeping.report import write_report
    from treeprobe.pipeline.sweeping.sweep import load_results, plan, sweep

HOMES = {
    "Convolution": "treeprobe.pipeline.head_kernels.analysis",
    "HeadAnalysis": "treeprobe.pipeline.attention_heads.analysis",
    "Parser": "treeprobe.pipeline.structural.parse",
    "ProbeOptions": "treeprobe.pipeline.structural.analysis",
    "Run": "treeprobe.pipeline.structural.run",
    "convolve": "treeprobe.pipeline.head_kernels.analysis",
    "demo": "treeprobe.pipeline.structural.demo",
    "heads": "treeprobe.pipeline.attention_heads.analysis",
    "load_results": "treeprobe.pipeline.sweeping.sweep",
    "parse": "treeprobe.pipeline.structural.parse",
    "plan": "treeprobe.pipeline.sweeping.sweep",
    "run": "treeprobe.pipeline.structural.run",
    "sweep": "treeprobe.pipeline.sweeping.sweep",
    "write_report": "treeprobe.pipeline.sweeping.report",
}

__all__ = [
    "Convolution",
    "HeadAnalysis",
    "Parser",
    "ProbeOptions",
    "Run",
    "convolve",
    "demo",
    "heads",
    "load_results",
    "parse",
    "plan",
    "run",
    "sweep",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """What a room offers, imported when it is first asked for."""
    if name not in HOMES:
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
