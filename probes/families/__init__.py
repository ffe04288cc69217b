"""Probe families beside the two linear ones, each an estimator with the same face, each in a module of its own."""

from probes.families.bilinear import BilinearProbe
from probes.families.depprobe import DepProbe, DirectedTree
from probes.families.joint import Geometry, JointProbe
from probes.families.kernel import KernelProbe
from probes.families.ladder import geometry_ladder, rank_for
from probes.families.orthogonal import OrthogonalProbe
from probes.families.poincare import PoincareProbe

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
