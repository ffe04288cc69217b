"""Probe families beside the two linear ones, each an estimator with the same face, each in a module of its own."""

from treeprobe.probes.families.bilinear import BilinearProbe
from treeprobe.probes.families.depprobe import DepProbe, DirectedTree
from treeprobe.probes.families.joint import Geometry, JointProbe
from treeprobe.probes.families.kernel import KernelProbe
from treeprobe.probes.families.ladder import geometry_ladder, rank_for
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
    "geometry_ladder",
    "rank_for",
]
