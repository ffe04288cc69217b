"""Checkpoints ranked by how well their labelled trees can be read: which one a parser should start from.

Müller-Eberstein, van der Goot & Plank (2022), "Sort by Structure: Language Model Ranking as Dependency Probing": the
LAS of DepProbe foretells which encoder makes the best parser once it is fine-tuned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from treeprobe.parsing import Difference, Tally
from treeprobe.parsing.scores import Ranked, p_text, rank_tallies
from treeprobe.pipeline.closing_table import aligned, split_title
from treeprobe.pipeline.comparisons.rankable import RankingError, check_alike, name_treebank
from treeprobe.pipeline.results.finished import Finished, read_finished
from treeprobe.pipeline.results.scores import best_layer
from treeprobe.pipeline.results.tally_files import read_index, read_tally
from treeprobe.probes import DepProbe
from treeprobe.reporting import metric_name

ANALYSIS = "labelled_trees"

MOST_NAMED = 5
"""Checkpoints that a statement names beside the first."""

RankedBy = Literal["las", "uas"]


@dataclass(frozen=True)
class CheckpointRanking:
    """Checkpoints from the one that a parser should start from to the last.

    Attributes:
        treebank: what the probes were trained and scored on; split: what was scored.
        ranked: the ranking with its bootstrap samples.
        layers: the layer of each checkpoint, chosen by this score on dev.
    """

    treebank: str
    split: str
    ranked: Ranked
    layers: Mapping[str, int]

    @property
    def metric(self) -> str:
        """The score of DepProbe that ranks."""
        return self.ranked.metric

    @property
    def best(self) -> str:
        """The checkpoint of the highest score."""
        return self.ranked.names[0]

    @property
    def first_two(self) -> Difference:
        """The score of the first less that of the second, over sentences and seeds."""
        return self.ranked.difference(*self.ranked.names[:2])

    @property
    def table(self) -> pd.DataFrame:
        """A row a checkpoint, the first first.

        Columns: treebank, split, metric, rank, rank_low, rank_high, checkpoint, layer, value, low, high, best (how
        often it is first in the bootstrap), seeds, n.
        """
        rows = [
            {
                "treebank": self.treebank,
                "split": self.split,
                "metric": self.metric,
                **{name: own[name] for name in ("rank", "rank_low", "rank_high")},
                "checkpoint": own["name"],
                "layer": self.layers[own["name"]],
                **{name: own[name] for name in ("value", "low", "high", "best", "seeds")},
                "n": self.ranked.n,
            }
            for own in map(asdict, self.ranked.scores)
        ]
        return pd.DataFrame(rows)

    @property
    def statement(self) -> str:
        """Which checkpoint a parser should start from, and how sure that is, in one or two sentences."""
        first, second = self.ranked.scores[:2]
        gap, others = self.first_two, self.ranked.candidates[1:]
        sure = f"start from {first.name}" if not others else f"{first.name} comes first, but not for sure"
        found = (
            f"For a parser of {self.treebank}, {sure}: DepProbe reads a {metric_name(self.metric)} of "
            f"{first.value:.1%} from its layer {self.layers[first.name]} ({first.low:.1%} to {first.high:.1%}; "
            f"{split_title(self.split, self.treebank)}), {100 * gap.value:.1f} points more than from {second.name} "
            f"({100 * gap.low:+.1f} to {100 * gap.high:+.1f}, p {_p(gap)}), the highest of {len(self.layers)} "
            f"checkpoints in {first.best:.0%} of resamples of sentences and seeds."
        )
        if not others:
            return f"{found} No other may be the best."
        names = ", ".join([*others[:MOST_NAMED], *([f"{len(others)} in all"] if len(others) > MOST_NAMED else [])])
        return f"{found} As good may be {names}."

    def text(self) -> str:
        """The table for a terminal, and the statement."""
        lines = [["rank", "95 %", "checkpoint", metric_name(self.metric), "95 % interval", "layer", "first in"]]
        for row in self.table.to_dict("records"):
            lines.append(
                [
                    str(row["rank"]),
                    f"{row['rank_low']}-{row['rank_high']}",
                    str(row["checkpoint"]),
                    f"{row['value']:.3f}",
                    f"{row['low']:.3f} to {row['high']:.3f}",
                    str(row["layer"]),
                    f"{row['best']:.0%}",
                ]
            )
        return "\n".join([*aligned(lines), "", self.statement])


def rank_checkpoints(
    folders: str | Path | Sequence[str | Path],
    *,
    metric: RankedBy = "las",
    split: str | None = None,
    treebank: str | None = None,
) -> CheckpointRanking:
    """Rank checkpoints by the LAS of DepProbe, each at the layer that is best on dev.

    Args:
        folders: a sweep with the analysis `labelled_trees` (or of runs with `labelled`), or folders of sweeps and of
            single analyses.
        metric: the score that ranks and chooses layers.
        split: what is scored; test where all checkpoints have it, or else dev, which chose layers and epochs too.
        treebank: whose ranking, where there are several.

    Raises:
        FindingsError: a folder holds no analyses, or a damaged one.
        RankingError: there are fewer than two checkpoints, or their runs differ in what was read or how; the message
            names them.
    """
    places = [folders] if isinstance(folders, str | Path) else list(folders)
    finished = [one for place in places for one in read_finished(place)]
    return rank_finished(finished, metric=metric, split=split, treebank=treebank)


def rank_finished(
    finished: Sequence[Finished], *, metric: RankedBy = "las", split: str | None = None, treebank: str | None = None
) -> CheckpointRanking:
    """As `rank_checkpoints`, of finished analyses, of which those without labelled trees are passed over."""
    runs = with_labelled_trees(finished)
    name = name_treebank(runs, treebank)
    runs = [one for one in runs if one.treebank == name]
    check_alike(runs)
    scored = split or ("test" if all("test" in one.record["splits"] for one in runs) else "dev")
    layers = {one.checkpoint: _layer(one, metric) for one in runs}
    tallies = {one.checkpoint: _tallies(one, layers[one.checkpoint], metric, scored) for one in runs}
    return CheckpointRanking(name, scored, rank_tallies(tallies), layers)


def with_labelled_trees(finished: Sequence[Finished]) -> list[Finished]:
    """The analyses that scored DepProbe: `labelled_trees`, and runs with `--labelled` where those are all there is."""
    found = [one for one in finished if one.analysis == ANALYSIS]
    known = {(one.checkpoint, one.treebank) for one in found}
    runs = [one for one in finished if one.analysis == "structure" and one.record["options"].get("labelled")]
    return found + [one for one in runs if (one.checkpoint, one.treebank) not in known]


def _layer(one: Finished, metric: str) -> int:
    """The layer that dev prefers. Raises RankingError where it has none."""
    layer = best_layer(one.scores(), metric=metric, probe=DepProbe.kind)
    if layer is None:
        raise RankingError(f"{one.checkpoint}: no layer has a {metric_name(metric)} on dev of {one.treebank}")
    return layer


def _tallies(one: Finished, layer: int, metric: str, split: str) -> list[Tally]:
    """The tallies of a layer's probes of the largest rank, one a seed. Raises RankingError where it has none."""
    found = {
        number: setting
        for number, (setting, name) in enumerate(read_index(one.files))
        if (name, setting.split, setting.probe, setting.layer) == (metric, split, DepProbe.kind, layer)
    }
    if not found:
        raise RankingError(f"{one.checkpoint} on {one.treebank}: no {metric_name(metric)} on {split}")
    rank = max(setting.rank or 0 for setting in found.values())
    return [
        read_tally(one.files, number, metric=metric, split=split)
        for number, setting in found.items()
        if setting.rank == rank
    ]


def _p(found: Difference) -> str:
    """A p-value within a sentence."""
    told = p_text(found.p, found.least_p)
    return told if told.startswith("<") else f"= {told}"
