"""What a sweep over languages found, checkpoint by checkpoint, at one layer: every probe on every language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.results.finished import Finished
from treeprobe.pipeline.results.measured import Measured, at_layer, everything_measured, probes_in
from treeprobe.pipeline.results.scores import layer_scores

METRIC = "uuas"


@dataclass(frozen=True)
class Charted:
    """One checkpoint in an atlas.

    Attributes:
        split: the split that is reported; its layer is chosen on dev.
        structures: the main analysis of each language, by its name.
        transfers: probes of the first of two languages on the second.
        covariates: the measures of each language.
        joint: the joint spaces of all languages of `structures`, where they were fitted.
    """

    checkpoint: str
    split: Split
    structures: Mapping[str, Finished]
    transfers: Mapping[tuple[str, str], Finished] = field(default_factory=dict)
    covariates: Mapping[str, Finished] = field(default_factory=dict)
    joint: Finished | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages whose own probes were trained."""
        return tuple(self.structures)

    @property
    def finished(self) -> list[Finished]:
        """Every analysis of it that the atlas is made of."""
        joint = [] if self.joint is None else [self.joint]
        return [*self.covariates.values(), *self.structures.values(), *self.transfers.values(), *joint]

    @cached_property
    def layer(self) -> int | None:
        """The layer at which languages' own probes are best on dev, averaged over languages; the lowest of equal ones.

        One layer for all, since spaces of different layers have nothing to share. None where none has an edge to score.
        """
        scores = pd.DataFrame({name: layer_scores(one.scores()) for name, one in self.structures.items()})
        means = scores.dropna(axis="columns", how="all").mean(axis="columns").dropna()
        return None if means.empty else int(means.index[int(means.argmax())])

    def measured(self, trained_on: str, language: str) -> Measured | None:
        """UUAS of a language's probes on a language, at the layer; None where it was not scored."""
        own = trained_on == language
        one = self.structures.get(language) if own else self.transfers.get((trained_on, language))
        if one is None or self.layer is None:
            return None
        return at_layer(probes_in(one, metric=METRIC, split=self.split), self.layer)

    def baseline(self, language: str, probe: str) -> Measured | None:
        """UUAS of a baseline of a language, at the layer where it has layers; None where there is none."""
        for one in everything_measured(self.structures[language]):
            setting = one.setting
            asked = (one.metric, setting.probe, setting.split) == (METRIC, probe, self.split)
            if asked and setting.layer in (None, self.layer) and setting.rank in (None, self._rank(language)):
                return one
        return None

    def _rank(self, language: str) -> int | None:
        """The largest rank, whose probes are reported."""
        own = self.measured(language, language)
        return None if own is None else own.setting.rank


def chart(
    finished: Iterable[Finished], checkpoints: Sequence[str], languages: Sequence[str], *, split: Split
) -> list[Charted]:
    """The checkpoints of an atlas that have any results, each with what is finished of the languages asked for.

    Args:
        finished: as `read_finished` gives them; what is of other checkpoints or languages is passed over.
    """
    known = [one for one in finished if one.checkpoint in checkpoints]
    found = []
    for checkpoint in checkpoints:
        own = [one for one in known if one.checkpoint == checkpoint]
        by_language: dict[str, dict[str, Finished]] = {"structure": {}, "covariates": {}}
        for one in own:
            if one.analysis in by_language and one.treebank in languages:
                by_language[one.analysis][one.treebank] = one
        structures = {name: by_language["structure"][name] for name in languages if name in by_language["structure"]}
        transfers = {
            (one.trained_on, one.treebank): one
            for one in own
            if one.analysis == "transfer" and {one.trained_on, one.treebank} <= structures.keys()
        }
        together = [
            one
            for one in own
            if one.analysis == "languages" and sorted(one.record["details"]["languages"]) == sorted(structures)
        ]
        if own:
            covariates = by_language["covariates"]
            found.append(Charted(checkpoint, split, structures, transfers, covariates, next(iter(together), None)))
    return found
