"""Structural probes: arrays in, linear maps out. Knows no text and no trees but those it makes up to control itself."""

from treeprobe.probes.artefacts import ProbeError
from treeprobe.probes.baselines import DecayStates, RandomLstmStates
from treeprobe.probes.control import control_heads, control_targets, selectivity
from treeprobe.probes.curves import curves, over_seeds
from treeprobe.probes.description_length import CodeLength, online_code, online_codes
from treeprobe.probes.families import (
    BilinearProbe,
    DepProbe,
    JointProbe,
    KernelProbe,
    OrthogonalProbe,
    PoincareProbe,
    geometry_ladder,
)
from treeprobe.probes.states import ArrayStates, SomeStates, States
from treeprobe.probes.structural import DepthProbe, DistanceProbe
from treeprobe.probes.targets import GoldTargets, Targets
from treeprobe.probes.teams import NotFiniteError
from treeprobe.probes.training import fit_all

__all__ = [
    "ArrayStates",
    "BilinearProbe",
    "CodeLength",
    "DecayStates",
    "DepProbe",
    "DepthProbe",
    "DistanceProbe",
    "GoldTargets",
    "JointProbe",
    "KernelProbe",
    "NotFiniteError",
    "OrthogonalProbe",
    "PoincareProbe",
    "ProbeError",
    "RandomLstmStates",
    "SomeStates",
    "States",
    "Targets",
    "control_heads",
    "control_targets",
    "curves",
    "fit_all",
    "geometry_ladder",
    "online_code",
    "online_codes",
    "over_seeds",
    "selectivity",
]
