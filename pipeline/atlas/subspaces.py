"""Angles between the subspaces that the probes of two languages read, in the states of one checkpoint."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.pipeline.atlas.reading import Charted
from treeprobe.pipeline.probing.probes import probe_folder
from treeprobe.pipeline.results.finished import Finished
from treeprobe.probes import DistanceProbe, probe_subspace_angles

_COLUMNS = ["checkpoint", "first", "second", "layer", "rank", "angle", "lowest", "highest", "pairs", "chance"]


def angle_rows(charted: Sequence[Charted]) -> pd.DataFrame:
    """Mean principal angle between the distance probes of every two languages, in degrees, 0 to 90.

    Angles are those of `probe_subspace_angles`, between the directions that carry nine tenths of a probe's squared norm
    (Björck & Golub 1973). Probes of one seed begin at the same matrix, so that what training left alone is alike: each
    angle is the mean over pairs of probes of different seeds, `lowest` and `highest` among them; a language with itself
    then says how far two probes of one language are apart. With one seed there are only pairs of that seed, and no such
    row. `chance` is the angle between random subspaces of as many directions.
    """
    rows = [row for one in charted if one.layer is not None for row in _of_checkpoint(one)]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _of_checkpoint(one: Charted) -> Iterator[dict[str, Any]]:
    """The rows of one checkpoint."""
    matrices = {name: _matrices(each, one.layer) for name, each in one.structures.items()}
    for first, second in combinations_with_replacement(matrices, 2):
        ours, theirs = matrices[first], matrices[second]
        pairs = [(a, b) for a, b in product(ours, theirs) if a != b and (first != second or a < b)]
        if not pairs and first != second:
            pairs = [(seed, seed) for seed in ours if seed in theirs]
        if not pairs:
            continue
        angles = [probe_subspace_angles(ours[a], theirs[b]) for a, b in pairs]
        means = [angle.mean for angle in angles]
        rank, dim = next(iter(ours.values())).shape
        chance = np.mean([random_angle(angle.directions, dim) for angle in angles])
        yield {
            "checkpoint": one.checkpoint, "first": first, "second": second, "layer": one.layer, "rank": rank,
            "angle": float(np.mean(means)), "lowest": min(means), "highest": max(means), "pairs": len(pairs),
            "chance": float(chance),
        }  # fmt: skip


def _matrices(one: Finished, layer: int | None) -> dict[int, NDArray[np.float32]]:
    """The matrices B of the largest rank at a layer, by seed, (rank, dim) each."""
    options = one.record["options"]
    folders = {
        seed: one.folder / "probes" / probe_folder("distance", layer, max(options["ranks"]), seed)
        for seed in options["seeds"]
    }
    return {seed: DistanceProbe.from_pretrained(folder).matrix_ for seed, folder in folders.items()}


@lru_cache
def random_angle(directions: int, dim: int) -> float:
    """Mean principal angle between two random subspaces of as many directions, in degrees: that of one draw."""
    generator = np.random.default_rng(0)
    return probe_subspace_angles(*generator.normal(size=(2, directions, dim)), share=1).mean
