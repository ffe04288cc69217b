"""The whole of treeprobe, composed: one run, one sentence, every head, every checkpoint.

Names are imported when they are first asked for, so that `treeprobe --help` need not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.attention_heads.analysis import HeadAnalysis, heads
    from pipeline.head_kernels.analysis import Convolution, convolve
    from pipeline.structural.analysis import ProbeOptions
    from pipeline.structural.demo import demo
    from pipeline.structural.parse import Parser, parse
    from pipeline.structural.run import Run, run
    from pipeline.sweeping.report import write_report
    from pipeline.sweeping.sweep import load_results, plan, sweep

HOMES = {
    "Convolution": "pipeline.head_kernels.analysis",
    "HeadAnalysis": "pipeline.attention_heads.analysis",
    "Parser": "pipeline.structural.parse",
    "ProbeOptions": "pipeline.structural.analysis",
    "Run": "pipeline.structural.run",
    "convolve": "pipeline.head_kernels.analysis",
    "demo": "pipeline.structural.demo",
    "heads": "pipeline.attention_heads.analysis",
    "load_results": "pipeline.sweeping.sweep",
    "parse": "pipeline.structural.parse",
    "plan": "pipeline.sweeping.sweep",
    "run": "pipeline.structural.run",
    "sweep": "pipeline.sweeping.sweep",
    "write_report": "pipeline.sweeping.report",
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
