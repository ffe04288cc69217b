"""What attention heads look at, which syntactic relations they track, and what a model loses without them.

Blocks and heads are indices from 0 in arguments and array axes, and numbers from 1 in tables and messages ("5-9").
"""

from treeprobe.attention.ablation import ablated_heads, ablation_effects
from treeprobe.attention.baselines import OffsetBaseline, offset_baseline, trained_baseline
from treeprobe.attention.behaviour import Behaviour
from treeprobe.attention.examples import HeadExample, best_head_sentences, example_sentences
from treeprobe.attention.features import PairFeatures, choose_sentences, pair_features, static_embeddings
from treeprobe.attention.flow import attention_flow, rollout
from treeprobe.attention.norms import weighted_norms
from treeprobe.attention.probe import AttentionProbe, heads_of
from treeprobe.attention.relations import RelationCounts, RelationError, count_relations
from treeprobe.attention.significance import accuracy_intervals, adjusted_p_values
from treeprobe.attention.similarity import cluster_heads, head_divergences, map_heads
from treeprobe.attention.survey import HeadSurvey, survey_heads
from treeprobe.attention.tables import best_heads, relation_table
from treeprobe.attention.trees import ChosenHead, chosen_heads, ensemble_trees, head_tree_tallies, held_out_tally
from treeprobe.attention.windows import local_attention

__all__ = [
    "AttentionProbe",
    "Behaviour",
    "ChosenHead",
    "HeadExample",
    "HeadSurvey",
    "OffsetBaseline",
    "PairFeatures",
    "RelationCounts",
    "RelationError",
    "ablated_heads",
    "ablation_effects",
    "accuracy_intervals",
    "adjusted_p_values",
    "attention_flow",
    "best_head_sentences",
    "best_heads",
    "choose_sentences",
    "chosen_heads",
    "cluster_heads",
    "count_relations",
    "ensemble_trees",
    "example_sentences",
    "head_divergences",
    "head_tree_tallies",
    "heads_of",
    "held_out_tally",
    "local_attention",
    "map_heads",
    "offset_baseline",
    "pair_features",
    "relation_table",
    "rollout",
    "static_embeddings",
    "survey_heads",
    "trained_baseline",
    "weighted_norms",
]
