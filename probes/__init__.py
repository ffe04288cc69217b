"""Structural probes: arrays in, maps of vectors out. Knows no text, and no trees but control trees."""

from treeprobe.probes.baselines import DecayStates, RandomLstmStates, untransformed_distances
from treeprobe.probes.concatenation import ConcatenatedStates
from treeprobe.probes.conditional import ConditionalStates, ProjectedStates
from treeprobe.probes.control import (
    TreeShape,
    control_heads,
    control_relations,
    control_targets,
    relation_shares,
    selectivity,
)
from treeprobe.probes.curves import curves, over_seeds
from treeprobe.probes.description_length import CodeLength, online_code, online_codes
from treeprobe.probes.estimator import fit_all
from treeprobe.probes.families import (
    BilinearProbe,
    DepProbe,
    KernelProbe,
    MultitaskProbe,
    NuclearNormProbe,
    OrthogonalProbe,
    PoincareProbe,
    PolarProbe,
    compare_families,
)
from treeprobe.probes.pareto import hypervolume, nuclear_norms, pareto_front
from treeprobe.probes.saving import ProbeError
from treeprobe.probes.similarity import Alike, compare_states, linear_cka
from treeprobe.probes.states import ALONE, ArrayStates, SomeStates, States
from treeprobe.probes.structural import DepthProbe, DistanceProbe
from treeprobe.probes.subspaces import Angles, metric_similarity, probe_subspace_angles
from treeprobe.probes.targets import GoldTargets, Targets
from treeprobe.probes.training import NotFiniteError

__all__ = [
    "ALONE",
    "Alike",
    "Angles",
    "ArrayStates",
    "BilinearProbe",
    "CodeLength",
    "ConcatenatedStates",
    "ConditionalStates",
    "DecayStates",
    "DepProbe",
    "DepthProbe",
    "DistanceProbe",
    "GoldTargets",
    "KernelProbe",
    "MultitaskProbe",
    "NotFiniteError",
    "NuclearNormProbe",
    "OrthogonalProbe",
    "PoincareProbe",
    "PolarProbe",
    "ProbeError",
    "ProjectedStates",
    "RandomLstmStates",
    "SomeStates",
    "States",
    "Targets",
    "TreeShape",
    "compare_families",
    "compare_states",
    "control_heads",
    "control_relations",
    "control_targets",
    "curves",
    "fit_all",
    "hypervolume",
    "linear_cka",
    "metric_similarity",
    "nuclear_norms",
    "online_code",
    "online_codes",
    "over_seeds",
    "pareto_front",
    "probe_subspace_angles",
    "relation_shares",
    "selectivity",
    "untransformed_distances",
]
