"""Structural probes: arrays in, linear maps out. Knows no text and no trees."""

from probes.artefacts import ProbeError
from probes.states import ArrayStates, States
from probes.structural import DepthProbe, DistanceProbe
from probes.targets import GoldTargets, Targets
from probes.training import fit_all

__all__ = ["ArrayStates", "DepthProbe", "DistanceProbe", "GoldTargets", "ProbeError", "States", "Targets", "fit_all"]
