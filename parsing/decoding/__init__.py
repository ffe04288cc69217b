"""From predicted distances and depths to trees."""

from parsing.decoding.direction import complete_tree, direct_edges
from parsing.decoding.spanning import (
    DistanceError,
    check_distances,
    minimum_spanning_edges,
    minimum_spanning_edges_bulk,
    minimum_spanning_tree,
)

__all__ = [
    "DistanceError",
    "check_distances",
    "complete_tree",
    "direct_edges",
    "minimum_spanning_edges",
    "minimum_spanning_edges_bulk",
    "minimum_spanning_tree",
]
