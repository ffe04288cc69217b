"""Probe families beside the two linear probes, each an estimator with the same interface in a module of its own."""

from treeprobe.probes.families.bilinear import BilinearProbe
from treeprobe.probes.families.comparison import affordable_rank, compare_families
from treeprobe.probes.families.depprobe import DepProbe
from treeprobe.probes.families.kernel import KernelProbe
from treeprobe.probes.families.labelled_trees import DirectedTree
from treeprobe.probes.families.multitask import MultitaskProbe, TaskPredictions
from treeprobe.probes.families.nuclear_norm import NuclearNormProbe
from treeprobe.probes.families.orthogonal import OrthogonalProbe
from treeprobe.probes.families.poincare import PoincareProbe
from treeprobe.probes.families.polar import PolarProbe

__all__ = [
    "BilinearProbe",
    "DepProbe",
    "DirectedTree",
    "KernelProbe",
    "MultitaskProbe",
    "NuclearNormProbe",
    "OrthogonalProbe",
    "PoincareProbe",
    "PolarProbe",
    "TaskPredictions",
    "affordable_rank",
    "compare_families",
]
