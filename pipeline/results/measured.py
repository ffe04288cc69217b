"""What a structural or transfer analysis measured, setting by setting: its tallies and edges, read when asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from treeprobe.parsing import Tally
from treeprobe.parsing.scores import mean_tally
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.finished import Finished
from treeprobe.pipeline.results.scores import PROBE_OF, Setting, best_layer
from treeprobe.pipeline.results.signing import signature_of
from treeprobe.pipeline.results.tally_files import FoundEdges, read_edges, read_index, read_tally
from treeprobe.signature import Signature


@dataclass(frozen=True)
class Measured:
    """One metric of one setting of a finished analysis, over all its seeds; `setting.seed` is None.

    `numbers` are those of the seeds' tallies among the analysis's files.
    """

    files: ResultFiles
    numbers: Sequence[int]
    setting: Setting
    metric: str

    @property
    def layer(self) -> int:
        """The layer that was probed; 0 for what has none."""
        return self.setting.layer or 0

    @property
    def signature(self) -> Signature:
        """How it was measured, as the rows of the score table say it."""
        cells = {**vars(self.setting), "metric": self.metric, "seeds": len(self.numbers)}
        return signature_of(cells, self.files.record)

    def tally(self) -> Tally:
        """Its counts in every sentence, the mean over seeds."""
        split = self.setting.split
        return mean_tally([read_tally(self.files, number, metric=self.metric, split=split) for number in self.numbers])

    def edges(self) -> pd.DataFrame:
        """Every gold edge of its split, `correct` the share of the seeds whose tree has it.

        Raises FindingsError when they were not kept.
        """
        return _edge_table(self, read_edges(self.files, self.setting.split))


def _edge_table(measured: Measured, found: FoundEdges) -> pd.DataFrame:
    """The edges as one measured setting found them. Raises FindingsError when that setting is not among `found`."""
    own = [row for row, setting in enumerate(found.settings) if replace(setting, seed=None) == measured.setting]
    if own:
        return found.table(own)
    raise FindingsError(f"{measured.files.folder.name}: holds no edges of layer {measured.layer}")


def everything_measured(one: Finished) -> Iterator[Measured]:
    """Everything that a structural or transfer analysis measured, each setting with all its seeds."""
    seeds: dict[tuple[Setting, str], list[int]] = {}
    for number, (setting, metric) in enumerate(read_index(one.files)):
        seeds.setdefault((replace(setting, seed=None), metric), []).append(number)
    for (setting, metric), numbers in seeds.items():
        yield Measured(one.files, numbers, setting, metric)


def probes_in(one: Finished, *, metric: str = "uuas", split: str = "dev") -> list[Measured]:
    """The probes of a structural or transfer analysis, one a layer: those of the largest rank.

    Raises FindingsError when it has none that the metric is a score of.
    """
    everything = list(everything_measured(one))
    found = [
        probe
        for probe in everything
        if (probe.metric, probe.setting.split, probe.setting.probe) == (metric, split, PROBE_OF.get(metric))
    ]
    if not found:
        known = dict.fromkeys(
            f"{probe.metric} on {probe.setting.split}" for probe in everything if probe.metric in PROBE_OF
        )
        raise FindingsError(f"{one.folder.name}: no {metric} on {split}; found {', '.join(known) or 'nothing'}")
    rank = max(probe.setting.rank or 0 for probe in found)
    return [probe for probe in found if (probe.setting.rank or 0) == rank]


def best_measured(one: Finished, *, metric: str = "uuas", split: str = "dev") -> Measured:
    """A metric of the probes at the layer that is best on dev (`scores.best_layer`: by UUAS, seeds averaged).

    Raises FindingsError when the analysis has no such layer.
    """
    layer = best_layer(one.scores())
    if layer is None:
        raise FindingsError(f"{one.folder}: has no layer with a UUAS on dev")
    return at_layer(probes_in(one, metric=metric, split=split), layer)


def at_layer(measured: Sequence[Measured], layer: int) -> Measured:
    """The one of a layer. Raises FindingsError when that layer was not measured."""
    for one in measured:
        if one.layer == layer:
            return one
    name = measured[0].setting.checkpoint
    raise FindingsError(f"{name}: no layer {layer}; measured {[one.layer for one in measured]}")
