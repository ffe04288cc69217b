"""Small estimators that change the states of words, to see whether a model uses what probes find there."""

from treeprobe.interventions.counterfactual import Counterfactual, Moved
from treeprobe.interventions.erasure import Eraser, ProbeEraser
from treeprobe.interventions.intervention import Intervention, InterventionError
from treeprobe.interventions.label_shift import LabelShift
from treeprobe.interventions.labels import word_labels
from treeprobe.interventions.random_erasure import RandomEraser
from treeprobe.interventions.swap import Swap

__all__ = [
    "Counterfactual",
    "Eraser",
    "Intervention",
    "InterventionError",
    "LabelShift",
    "Moved",
    "ProbeEraser",
    "RandomEraser",
    "Swap",
    "word_labels",
]
