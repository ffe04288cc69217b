"""Trees from arc scores, or from predicted distances and depths."""

from treeprobe.parsing.decoding.arborescence import arborescence
from treeprobe.parsing.decoding.baselines import RandomTrees, chain_from_left, chain_from_right
from treeprobe.parsing.decoding.binary import (
    branching_brackets,
    cheapest_brackets,
    expected_cost,
    heads_of_brackets,
    random_brackets,
)
from treeprobe.parsing.decoding.checks import DistanceError, check_distances
from treeprobe.parsing.decoding.decoder import Decoder, decode, decode_bulk
from treeprobe.parsing.decoding.direction import complete_tree, direct_edges
from treeprobe.parsing.decoding.prefixes import prefix_trees
from treeprobe.parsing.decoding.projective import projective
from treeprobe.parsing.decoding.spanning import minimum_spanning_edges, spanning_tree

__all__ = [
    "Decoder",
    "DistanceError",
    "RandomTrees",
    "arborescence",
    "branching_brackets",
    "chain_from_left",
    "chain_from_right",
    "cheapest_brackets",
    "check_distances",
    "complete_tree",
    "decode",
    "decode_bulk",
    "direct_edges",
    "expected_cost",
    "heads_of_brackets",
    "minimum_spanning_edges",
    "prefix_trees",
    "projective",
    "random_brackets",
    "spanning_tree",
]
