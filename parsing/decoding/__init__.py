"""From scores, or from predicted distances and depths, to trees."""

from parsing.decoding.arborescence import arborescence, arborescence_graph
from parsing.decoding.baselines import RandomTrees, chain_from_left, chain_from_right
from parsing.decoding.checks import DistanceError, check_distances
from parsing.decoding.decoder import Decoder, decode, decode_bulk
from parsing.decoding.direction import complete_tree, direct_edges
from parsing.decoding.projective import projective
from parsing.decoding.spanning import (
    minimum_spanning_edges,
    minimum_spanning_edges_bulk,
    minimum_spanning_tree,
    spanning_tree,
)

__all__ = [
    "Decoder",
    "DistanceError",
    "RandomTrees",
    "arborescence",
    "arborescence_graph",
    "chain_from_left",
    "chain_from_right",
    "check_distances",
    "complete_tree",
    "decode",
    "decode_bulk",
    "direct_edges",
    "minimum_spanning_edges",
    "minimum_spanning_edges_bulk",
    "minimum_spanning_tree",
    "projective",
    "spanning_tree",
]
