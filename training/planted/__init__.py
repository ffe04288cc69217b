"""Models with planted syntax: one that uses it, one that holds it unused, and one without."""

from treeprobe.training.planted.evidence import Evidence
from treeprobe.training.planted.making import make_planted
from treeprobe.training.planted.options import PlantedOptions

__all__ = ["Evidence", "PlantedOptions", "make_planted"]
