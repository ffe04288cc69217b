"""What survives when heads are replaced by their convolution: probes, relations, states and the masked-LM loss."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from convolution import (
    Kernels,
    RelationHits,
    masked_language_model,
    measure_relations,
    replace_heads,
    state_change,
)
from convolution.relations import DIRECTIONS
from extraction import Encoder, States, extract, stream_attention
from parsing import Treebank, score_distances
from parsing.punctuation import PunctuationRule
from parsing.trees import chain_distances
from probes import DistanceProbe, fit_all

INTACT, CONVOLUTION, UNIFORM, RANDOM = "intact", "convolution", "uniform", "random head's kernel"
RETRAINED = ", probes retrained"

Replacement = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class ProbePlan:
    """How distance probes of every layer are trained, and the sentences that they are scored on."""

    train: Treebank
    validation: Treebank
    scored: Treebank
    rank: int
    seed: int
    punctuation: PunctuationRule
    training: Mapping[str, Any]

    def fit(self, encoder: Encoder, *, progress: bool = False) -> list[DistanceProbe]:
        """Probes trained on the states that the encoder has now, replaced heads and all."""
        probes = [
            DistanceProbe(layer=layer, rank=min(self.rank, encoder.dim), seed=self.seed, **self.training)
            for layer in encoder.layers
        ]
        held_out = extract(encoder, self.validation.words), self.validation
        fit_all(probes, extract(encoder, self.train.words), self.train, validation=held_out, progress=progress)
        return probes

    def score(self, probes: Sequence[DistanceProbe], states: States, condition: str) -> list[dict[str, Any]]:
        """One row of the table of survival for each layer."""
        rows = []
        for probe in probes:
            tallies = score_distances(self.scored, probe.predict(states), punctuation=self.punctuation)
            rows.append({"condition": condition, "layer": probe.layer, **vars(tallies["uuas"].score())})
        return rows


def kernel_conditions(encoder: Encoder, kernels: Kernels, *, seed: int) -> dict[str, Replacement]:
    """The ways in which the model runs, each a context to run it in."""
    return {
        INTACT: nullcontext,
        CONVOLUTION: lambda: replace_heads(encoder, kernels),
        UNIFORM: lambda: replace_heads(encoder, kernels.uniform()),
        RANDOM: lambda: replace_heads(encoder, kernels.shuffled(seed)),
    }


def measure_survival(
    plan: ProbePlan,
    probes: Sequence[DistanceProbe],
    encoder: Encoder,
    intact: States,
    conditions: Mapping[str, Replacement],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """UUAS of every layer's probe under each condition, and how far that layer's states moved."""
    scores, moved = [], []
    for condition, replaced in conditions.items():
        with replaced():
            states = extract(encoder, plan.scored.words)
        scores += plan.score(probes, states, condition)
        moved += list(_moved_rows(condition, "all", intact, states))
    return pd.DataFrame(scores), pd.DataFrame(moved)


def measure_retrained(plan: ProbePlan, encoder: Encoder, conditions: Mapping[str, Replacement]) -> pd.DataFrame:
    """UUAS of probes that were trained on the replaced model's own states."""
    rows = []
    for condition in (CONVOLUTION, UNIFORM):
        with conditions[condition]():
            rows += plan.score(plan.fit(encoder), extract(encoder, plan.scored.words), f"{condition}{RETRAINED}")
    return pd.DataFrame(rows)


def measure_blocks(plan: ProbePlan, encoder: Encoder, intact: States, kernels: Kernels) -> pd.DataFrame:
    """How far the states of every layer move when one block alone is replaced by its kernels."""
    rows: list[dict[str, Any]] = []
    for block in range(encoder.blocks):
        with replace_heads(encoder, kernels, heads=[(block, head) for head in range(encoder.heads)]):
            states = extract(encoder, plan.scored.words)
        rows += _moved_rows(CONVOLUTION, str(block + 1), intact, states)
    return pd.DataFrame(rows)


def measure_relation_survival(
    encoder: Encoder, bank: Treebank, hits: RelationHits, conditions: Mapping[str, Replacement]
) -> pd.DataFrame:
    """The accuracy that the intact model's best head of each relation and direction has under each condition."""
    rows = []
    for condition, replaced in conditions.items():
        if condition == INTACT:
            accuracy = hits.accuracy
        else:
            with replaced():
                accuracy = measure_relations(stream_attention(encoder, bank.words), bank).accuracy
        for side, direction in enumerate(DIRECTIONS):
            for number, relation in enumerate(hits.relations):
                layer, head = np.unravel_index(int(hits.accuracy[side, number].argmax()), hits.accuracy.shape[2:])
                rows.append(
                    {
                        "condition": condition,
                        "relation": relation,
                        "direction": direction,
                        "n": int(hits.counts[number]),
                        "layer": int(layer) + 1,
                        "head": int(head) + 1,
                        "accuracy": float(accuracy[side, number, layer, head]),
                    }
                )
    return pd.DataFrame(rows)


def measure_losses(
    model: str | Path, encoder: Encoder, bank: Treebank, kernels: Kernels, *, seed: int
) -> pd.DataFrame | None:
    """Masked-LM loss in nats under each condition; None where the checkpoint has no such head."""
    language_model = masked_language_model(model, encoder)
    if language_model is None:
        return None
    rows = []
    for condition, replaced in kernel_conditions(language_model.encoder, kernels, seed=seed).items():
        with replaced():
            rows.append({"condition": condition, "loss": language_model.loss(bank.words, seed=seed)})
    return pd.DataFrame(rows)


def chain_uuas(bank: Treebank, punctuation: PunctuationRule) -> float:
    """UUAS of joining each word to the next, whatever they are."""
    chains = [chain_distances(len(sentence)) for sentence in bank]
    return score_distances(bank, chains, punctuation=punctuation)["uuas"].value


def survival_sentence(survival: pd.DataFrame, floor: float) -> str:
    """The result in words, from each condition's best layer."""
    best = survival.groupby("condition", sort=False)["value"].max()
    intact, convolved = best[INTACT], best[CONVOLUTION]
    above, retrained = "", ""
    if CONVOLUTION + RETRAINED in best:
        retrained = (
            f" Probes trained on the replaced model find {best[CONVOLUTION + RETRAINED]:.1%}, under uniform attention "
            f"{best[UNIFORM + RETRAINED]:.1%}."
        )
    if intact > floor:
        above = f" and {(convolved - floor) / (intact - floor):.0%} of what it has above the chain of neighbours"
    return (
        f"With every head replaced by its convolution, the best layer's probe finds {convolved:.1%} of the edges, "
        f"against {intact:.1%} in the intact model: {convolved / intact:.0%} of its UUAS{above}; the chain has "
        f"{floor:.1%}, uniform attention leaves {best[UNIFORM]:.1%}, random heads' kernels {best[RANDOM]:.1%}."
        f"{retrained}"
    )


def _moved_rows(condition: str, replaced: str, before: States, after: States) -> Iterator[dict[str, Any]]:
    change = state_change(before, after)
    for place, layer in enumerate(after.layers):
        yield {
            "condition": condition,
            "replaced": replaced,
            "layer": layer,
            "relative_change": change.relative[place],
            "cosine": change.cosine[place],
        }
