"""What a sweep's structural tasks measured, setting by setting, and where its tallies and edges lie."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.parsing import Tally
from treeprobe.pipeline.score_table import Setting
from treeprobe.pipeline.sweeping.errors import SweepError
from treeprobe.pipeline.sweeping.keeping import FoundEdges, read_edges, read_index, read_tally
from treeprobe.pipeline.sweeping.store import Store, read_json

PROBE_OF = {"uuas": "distance", "dspr": "distance", "root_accuracy": "depth", "nspr": "depth"}


@dataclass(frozen=True)
class Measured:
    """One metric of one setting of a finished task: its tally is number `number` of those in the folder."""

    folder: Path
    number: int
    setting: Setting
    metric: str

    @property
    def layer(self) -> int:
        """The layer that was probed; 0 for what has none."""
        return self.setting.layer or 0

    def tally(self) -> Tally:
        """Its counts in every sentence."""
        return read_tally(self.folder, self.number, metric=self.metric)

    def edges(self) -> pd.DataFrame:
        """Every gold edge of its split, with the column `correct`. Raises SweepError when they were not kept."""
        return edge_table(self, read_edges(self.folder, self.setting.split))


def edge_table(measured: Measured, found: FoundEdges) -> pd.DataFrame:
    """The edges as one measured setting found them. Raises SweepError when that setting is not among `found`."""
    wanted = measured.setting
    for row, setting in enumerate(found.settings):
        if (setting.layer, setting.rank, setting.seed) == (wanted.layer, wanted.rank, wanted.seed):
            return found.table(row)
    raise SweepError(f"{measured.folder.name}: keeps no edges of layer {measured.layer}")


def everything_measured(folder: Path) -> Iterator[Measured]:
    """Everything that a task measured."""
    for number, row in enumerate(read_index(folder)["tallies"]):
        metric = row.pop("metric")
        yield Measured(folder, number, Setting(**row), metric)


def of_probes(
    out: str | Path, checkpoint: str, *, metric: str = "uuas", split: str = "dev", treebank: str | None = None
) -> list[Measured]:
    """A checkpoint's probes, one a layer: those of the largest rank and the first seed that the metric belongs to.

    Raises SweepError when there are none.
    """
    return probes_in(structure_folder(out, checkpoint, treebank), metric=metric, split=split)


def probes_in(folder: Path, *, metric: str, split: str) -> list[Measured]:
    """The probes of a task's folder, as `of_probes` finds them."""
    everything = list(everything_measured(folder))
    found = [
        one
        for one in everything
        if (one.metric, one.setting.split, one.setting.probe) == (metric, split, PROBE_OF.get(metric))
    ]
    if not found:
        known = dict.fromkeys(f"{one.metric} on {one.setting.split}" for one in everything if one.metric in PROBE_OF)
        raise SweepError(f"{folder.name}: no {metric} on {split}; found {', '.join(known) or 'nothing'}")
    rank = max(one.setting.rank or 0 for one in found)
    seed = min(one.setting.seed or 0 for one in found)
    return [one for one in found if (one.setting.rank, one.setting.seed) == (rank, seed)]


def structure_folder(out: str | Path, checkpoint: str, treebank: str | None) -> Path:
    """The folder of a checkpoint's structural task.

    Raises SweepError when there is none, or several, of which `treebank` then chooses one.
    """
    folders: dict[str, Path] = {}
    known: dict[str, Any] = {}
    for path in sorted(Store.existing(out).tasks.glob("*/task.json")):
        record = read_json(path) or {}
        if record.get("analysis") == "structure":
            known[record["checkpoint"]] = None
            if record["checkpoint"] == checkpoint:
                folders[record["treebank"]] = path.parent
    if not folders:
        raise SweepError(f"{checkpoint}: structural results on none; found those of {', '.join(known) or 'none'}")
    if treebank is not None:
        folders = {name: folder for name, folder in folders.items() if name == treebank}
    if len(folders) != 1:
        names = ", ".join(folders) or "none"
        raise SweepError(f"{checkpoint}: structural results on {names}; expected one, choose it with treebank=")
    return next(iter(folders.values()))


def best_of(measured: Sequence[Measured]) -> Measured:
    """The one with the highest score; the lower layer on a tie."""
    return max(measured, key=lambda one: (one.tally().value, -one.layer))


def at_layer(measured: Sequence[Measured], layer: int) -> Measured:
    """The one of a layer. Raises SweepError when that layer was not measured."""
    for one in measured:
        if one.layer == layer:
            return one
    name = measured[0].setting.checkpoint
    raise SweepError(f"{name}: no layer {layer}; measured {[one.layer for one in measured]}")
