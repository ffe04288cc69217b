"""Distance probes of the intact model, and how well they do on states of any condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from treeprobe.extraction import Encoder, Reading, States, extract
from treeprobe.parsing import PunctuationRule, Treebank, TreebankError, load_treebank, score_distances
from treeprobe.parsing.trees import chain_distances
from treeprobe.probes import DistanceProbe, fit_all


@dataclass(frozen=True)
class ProbePlan:
    """How distance probes of every layer are trained, and the sentences that they are scored on."""

    train: Treebank
    validation: Treebank
    scored: Treebank
    rank: int = 128
    seed: int = 0
    punctuation: PunctuationRule = "xpos"
    training: Mapping[str, Any] = field(default_factory=dict)

    def fit(self, encoder: Encoder, *, cache: str | Path | None = None, progress: bool = False) -> list[DistanceProbe]:
        """Probes trained on the states that the encoder has now; give no `cache` while heads are replaced."""
        probes = [
            DistanceProbe(layer=layer, rank=min(self.rank, encoder.dim), seed=self.seed, **self.training)
            for layer in encoder.layers
        ]
        seen, held_out = (
            extract(encoder, bank.words, reading=Reading(storage="float16"), cache=cache, progress=progress)
            for bank in (self.train, self.validation)
        )
        fit_all(probes, seen, self.train, validation=(held_out, self.validation), progress=progress)
        return probes

    def score(self, probes: Sequence[DistanceProbe], states: States, condition: str) -> list[dict[str, Any]]:
        """One row of the table of survival for each layer."""
        rows = []
        for probe in probes:
            tallies = score_distances(self.scored, probe.predict(states), punctuation=self.punctuation)
            rows.append({"condition": condition, "layer": probe.layer, **vars(tallies["uuas"].score())})
        return rows

    def chain_uuas(self) -> float:
        """UUAS of joining each word to the next, whatever they are."""
        chains = [chain_distances(len(sentence)) for sentence in self.scored]
        return score_distances(self.scored, chains, punctuation=self.punctuation)["uuas"].value


def split_banks(bank: Treebank, train: str | Path | Treebank | None) -> tuple[Treebank, Treebank, Treebank]:
    """Sentences to train probes on, to stop training by, and to score them on.

    Scored are all sentences of `bank` where `train` is given, else its last quarter; an eighth of the training
    sentences stops training.
    """
    if train is None:
        seen, scored = bank[: 3 * len(bank) // 4], bank[3 * len(bank) // 4 :]
        if len(seen) < 2 or all(len(sentence) < 2 for sentence in scored):
            raise TreebankError(
                f"{bank.path or bank.name}: {len(bank)} sentences are too few to train probes on three quarters of "
                "them; give a treebank to train on"
            )
    else:
        seen, scored = train if isinstance(train, Treebank) else load_treebank(train), bank
    first = max(1, len(seen) // 8)
    return seen[first:], seen[:first], scored
