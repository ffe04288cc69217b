"""Questions to a sweep: which layer is best, is B better than A and where, what do their probes share."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import subspace_angles

from parsing import Difference, Tally, paired_difference
from parsing.breakdown import Category, category_scores
from parsing.scores import micro
from pipeline.sweeping.errors import SweepError
from pipeline.sweeping.keeping import FoundEdges, read_edges, read_index, read_tally
from pipeline.sweeping.store import Store, read_json
from probes import DistanceProbe

PROBE_OF = {"uuas": "distance", "dspr": "distance", "root_accuracy": "depth", "nspr": "depth"}


@dataclass(frozen=True)
class Measured:
    """One measured setting of a finished structural task: where its tally lies."""

    folder: Path
    number: int
    checkpoint: str
    treebank: str
    split: str
    probe: str
    layer: int | None
    rank: int | None
    seed: int | None
    metric: str

    def tally(self) -> Tally:
        """Its counts in every sentence."""
        return read_tally(self.folder, self.number, metric=self.metric)


def compare_layers(
    out: str | Path, checkpoint: str, *, metric: str = "uuas", split: str = "dev", treebank: str | None = None
) -> pd.DataFrame:
    """How far every layer falls short of the best one, best first: layer, value, difference, low, high, p.

    Differences are paired over sentences. The interval of a layer that is as good as the best one holds zero; the best
    layer itself was chosen by the same scores, so expect it to be a little flattered.
    """
    by_layer = {one.layer: one.tally() for one in of_probes(out, checkpoint, metric, split, treebank)}
    values = {layer: tally.value for layer, tally in by_layer.items()}
    best = max(values, key=lambda layer: values[layer])
    rows = [
        {"layer": layer, "value": values[layer], **difference_row(paired_difference(tally, by_layer[best]))}
        for layer, tally in by_layer.items()
    ]
    return pd.DataFrame(rows).sort_values("value", ascending=False, kind="stable", ignore_index=True)


def compare_checkpoints(
    out: str | Path,
    better: str,
    worse: str,
    *,
    metric: str = "uuas",
    split: str = "dev",
    treebank: str | None = None,
    layers: tuple[int, int] | None = None,
) -> Difference:
    """How much `better` exceeds `worse` on the same sentences, each at its best layer unless `layers` says which.

    Best layers are chosen on dev. Raises SweepError when one of them was not measured.
    """
    chosen = layers or (best_layer(out, better, treebank=treebank), best_layer(out, worse, treebank=treebank))
    first, second = (
        at_layer(of_probes(out, name, metric, split, treebank), layer).tally()
        for name, layer in zip((better, worse), chosen)
    )
    return paired_difference(first, second)


def best_layer(out: str | Path, checkpoint: str, *, metric: str = "uuas", treebank: str | None = None) -> int:
    """The layer whose probe scores highest on dev; the lower one on a tie."""
    measured = of_probes(out, checkpoint, metric, "dev", treebank)
    best = max(measured, key=lambda one: (one.tally().value, -(one.layer or 0)))
    return best.layer or 0


def compare_by(
    out: str | Path,
    better: str,
    worse: str,
    by: Category = "relation",
    *,
    split: str = "dev",
    treebank: str | None = None,
    least: int = 1,
) -> pd.DataFrame:
    """Where two checkpoints differ: UUAS of each and their paired difference for each relation, or another category.

    Columns: category, n, better, worse, difference, low, high, p; the most frequent category first, those of fewer than
    `least` edges left out. Both are read at the layer that is best on dev.
    """
    tables = [edges_at_best(out, name, split, treebank) for name in (better, worse)]
    rows = []
    for category, score in category_scores(tables[0], by, resamples=1).items():
        if score.n < least:
            continue
        first, second = (category_tally(table, by, category) for table in tables)
        found = paired_difference(first, second)
        rows.append(
            {"category": category, "n": score.n, "better": first.value, "worse": second.value, **difference_row(found)}
        )
    return pd.DataFrame(rows)


def scores_by(
    out: str | Path, checkpoint: str, by: Category = "relation", *, split: str = "dev", treebank: str | None = None
) -> pd.DataFrame:
    """UUAS with intervals for each relation (or other category) at the layer that is best on dev, tidy."""
    from parsing.breakdown import break_down

    return break_down(edges_at_best(out, checkpoint, split, treebank), by)


def edges_at_best(out: str | Path, checkpoint: str, split: str, treebank: str | None) -> pd.DataFrame:
    """The gold edges of a split, and which of them the checkpoint's best layer found."""
    layer = best_layer(out, checkpoint, treebank=treebank)
    measured = at_layer(of_probes(out, checkpoint, "uuas", split, treebank), layer)
    return table_of(read_edges(measured.folder, split), measured)


def table_of(found: FoundEdges, measured: Measured) -> pd.DataFrame:
    """The edge table of one measured setting."""
    for row, setting in enumerate(found.settings):
        if (setting.layer, setting.rank, setting.seed) == (measured.layer, measured.rank, measured.seed):
            return found.table(row)
    raise SweepError(f"{measured.folder.name}: keeps no edges of layer {measured.layer}")


def category_tally(table: pd.DataFrame, by: Category, category: object) -> Tally:
    """UUAS among the edges of one category, sentence by sentence."""
    from parsing.breakdown import LENGTH_CLASSES, length_classes

    labels = length_classes(table[by], LENGTH_CLASSES[by]) if by in LENGTH_CLASSES else table[by]
    chosen = (labels == category).to_numpy()
    sentences = table["sentence"].to_numpy()
    size = int(sentences.max()) + 1
    hits = np.bincount(sentences[chosen], weights=table["correct"].to_numpy()[chosen], minlength=size)
    return micro("uuas", hits, np.bincount(sentences[chosen], minlength=size))


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


def structure_folder(out: str | Path, checkpoint: str, treebank: str | None) -> Path:
    """The folder of a checkpoint's structural task.

    Raises SweepError when there is none, or several, of which `treebank` then chooses one.
    """
    folders = {}
    for path in sorted(Store.existing(out).tasks.glob("*/task.json")):
        record = read_json(path) or {}
        if record.get("analysis") == "structure" and record["checkpoint"] == checkpoint:
            folders[record["treebank"]] = path.parent
    if treebank is not None:
        folders = {name: folder for name, folder in folders.items() if name == treebank}
    if len(folders) != 1:
        names = ", ".join(folders) or "none"
        raise SweepError(f"{checkpoint}: structural results on {names}; expected one, choose it with treebank=")
    return next(iter(folders.values()))


def measured_settings(folder: Path) -> Iterator[Measured]:
    """Everything that a structural task measured."""
    for number, row in enumerate(read_index(folder)["tallies"]):
        yield Measured(folder, number, **row)


def of_probes(out: str | Path, checkpoint: str, metric: str, split: str, treebank: str | None) -> list[Measured]:
    """A checkpoint's probes, one a layer: those of the largest rank and the first seed, that the metric belongs to.

    Raises SweepError when there are none.
    """
    folder = structure_folder(out, checkpoint, treebank)
    found = [
        one
        for one in measured_settings(folder)
        if (one.metric, one.split, one.probe) == (metric, split, PROBE_OF.get(metric))
    ]
    if not found:
        raise SweepError(f"{checkpoint}: no {metric} on {split}; expected one of {', '.join(PROBE_OF)}")
    rank = max(one.rank or 0 for one in found)
    seed = min(one.seed or 0 for one in found)
    return [one for one in found if (one.rank, one.seed) == (rank, seed)]


def at_layer(measured: Sequence[Measured], layer: int) -> Measured:
    """The one of a layer. Raises SweepError when that layer was not measured."""
    for one in measured:
        if one.layer == layer:
            return one
    raise SweepError(f"{measured[0].checkpoint}: no layer {layer}; measured {[one.layer for one in measured]}")


def difference_row(found: Difference) -> dict[str, Any]:
    """A difference as cells of a table."""
    cells = asdict(found)
    return {"difference": cells["value"], **{name: cells[name] for name in ("low", "high", "p")}}


def training_curve(scores: pd.DataFrame, family: str, *, metric: str = "uuas", split: str = "dev") -> pd.DataFrame:
    """The best layer's score at every step of a training run, ready for `reporting.step_curves`.

    Takes the frame of `load_results`. Raises SweepError when it has no such run.
    """
    kept = {"family": family, "metric": metric, "split": split, "probe": PROBE_OF.get(metric), "analysis": "structure"}
    rows = scores[(scores[list(kept)] == pd.Series(kept)).fillna(False).all(axis=1)]
    if rows.empty:
        families = ", ".join(scores["family"].dropna().unique()) or "none"
        raise SweepError(f"no {metric} of a training run {family!r} on {split}; found runs {families}")
    best: NDArray[Any] = rows.groupby(["treebank", "step", "rank", "seed"], dropna=False)["value"].idxmax().to_numpy()
    return rows.loc[best].sort_values(["treebank", "step"], ignore_index=True)
