"""Questions to a sweep: which layer is best, is B better than A and where, how scores grow with training."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.parsing import Difference, Tally, break_down, paired_difference
from treeprobe.parsing.scores import LENGTH_CLASSES, Category, category_scores, micro
from treeprobe.parsing.scores.breakdown import length_classes
from treeprobe.pipeline.sweeping.errors import SweepError
from treeprobe.pipeline.sweeping.measured import PROBE_OF, at_layer, best_of, of_probes


def compare_layers(
    out: str | Path, checkpoint: str, *, metric: str = "uuas", split: str = "dev", treebank: str | None = None
) -> pd.DataFrame:
    """How far every layer falls short of the best one, best first: layer, value, difference, low, high, p.

    Differences are paired over sentences. The interval of a layer that is as good as the best one holds zero; the best
    layer itself was chosen by the same scores, so expect it to be a little flattered.
    """
    measured = of_probes(out, checkpoint, metric=metric, split=split, treebank=treebank)
    by_layer = {one.layer: one.tally() for one in measured}
    best = max(by_layer, key=lambda layer: by_layer[layer].value)
    rows = [
        {"layer": layer, "value": tally.value, **difference_row(paired_difference(tally, by_layer[best]))}
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

    Best layers are those of the highest UUAS on dev. Raises SweepError when one of them was not measured.
    """
    chosen = layers or (best_layer(out, better, treebank=treebank), best_layer(out, worse, treebank=treebank))
    first, second = (
        at_layer(of_probes(out, name, metric=metric, split=split, treebank=treebank), layer).tally()
        for name, layer in zip((better, worse), chosen)
    )
    return paired_difference(first, second)


def best_layer(out: str | Path, checkpoint: str, *, metric: str = "uuas", treebank: str | None = None) -> int:
    """The layer whose probe scores highest on dev; the lower one on a tie."""
    return best_of(of_probes(out, checkpoint, metric=metric, treebank=treebank)).layer


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
    return break_down(edges_at_best(out, checkpoint, split, treebank), by)


def edges_at_best(out: str | Path, checkpoint: str, split: str, treebank: str | None) -> pd.DataFrame:
    """The gold edges of a split, and which of them the checkpoint's best layer found."""
    layer = best_layer(out, checkpoint, treebank=treebank)
    return at_layer(of_probes(out, checkpoint, split=split, treebank=treebank), layer).edges()


def category_tally(table: pd.DataFrame, by: Category, category: object) -> Tally:
    """UUAS among the edges of one category, sentence by sentence."""
    labels = length_classes(table[by], LENGTH_CLASSES[by]) if by in LENGTH_CLASSES else table[by]
    chosen = (labels == category).to_numpy()
    sentences = table["sentence"].to_numpy()
    size = int(sentences.max()) + 1
    hits = np.bincount(sentences[chosen], weights=table["correct"].to_numpy()[chosen], minlength=size)
    return micro("uuas", hits, np.bincount(sentences[chosen], minlength=size))


def difference_row(found: Difference) -> dict[str, Any]:
    """A difference as cells of a table."""
    cells = asdict(found)
    return {"difference": cells["value"], **{name: cells[name] for name in ("low", "high", "p")}}


def training_curve(scores: pd.DataFrame, family: str, *, metric: str = "uuas", split: str = "dev") -> pd.DataFrame:
    """The best layer's score at every step of a training run, ready for `treeprobe.reporting.step_curves`.

    Takes the frame of `load_results`. Raises SweepError when it has no such run.
    """
    kept = {"family": family, "metric": metric, "split": split, "probe": PROBE_OF.get(metric), "analysis": "structure"}
    rows = scores[(scores[list(kept)] == pd.Series(kept)).fillna(False).all(axis=1)]
    if rows.empty:
        families = ", ".join(scores["family"].dropna().unique()) or "none"
        raise SweepError(f"no {metric} of a training run {family!r} on {split}; found runs {families}")
    best = rows.groupby(["treebank", "step", "rank", "seed"], dropna=False)["value"].idxmax()
    return rows.loc[best.to_numpy()].sort_values(["treebank", "step"], ignore_index=True)
