"""Whether the probes of two checkpoints read the same directions: angles between their subspaces."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.linalg import subspace_angles

from treeprobe.pipeline.sweeping.errors import SweepError
from treeprobe.pipeline.sweeping.measured import structure_folder
from treeprobe.probes import DistanceProbe


def probe_angles(out: str | Path, first: str, second: str, *, treebank: str | None = None) -> pd.DataFrame:
    """Angles between the subspaces that two checkpoints' distance probes read, by layer: layer, rank, mean, largest.

    In degrees, from 0 (the same subspace) to 90; principal angles of the row spaces (Björck & Golub 1973). They mean
    something where the two share their axes: a model and its fine-tuned child, or two steps of a training run. Probes
    of one seed begin at the same matrix, so what training left alone is shared too; compare with other seeds.
    Raises SweepError when the checkpoints have other widths, or no layer in common.
    """
    found = [saved_probes(out, name, treebank) for name in (first, second)]
    rows = []
    for place in sorted(found[0].keys() & found[1].keys()):
        matrices = [DistanceProbe.from_pretrained(probes[place]).matrix_ for probes in found]
        if matrices[0].shape[1] != matrices[1].shape[1]:
            widths = " and ".join(str(matrix.shape[1]) for matrix in matrices)
            raise SweepError(f"{first} and {second} have states of width {widths}: their subspaces have no angle")
        angles = np.degrees(subspace_angles(matrices[0].T, matrices[1].T))
        layer, rank, seed = place
        rows.append({"layer": layer, "rank": rank, "seed": seed, "mean": angles.mean(), "largest": angles.max()})
    if not rows:
        raise SweepError(f"{first} and {second} have no probes of one layer and rank")
    return pd.DataFrame(rows)


def saved_probes(out: str | Path, checkpoint: str, treebank: str | None) -> dict[tuple[int, int, int], Path]:
    """The folders of a checkpoint's distance probes, by layer, rank and seed."""
    folder = structure_folder(out, checkpoint, treebank)
    found = {}
    for path in folder.glob("probes/distance-*"):
        _, _, layer, _, rank, _, seed = path.name.split("-")
        found[int(layer), int(rank), int(seed)] = path
    return found
