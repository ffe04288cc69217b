"""Comparisons: which layer is best, how two checkpoints differ and where, how scores grow with training, which
directions probes read."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.parsing import Difference, paired_difference, paired_differences
from treeprobe.parsing.scores import Category, break_down, category_tallies
from treeprobe.pipeline.comparisons.signatures import check_comparable
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.finished import Finished, structure_of
from treeprobe.pipeline.results.measured import at_layer, best_measured, probes_in
from treeprobe.pipeline.results.scores import best_layer, best_rows, reported_split
from treeprobe.probes import DistanceProbe, probe_subspace_angles


@dataclass(frozen=True)
class CheckpointDifference(Difference):
    """The difference of two checkpoints, and where it was measured.

    Attributes:
        split: what was scored; layers: the layer of each checkpoint.
        chosen_on: the split that chose the layers, None where they were given. Where it is the one that was scored, the
            scores of both are a little optimistic.
    """

    split: str = ""
    layers: tuple[int, int] = (0, 0)
    chosen_on: str | None = None


def compare_layers(
    folder: str | Path,
    checkpoint: str | None = None,
    *,
    metric: str = "uuas",
    split: str | None = None,
    treebank: str | None = None,
) -> pd.DataFrame:
    """How far every layer falls short of the best one, best first: layer, value, difference, low, high, p.

    Differences are paired over sentences, of means over seeds. The interval of a layer that is as good as the best one
    holds zero. `split` is what was scored and `chosen_on` what chose the best layer and all epochs: where they are the
    same, scores are a little optimistic.

    Args:
        folder: that of a sweep, or of one structural analysis.
        split: the split that is compared; test where it was scored, or else dev.
        checkpoint, treebank: which analysis, where the folder holds several.

    Raises:
        FindingsError: there is no such analysis, or it lacks the metric or the split.
    """
    one = structure_of(folder, checkpoint, treebank=treebank)
    split = split or _reported([one])
    by_layer = {found.layer: found.tally() for found in probes_in(one, metric=metric, split=split)}
    best = best_layer(one.scores(), metric=metric)
    if best is None or best not in by_layer:
        raise FindingsError(f"{one.folder}: no layer has a {metric} on {split}")
    rows = [
        {"layer": layer, "value": tally.value, **_difference_cells(paired_difference(tally, by_layer[best]))}
        for layer, tally in by_layer.items()
    ]
    table = pd.DataFrame(rows).sort_values("value", ascending=False, kind="stable", ignore_index=True)
    return table.assign(split=split, chosen_on="dev")


def compare_checkpoints(
    folder: str | Path,
    first: str,
    second: str,
    *,
    metric: str = "uuas",
    split: str | None = None,
    treebank: str | None = None,
    layers: tuple[int, int] | None = None,
    anyway: bool = False,
) -> CheckpointDifference:
    """How much the first checkpoint exceeds the second on the same sentences, negative where it falls short.

    Each is read at its best layer on dev (`scores.best_layer`) unless `layers` says which; on `split`, which is test
    where both were scored on it, or else dev. Means over seeds are compared.

    Raises:
        FindingsError: one of them was not measured.
        SignatureError: their scores were not made alike, and `anyway` does not say to subtract them all the same.
    """
    analyses = [structure_of(folder, name, treebank=treebank) for name in (first, second)]
    scored = split or _reported(analyses)
    if layers is None:
        found = [best_measured(one, metric=metric, split=scored) for one in analyses]
    else:
        probes = [probes_in(one, metric=metric, split=scored) for one in analyses]
        found = [at_layer(own, layer) for own, layer in zip(probes, layers)]
    check_comparable([(found[0].signature, found[1].signature)], (first, second), anyway=anyway)
    difference = paired_difference(*(one.tally() for one in found))
    places, chosen_on = (found[0].layer, found[1].layer), "dev" if layers is None else None
    return CheckpointDifference(**vars(difference), split=scored, layers=places, chosen_on=chosen_on)


def compare_by(
    folder: str | Path,
    first: str,
    second: str,
    by: Category = "relation",
    *,
    split: str | None = None,
    treebank: str | None = None,
    least: int = 1,
    anyway: bool = False,
) -> pd.DataFrame:
    """Where two checkpoints differ: UUAS of each and their paired difference for each relation, or another category.

    Columns: category, n, first, second, difference (first less second), low, high, p; the most frequent category first,
    those of fewer than `least` edges left out. Both are read at the layer that is best on dev; `split` is as in
    `compare_checkpoints`, and a column. Raises as that does.
    """
    analyses = [structure_of(folder, name, treebank=treebank) for name in (first, second)]
    split = split or _reported(analyses)
    best = [best_measured(one, split=split) for one in analyses]
    check_comparable([(best[0].signature, best[1].signature)], (first, second), anyway=anyway)
    ours, theirs = (category_tallies(one.edges(), by) for one in best)
    pairs = {category: (tally, theirs[category]) for category, tally in ours.items() if tally.n >= least}
    rows = [
        {"category": category, "n": one.n, "first": one.value, "second": other.value, **_difference_cells(difference)}
        for (category, (one, other)), difference in zip(pairs.items(), paired_differences(list(pairs.values())))
    ]
    return pd.DataFrame(rows).assign(split=split, chosen_on="dev")


def scores_by(
    folder: str | Path,
    checkpoint: str | None = None,
    by: Category = "relation",
    *,
    split: str | None = None,
    treebank: str | None = None,
) -> pd.DataFrame:
    """UUAS with intervals for each relation (or other category) at the layer that is best on dev, tidy.

    Columns are those of `treeprobe.parsing.break_down`, then `split` and `chosen_on` as in `compare_layers`.
    """
    one = structure_of(folder, checkpoint, treebank=treebank)
    split = split or _reported([one])
    return break_down(best_measured(one, split=split).edges(), by).assign(split=split, chosen_on="dev")


def _reported(analyses: Sequence[Finished]) -> str:
    """The split on which some analyses are compared unless one is asked for."""
    return reported_split(pd.concat([one.scores() for one in analyses]))


def _difference_cells(found: Difference) -> dict[str, Any]:
    """A difference as cells of a table."""
    cells = asdict(found)
    return {"difference": cells["value"], **{name: cells[name] for name in ("low", "high", "p")}}


def training_curve(
    scores: pd.DataFrame,
    family: str,
    *,
    metric: str = "uuas",
    split: str | None = None,
    treebank: str | None = None,
) -> pd.DataFrame:
    """The score at every step of a training run, at its best layer on dev, for `treeprobe.reporting.step_curves`.

    Takes the frame of `load_results`; `split` is test where every step was scored on it, or else dev. Of several
    treebanks each has its own rows, unless `treebank` names one.

    Raises FindingsError when it has no such run.
    """
    rows = scores[(scores["analysis"] == "structure") & (scores["family"] == family)]
    if treebank is not None:
        rows = rows[rows["treebank"] == treebank]
    split = split or reported_split(rows)
    best = best_rows(rows, by=["trained_on", "step"], metric=metric, split=split)
    if best.empty:
        families = ", ".join(scores["family"].dropna().unique()) or "none"
        place = split if treebank is None else f"{split} of {treebank}"
        raise FindingsError(f"no {metric} of a training run {family!r} on {place}; found runs {families}")
    return best.sort_values(["treebank", "step"], ignore_index=True)


def probe_angles(folder: str | Path, first: str, second: str, *, treebank: str | None = None) -> pd.DataFrame:
    """Angles between the subspaces that two checkpoints' distance probes read, by layer: layer, rank, mean, largest.

    In degrees, from 0 (the same subspace) to 90; principal angles of the row spaces (Björck & Golub 1973). They mean
    something where the two share their axes: a model and its fine-tuned child, or two steps of a training run. Probes
    of one seed begin at the same matrix, so what training left alone is shared too; compare with other seeds.
    Raises FindingsError when the checkpoints have other widths, or no layer in common.
    """
    found = [_distance_probes(folder, name, treebank) for name in (first, second)]
    rows = []
    for place in sorted(found[0].keys() & found[1].keys()):
        matrices = [DistanceProbe.from_pretrained(probes[place]).matrix_ for probes in found]
        if matrices[0].shape[1] != matrices[1].shape[1]:
            widths = " and ".join(str(matrix.shape[1]) for matrix in matrices)
            raise FindingsError(f"{first} and {second} have states of width {widths}: their subspaces have no angle")
        angles = probe_subspace_angles(*matrices, share=1)
        layer, rank, seed = place
        rows.append({"layer": layer, "rank": rank, "seed": seed, "mean": angles.mean, "largest": angles.largest})
    if not rows:
        raise FindingsError(f"{first} and {second} have no probes of one layer and rank")
    return pd.DataFrame(rows)


def _distance_probes(folder: str | Path, checkpoint: str, treebank: str | None) -> dict[tuple[int, int, int], Path]:
    """The folders of a checkpoint's distance probes, by layer, rank and seed."""
    found = {}
    for path in structure_of(folder, checkpoint, treebank=treebank).folder.glob("probes/distance-*"):
        _, _, layer, _, rank, _, seed = path.name.split("-")
        found[int(layer), int(rank), int(seed)] = path
    return found
