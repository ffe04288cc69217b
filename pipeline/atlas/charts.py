"""All that an atlas shows, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.atlas.association import association_rows, measure_rows
from treeprobe.pipeline.atlas.maps import map_rows
from treeprobe.pipeline.atlas.reading import METRIC, Charted
from treeprobe.pipeline.atlas.subspaces import angle_rows
from treeprobe.pipeline.atlas.tables import score_rows, transfer_rows
from treeprobe.pipeline.atlas.treebanks import Languages
from treeprobe.pipeline.report.results import Results
from treeprobe.pipeline.results.scores import CHOSEN_ON


@dataclass(frozen=True)
class Atlas:
    """Languages in checkpoints.

    Attributes:
        charted: the checkpoints with finished analyses.
        languages: the treebanks, and those that were left out.
        results: the analyses and failures of the sweep that are of these.
        tables: `scores`, `transfer`, `angles`, `map`, `covariates`, `associations`, `languages`, by name.
    """

    charted: Sequence[Charted]
    languages: Languages
    results: Results
    tables: Mapping[str, pd.DataFrame]

    @classmethod
    def of(cls, charted: Sequence[Charted], languages: Languages, results: Results) -> "Atlas":
        """Every table, from what is finished."""
        scores, transfer, angles = score_rows(charted), transfer_rows(charted), angle_rows(charted)
        covariates = measure_rows(charted)
        tables = {
            "scores": scores,
            "transfer": transfer,
            "angles": angles,
            "map": map_rows(charted, transfer, angles),
            "covariates": covariates,
            "associations": association_rows(scores, covariates),
            "languages": language_rows(charted, languages),
        }
        return cls(charted, languages, results, tables)

    @property
    def split(self) -> Split:
        """The split whose scores are shown."""
        return self.charted[0].split if self.charted else "dev"

    @property
    def summary(self) -> str:
        """What the probes of each checkpoint's languages lose on others, a sentence each."""
        return " ".join(self._sentence(one) for one in self.charted) or "No analysis was finished."

    def _sentence(self, one: Charted) -> str:
        """The result of one checkpoint."""
        if not one.languages:
            return f"{one.checkpoint}: no language could be probed."
        scores = self.tables["scores"]
        own = scores[(scores["checkpoint"] == one.checkpoint) & (scores["probe"] == "distance")]
        own = own[own["metric"] == METRIC]
        transfer = self.tables["transfer"]
        pairs = transfer[(transfer["checkpoint"] == one.checkpoint) & (transfer["trained_on"] != transfer["treebank"])]
        told = (
            f"{one.checkpoint}: at layer {one.layer}, {CHOSEN_ON[one.split]}, the probes of {len(one.languages)} "
            f"languages find {own['value'].min():.1%} to {own['value'].max():.1%} of the edges of their own"
        )
        if pairs.empty:
            return f"{told}."
        least, most = (pairs.iloc[int(place)] for place in (pairs["loss"].argmin(), pairs["loss"].argmax()))
        return (
            f"{told}; on another they lose {pairs['loss'].mean() * 100:.1f} points on average, least "
            f"({least['loss'] * 100:.1f}) from {least['trained_on']} to {least['treebank']}, most "
            f"({most['loss'] * 100:.1f}) from {most['trained_on']} to {most['treebank']}."
        )


def language_rows(charted: Sequence[Charted], languages: Languages) -> pd.DataFrame:
    """Every language with its files, the checkpoints that were probed on it, and why it was left out, where it was."""
    rows = [
        {
            "treebank": splits.name,
            "train": str(splits.train),
            "probed": sum(splits.name in one.structures for one in charted),
            "left_out": "",
        }
        for splits in languages.treebanks
    ]
    rows += [
        {"treebank": name, "train": "", "probed": 0, "left_out": reason} for name, reason in languages.left_out.items()
    ]
    return pd.DataFrame(rows, columns=["treebank", "train", "probed", "left_out"])
