"""The four ablations of Devlin et al. (2019), on small models that are pre-trained on the spot."""

from treeprobe.pipeline.ablations.comparing import compare_variants
from treeprobe.pipeline.ablations.engine import Ablations, ablate
from treeprobe.pipeline.ablations.plan import AblationPlan
from treeprobe.pipeline.ablations.variants import EXPERIMENTS, Size, Variant

__all__ = ["EXPERIMENTS", "AblationPlan", "Ablations", "Size", "Variant", "ablate", "compare_variants"]
