"""Structural probes: arrays in, linear maps out. Knows no text and no trees but those it makes up to control itself."""

from probes.artefacts import ProbeError
from probes.baselines import DecayStates, RandomLstmStates
from probes.control import control_heads, control_targets, selectivity
from probes.curves import curves, over_seeds
from probes.description_length import CodeLength, online_code, online_codes
from probes.families import (
    BilinearProbe,
    DepProbe,
    JointProbe,
    KernelProbe,
    OrthogonalProbe,
    PoincareProbe,
    geometry_ladder,
)
from probes.states import ArrayStates, SomeStates, States
from probes.structural import DepthProbe, DistanceProbe
from probes.targets import GoldTargets, Targets
from probes.teams import NotFiniteError
from probes.training import fit_all

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
