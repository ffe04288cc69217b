"""What survives when heads are replaced by their convolution: probes, relations, states and the masked-LM loss."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from treeprobe.attention import RelationCounts, count_relations
from treeprobe.attention.relations import DIRECTIONS
from treeprobe.convolution import Kernels, replace_heads, state_change
from treeprobe.extraction import (
    CheckpointError,
    Encoder,
    States,
    extract,
    masked_lm_encoder,
    masked_lm_loss,
    stream_attention,
)
from treeprobe.parsing import Treebank
from treeprobe.pipeline.head_kernels.intact import IntactHeads
from treeprobe.pipeline.head_kernels.probing import ProbePlan
from treeprobe.pipeline.record import Stopwatch
from treeprobe.probes import DistanceProbe

INTACT, CONVOLUTION, UNIFORM, RANDOM = "intact", "convolution", "uniform", "random head's kernel"
RETRAINED = ", probes retrained"

Replacement = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Survival:
    """What is left under each condition; frames are the tables that bear their names."""

    uuas: pd.DataFrame
    """UUAS of every layer's probe: condition, layer, value, low, high, n."""
    replacement: pd.DataFrame
    """How far the states of every layer move, with all blocks replaced and with one."""
    relations: pd.DataFrame
    losses: pd.DataFrame | None
    """Masked-LM loss in nats; None where the checkpoint has no such head."""
    floor: float
    """UUAS of the left-to-right chain."""

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables that there are, by name."""
        return {
            "survival": self.uuas,
            "replacement": self.replacement,
            "relation-survival": self.relations,
            **({} if self.losses is None else {"masked-lm": self.losses}),
        }

    @property
    def sentence(self) -> str:
        """The result in words."""
        return survival_sentence(self.uuas, self.floor)


def replace_and_measure(
    plan: ProbePlan,
    encoder: Encoder,
    bank: Treebank,
    intact: IntactHeads,
    *,
    model: str | Path,
    retrain: bool,
    cache: str | Path | None,
    stopwatch: Stopwatch,
    progress: bool,
) -> Survival:
    """Train probes on the intact model, then replace its heads and see what these still find."""
    with stopwatch.stage("probes"):
        probes = plan.fit(encoder, cache=cache, progress=progress)
    kernels = intact.subwords.free
    conditions = kernel_conditions(encoder, kernels, seed=plan.seed)
    with stopwatch.stage("replacement"):
        states = extract(encoder, plan.scored.words)
        uuas, moved = measure_survival(plan, probes, encoder, states, conditions, progress=progress)
        blocks = measure_blocks(plan, encoder, states, kernels, progress=progress)
    with stopwatch.stage("relations under replacement"):
        relations = measure_relation_survival(encoder, bank, intact.relations, intact.counts, conditions)
    with stopwatch.stage("masked-LM loss"):
        losses = measure_losses(model, encoder, plan.scored, kernels, seed=plan.seed)
    if retrain:
        with stopwatch.stage("probes of replaced models"):
            uuas = pd.concat([uuas, measure_retrained(plan, encoder, conditions)], ignore_index=True)
    moved = pd.concat([moved, blocks], ignore_index=True)
    return Survival(uuas, moved, relations, losses, plan.chain_uuas())


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
    *,
    progress: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """UUAS of every layer's probe under each condition, and how far that layer's states moved."""
    scores, moved = [], []
    for condition, replaced in tqdm(conditions.items(), desc="heads replaced", disable=not progress, leave=False):
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


def measure_blocks(
    plan: ProbePlan, encoder: Encoder, intact: States, kernels: Kernels, *, progress: bool = False
) -> pd.DataFrame:
    """How far the states of every layer move when one block alone is replaced by its kernels."""
    rows: list[dict[str, Any]] = []
    for block in tqdm(range(encoder.blocks), desc="one block replaced", disable=not progress, leave=False):
        with replace_heads(encoder, kernels, heads=[(block, head) for head in range(encoder.heads)]):
            states = extract(encoder, plan.scored.words)
        rows += _moved_rows(CONVOLUTION, str(block + 1), intact, states)
    return pd.DataFrame(rows)


def measure_relation_survival(
    encoder: Encoder,
    bank: Treebank,
    best: pd.DataFrame,
    intact: RelationCounts,
    conditions: Mapping[str, Replacement],
) -> pd.DataFrame:
    """The accuracy that the intact model's best head of each relation and direction has under each condition.

    Args:
        best: the table of best heads; intact: the counts that it was made of.
    """
    relation = pd.Index(intact.relations).get_indexer(pd.Index(best["relation"]))
    direction = pd.Index(DIRECTIONS).get_indexer(pd.Index(best["direction"]))
    block, head = best["layer"].to_numpy() - 1, best["head"].to_numpy() - 1
    tables = []
    for condition, replaced in conditions.items():
        counts = intact
        if condition != INTACT:
            with replaced():
                counts = count_relations(stream_attention(encoder, bank.words), bank)
        accuracy = counts.accuracy[relation, direction, block, head]
        rows = best[["relation", "direction", "n", "layer", "head"]].assign(accuracy=accuracy)
        rows.insert(0, "condition", condition)
        tables.append(rows)
    return pd.concat(tables, ignore_index=True)


def measure_losses(
    model: str | Path, encoder: Encoder, bank: Treebank, kernels: Kernels, *, seed: int
) -> pd.DataFrame | None:
    """Masked-LM loss in nats under each condition; None where the checkpoint has no such head."""
    try:
        speaker = masked_lm_encoder(model, encoder)
    except CheckpointError:
        return None
    rows = []
    for condition, replaced in kernel_conditions(speaker, kernels, seed=seed).items():
        with replaced():
            rows.append({"condition": condition, "loss": masked_lm_loss(speaker, bank.words, seed=seed)})
    return pd.DataFrame(rows)


def survival_sentence(uuas: pd.DataFrame, floor: float) -> str:
    """The result in words: every condition at the layer where the intact model is best, by the same probe.

    Each condition's own best layer would flatter the controls, whose best is often the embeddings that nothing touched.
    """
    table = uuas.pivot(index="layer", columns="condition", values="value")
    layer = int(table[INTACT].to_numpy().argmax())
    found = table.iloc[layer]
    intact, convolved = found[INTACT], found[CONVOLUTION]
    above = ""
    if intact > floor:
        share = (convolved - floor) / (intact - floor)
        above = f", {share:.0%} of what it found above the left-to-right chain ({floor:.1%})"
    retrained = ""
    if CONVOLUTION + RETRAINED in table:
        best = table.max()
        retrained = (
            f" Probes trained on the replaced model find {best[CONVOLUTION + RETRAINED]:.1%} at their best layer, "
            f"under uniform attention {best[UNIFORM + RETRAINED]:.1%}."
        )
    return (
        f"At layer {table.index[layer]}, where the intact model's probe is best with {intact:.1%} of the edges, it "
        f"still finds {convolved:.1%} when every head is replaced by its own convolution{above}; "
        f"uniform attention leaves it {found[UNIFORM]:.1%}, the kernels of random other heads {found[RANDOM]:.1%}."
        f"{retrained}"
    )


def _moved_rows(condition: str, replaced: str, before: States, after: States) -> Iterator[dict[str, Any]]:
    """A row of the table of replacement for each layer."""
    change = state_change(before, after)
    for place, layer in enumerate(after.layers):
        yield {
            "condition": condition,
            "replaced": replaced,
            "layer": layer,
            "relative_change": change.relative[place],
            "cosine": change.cosine[place],
        }
