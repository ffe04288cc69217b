"""Two runs, or two checkpoints of a sweep, compared layer by layer on the same sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.parsing import Difference, Tally, paired_differences
from treeprobe.pipeline.comparisons.signatures import check_comparable
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.finished import Finished, structure_of
from treeprobe.pipeline.results.measured import Measured, at_layer, best_measured, probes_in
from treeprobe.pipeline.results.scores import HEADLINE_METRICS
from treeprobe.signature import Signature

SIDES = ("first", "second")
CELLS = ("first", "second", "difference", "low", "high", "p")
"""What a row has of each metric, in columns such as `uuas_difference`."""


def compare_runs(
    first: str | Path,
    second: str | Path,
    *,
    sweep: str | Path | None = None,
    treebank: str | None = None,
    split: str | None = None,
    metrics: Sequence[str] = HEADLINE_METRICS,
    layers: tuple[int, int] | None = None,
    anyway: bool = False,
) -> pd.DataFrame:
    """The scores of two runs and their differences, first less second, a row a layer with all metrics side by side.

    Differences are paired: both are resampled alike, of means over seeds and the largest rank. The first row, where
    `best` is true, has each at the layer that is best for it on dev by UUAS (`scores.best_layer`); then come the layers
    that both have.

    Args:
        first, second: folders of runs; with `sweep`, names of its checkpoints.
        sweep: the folder of a sweep.
        treebank: which treebank, where a folder holds several.
        split: the split that is scored, test where both were scored on it, or else dev; dev chooses layers in any case.
        metrics: which scores, and in which order.
        layers: one layer of each to compare, instead of all.
        anyway: subtract scores of different signatures too, with a warning.

    Returns:
        A table with the columns `first` and `second` (names), `treebank`, `split`, `first_layer`, `second_layer`,
        `first_rank`, `second_rank`, `best`; for each metric `METRIC_first`, `METRIC_second`, `METRIC_difference`, the
        ends of its 95 % interval `METRIC_low` and `METRIC_high`, `METRIC_p`, two-sided and not corrected for the
        number of comparisons, and the signatures of both scores, `METRIC_first_signature` and
        `METRIC_second_signature`; `least_p`, the smallest p that so many resamples can show; `resampled`; and
        `differing`, in which keys the signatures differ that should not, None unless `anyway` allowed it.

    Raises:
        FindingsError: one of them is no run, lacks the split, a metric or a layer, or was scored on other sentences.
        SignatureError: their scores were not made alike, such as by different rules for punctuation.
    """
    finished = [_find(name, sweep=sweep, treebank=treebank) for name in (first, second)]
    split = split or ("test" if all("test" in one.record["splits"] for one in finished) else "dev")
    pair = [_Run.of(one, split=split, metrics=metrics) for one in finished]
    _check_same_sentences(*pair)
    places = [layers] if layers is not None else [(pair[0].best_layer, pair[1].best_layer), *_common_layers(*pair)]
    names = [run.finished.checkpoint for run in pair]
    if names[0] == names[1]:
        names = [str(first), str(second)]
    about = dict(zip(SIDES, names)) | {"treebank": pair[0].finished.treebank, "split": split}
    measured = [
        [[run.at(metric, place[side]) for metric in metrics] for side, run in enumerate(pair)] for place in places
    ]
    made = [list(zip(*([one.signature for one in side] for side in row))) for row in measured]
    differing = check_comparable([both for row in made for both in row], (names[0], names[1]), anyway=anyway)
    tallies = [pair for row in measured for pair in zip(*([one.tally() for one in side] for side in row))]
    found = iter(zip(tallies, paired_differences(tallies)))
    rows = []
    for number, (place, row, signatures) in enumerate(zip(places, measured, made)):
        cells = {metric: next(found) for metric in metrics}
        where = dict(zip(("first_layer", "second_layer"), place))
        ranks = {f"{side}_rank": one[0].setting.rank for side, one in zip(SIDES, row)}
        best = layers is None and number == 0
        told = _signature_cells(dict(zip(metrics, signatures)), chosen="dev" if best else None)
        rows.append({**about, **where, **ranks, "best": best, **_cells(cells), **told, "differing": differing or None})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Run:
    """One side of a comparison: a finished run, and the probes of each metric on a split."""

    finished: Finished
    split: str
    probes: Mapping[str, Sequence[Measured]]
    best: Sequence[Measured]

    @classmethod
    def of(cls, one: Finished, *, split: str, metrics: Sequence[str]) -> "_Run":
        """A finished run as it was scored on a split. Raises FindingsError when it was not."""
        if split not in one.record["splits"]:
            raise FindingsError(f"{one.folder}: was not scored on {split}; found {', '.join(one.record['splits'])}")
        probes = {metric: probes_in(one, metric=metric, split=split) for metric in metrics}
        return cls(one, split, probes, [best_measured(one, metric=metric, split=split) for metric in metrics])

    @property
    def best_layer(self) -> int:
        """The layer that is best on dev."""
        return self.best[0].layer

    @property
    def layers(self) -> set[int]:
        """The layers that every metric was measured at."""
        return set.intersection(*({one.layer for one in measured} for measured in self.probes.values()))

    def at(self, metric: str, layer: int) -> Measured:
        """A metric at a layer. Raises FindingsError when it was not measured."""
        return at_layer(self.probes[metric], layer)


def _find(name: str | Path, *, sweep: str | Path | None, treebank: str | None) -> Finished:
    """A run by its folder, or a checkpoint by its name in a sweep. Raises FindingsError."""
    if sweep is None and not Path(name).expanduser().is_dir():
        raise FindingsError(
            f"{name}: there is no such folder; expected that of a run, or the name of a checkpoint and the folder of "
            "its sweep (--sweep, sweep=)"
        )
    return structure_of(name if sweep is None else sweep, None if sweep is None else str(name), treebank=treebank)


def _common_layers(first: _Run, second: _Run) -> list[tuple[int, int]]:
    """The layers that both have, each beside itself."""
    return [(layer, layer) for layer in sorted(first.layers & second.layers)]


def _check_same_sentences(first: _Run, second: _Run) -> None:
    """Refuse runs that were not scored on the very same trees. Raises FindingsError."""
    splits = [run.finished.record["splits"][run.split] for run in (first, second)]
    if splits[0]["digest"] != splits[1]["digest"]:
        told = " and ".join(
            f"{run.finished.folder} on {split['sentences']:,} of {split['name']}"
            for run, split in zip((first, second), splits)
        )
        raise FindingsError(
            f"scored on different sentences of {first.split}: {told}; expected the same, as differences are paired. "
            "Run one of them again on the other's treebank, with the same --max-sentences"
        )


def _signature_cells(made: Mapping[str, Sequence[Signature]], *, chosen: str | None) -> dict[str, str]:
    """The cells of a row that say how its scores were made."""
    return {
        f"{metric}_{side}_signature": str(replace(signature, chosen=chosen))
        for metric, both in made.items()
        for side, signature in zip(SIDES, both)
    }


def _cells(found: Mapping[str, tuple[tuple[Tally, Tally], Difference]]) -> dict[str, Any]:
    """The cells of a row: those of each metric, and what is said of all of them."""
    cells: dict[str, Any] = {}
    for metric, ((first, second), gap) in found.items():
        values = (first.value, second.value, gap.value, gap.low, gap.high, gap.p)
        cells |= {f"{metric}_{name}": value for name, value in zip(CELLS, values)}
    gaps = [gap for _, gap in found.values()]
    return cells | {"least_p": max(gap.least_p for gap in gaps), "resampled": gaps[0].resampled}
