"""Probe families beside the two linear probes, each an estimator with the same interface in a module of its own."""

from treeprobe.probes.families.bilinear import BilinearProbe
from treeprobe.probes.families.comparison import affordable_rank, compare_families
from treeprobe.probes.families.depprobe import DepProbe, DirectedTree
from treeprobe.probes.families.joint import Geometry, JointProbe
from treeprobe.probes.families.kernel import KernelProbe
from treeprobe.probes.families.orthogonal import OrthogonalProbe
from treeprobe.probes.families.poincare import PoincareProbe

__all__ = [
    "BilinearProbe",
    "DepProbe",
    "DirectedTree",
    "Geometry",
    "JointProbe",
    "KernelProbe",
    "OrthogonalProbe",
    "PoincareProbe",
    "affordable_rank",
    "compare_families",
]
