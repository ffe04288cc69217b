"""Structural probes: arrays in, linear maps out. Knows no text and no trees."""

from probes.artefacts import ProbeError
from probes.states import ArrayStates, States
from probes.structural import DepthProbe, DistanceProbe
from probes.training import Targets, fit_all

__all__ = ["ArrayStates", "DepthProbe", "DistanceProbe", "ProbeError", "States", "Targets", "fit_all"]
