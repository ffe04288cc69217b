"""What attention heads look at, which syntax they track, and what is lost without them."""

from attention.baselines import OffsetBaseline, offset_baseline, trained_baseline
from attention.behaviour import Behaviour
from attention.relations import RelationCounts, RelationError
from attention.similarity import cluster_heads, head_divergences, map_heads
from attention.survey import HeadSurvey, survey_heads
from attention.tables import best_heads, relation_table

__all__ = [
    "Behaviour",
    "HeadSurvey",
    "OffsetBaseline",
    "RelationCounts",
    "RelationError",
    "best_heads",
    "cluster_heads",
    "head_divergences",
    "map_heads",
    "offset_baseline",
    "relation_table",
    "survey_heads",
    "trained_baseline",
]
