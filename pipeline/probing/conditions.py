"""Probes of the intact model, scored while the model runs otherwise: with heads replaced, or other position codes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from tqdm import tqdm

from treeprobe.extraction import CheckpointError, Encoder, States, masked_lm_encoder, masked_lm_loss
from treeprobe.parsing import Scorer, TreebankError
from treeprobe.parsing.treebanks import Split
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import SavedProbes, load_probes, new_probes, train
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DistanceProbe

INTACT = "intact"
"""What tables call the model as it is."""

Condition = Callable[[], AbstractContextManager[None]]
"""Makes the context in which the model runs otherwise."""

Conditions = Mapping[str, Condition]


def as_it_is() -> AbstractContextManager[None]:
    """The condition in which nothing is changed."""
    return nullcontext()


@dataclass(frozen=True)
class IntactProbes:
    """Where the distance probes of a model as it is come from, and the subject whose dev split they are scored on."""

    subject: Subject
    options: Options
    """How the probes are trained, or were."""
    saved: SavedProbes | None

    @classmethod
    def of(cls, subject: Subject, options: Options, *, trains: bool = False) -> "IntactProbes":
        """Probes of a structural analysis, where the subject has one, else probes to be trained.

        Where any are trained and there is no training split, they train on the first three quarters of the dev split
        and are scored on the rest.

        Args:
            trains: whether other probes are trained besides.

        Raises:
            TreebankError: there are too few sentences to train probes on.
            FindingsError, ProbeError: the subject's `probes` hold none, or those of another checkpoint.
        """
        saved = None if subject.probes is None else load_probes(subject.probes, subject)
        if (saved is None or trains) and "train" not in subject.splits:
            subject = divided(subject)
        return cls(subject, options if saved is None else saved.training(options), saved)

    def probes(self) -> Sequence[DistanceProbe]:
        """The probes of the largest rank, for every layer and seed; trained now, where none were saved."""
        return train_distance_probes(self.subject, self.options) if self.saved is None else self.saved.distance

    @property
    def details(self) -> dict[str, Any]:
        """What a record says of them."""
        saved = self.saved
        trained_on = (
            len(self.subject.splits["train"]) if saved is None else saved.record["splits"]["train"]["sentences"]
        )
        return {
            "trained on": trained_on,
            "scored on": len(self.subject.splits["dev"]),
            "epoch chosen on": "the sentences that are scored" if saved is None else "the run's dev split",
        }


def divided(subject: Subject) -> Subject:
    """The subject with its dev split divided: three quarters train probes, the last quarter scores them."""
    bank = subject.splits["dev"]
    seen, scored = bank[: 3 * len(bank) // 4], bank[3 * len(bank) // 4 :]
    if len(seen) < 2 or all(len(sentence) < 2 for sentence in scored):
        raise TreebankError(
            f"{bank.path or bank.name}: {len(bank)} sentences are too few to train probes on three quarters of them; "
            "give a treebank to train on"
        )
    return replace(subject, splits={"train": seen, "dev": scored})


def train_distance_probes(subject: Subject, options: Options) -> list[DistanceProbe]:
    """Distance probes of the largest rank, for every layer and seed, on the states that the model has now."""
    options = replace(options, ranks=(max(options.ranks),))
    probes = [probe for probe in new_probes(subject, options) if isinstance(probe, DistanceProbe)]
    states: dict[Split, States] = {split: subject.states(split, options) for split in ("train", "dev")}
    train(subject, probes, states)
    return probes


def states_under(
    subject: Subject, conditions: Conditions, options: Options, *, description: str
) -> Iterator[tuple[str, States]]:
    """The states of the dev split under each condition; edited states are never cached."""
    for condition, changed in tqdm(conditions.items(), desc=description, disable=not subject.progress, leave=False):
        with changed():
            states = subject.states("dev", options, cached=False)
        yield condition, states


def score_rows(probes: Sequence[DistanceProbe], states: States, scorer: Scorer, condition: str) -> list[dict[str, Any]]:
    """One row for each probe: condition, layer, seed, metric, value, low, high, n."""
    return [
        {
            "condition": condition,
            "layer": probe.layer,
            "seed": probe.seed,
            **vars(scorer.distances(probe.predict(states))["uuas"].score()),
        }
        for probe in probes
    ]


def chain_uuas(scorer: Scorer) -> float:
    """UUAS of the left-to-right chain."""
    return scorer.distances([chain_distances(len(sentence)) for sentence in scorer.gold])["uuas"].value


def measure_losses(subject: Subject, conditions: Callable[[Encoder], Conditions], *, seed: int) -> pd.DataFrame | None:
    """Masked-LM loss in nats on the dev split under each condition; None where the checkpoint has no such head.

    Args:
        conditions: makes the conditions of an encoder.
    """
    try:
        model = masked_lm_encoder(subject.source, subject.encoder)
    except CheckpointError:
        return None
    rows = []
    for condition, changed in conditions(model).items():
        with changed():
            loss = masked_lm_loss(model, subject.splits["dev"].words, seed=seed)
            rows.append({"condition": condition, "loss": loss})
    return pd.DataFrame(rows)
