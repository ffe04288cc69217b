"""Trees that a model has without anything being trained: perturbed masking, substitutability, tree projections."""

from treeprobe.untrained.perturbed_masking import ImpactMatrices, PerturbationError, impact_matrices
from treeprobe.untrained.substitution import predicted_substitutes, substituted_attention, tag_substitutes
from treeprobe.untrained.tree_projection import Projection, project, span_invariance

__all__ = [
    "ImpactMatrices",
    "PerturbationError",
    "Projection",
    "impact_matrices",
    "predicted_substitutes",
    "project",
    "span_invariance",
    "substituted_attention",
    "tag_substitutes",
]
