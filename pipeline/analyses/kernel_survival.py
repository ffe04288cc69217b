"""What survives when heads are replaced by their convolution: probes, relations, states and the masked-LM loss."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from tqdm import tqdm

from treeprobe.attention import count_relations
from treeprobe.attention.relations import DIRECTIONS
from treeprobe.convolution import Kernels, replace_heads, state_change
from treeprobe.extraction import Encoder, States
from treeprobe.parsing import Scorer
from treeprobe.pipeline.analyses.head_kernels import HeadKernels
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.conditions import (
    INTACT,
    Conditions,
    as_it_is,
    chain_uuas,
    measure_losses,
    score_rows,
    states_under,
    train_distance_probes,
)
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DistanceProbe
from treeprobe.reporting import merge_seeds

CONVOLUTION, UNIFORM, RANDOM = "convolution", "uniform", "random head's kernel"
RETRAINED = ", probes retrained"


@dataclass(frozen=True)
class Survival:
    """What is left under each condition; frames are the tables that bear their names."""

    uuas: pd.DataFrame
    """UUAS of every probe: condition, layer, seed, metric, value, low, high, n."""
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
    subject: Subject, probes: Sequence[DistanceProbe], kernels: HeadKernels, options: Options
) -> Survival:
    """Replace the heads of the model by their kernels, and see what probes of the intact model still find.

    Probes are scored on the dev split of `subject`; relations on the sentences that `kernels` were fitted on.
    """
    conditions = kernel_conditions(subject.encoder, kernels.subwords.free, seed=options.seeds[0])
    scorer = Scorer(subject.splits["dev"], punctuation=options.punctuation)
    with subject.stage("replacement"):
        intact = subject.states("dev", options, cached=False)
        uuas, moved = _measure_survival(subject, probes, conditions, scorer, options, intact=intact)
        blocks = _measure_blocks(subject, kernels.subwords.free, options, intact=intact)
    with subject.stage("relations under replacement"):
        relations = _measure_relations(subject, kernels, conditions, options)
    with subject.stage("masked-LM loss"):
        seed = options.seeds[0]
        losses = measure_losses(
            subject, lambda model: kernel_conditions(model, kernels.subwords.free, seed=seed), seed=seed
        )
    if options.retrain:
        with subject.stage("probes of replaced models"):
            retrained = _measure_retrained(subject, conditions, scorer, options)
            uuas = pd.concat([uuas, retrained], ignore_index=True)
    return Survival(uuas, pd.concat([moved, blocks], ignore_index=True), relations, losses, chain_uuas(scorer))


def kernel_conditions(encoder: Encoder, kernels: Kernels, *, seed: int) -> Conditions:
    """The ways in which the model runs, each a context to run it in."""
    return {
        INTACT: as_it_is,
        CONVOLUTION: lambda: replace_heads(encoder, kernels),
        UNIFORM: lambda: replace_heads(encoder, kernels.uniform()),
        RANDOM: lambda: replace_heads(encoder, kernels.shuffled(seed)),
    }


def _measure_survival(
    subject: Subject,
    probes: Sequence[DistanceProbe],
    conditions: Conditions,
    scorer: Scorer,
    options: Options,
    *,
    intact: States,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """UUAS of every probe under each condition, and how far the states of its layer moved."""
    scores, moved = [], []
    for condition, states in states_under(subject, conditions, options, description="heads replaced"):
        scores += score_rows(probes, states, scorer, condition)
        moved += list(_moved_rows(condition, "all", intact, states))
    return pd.DataFrame(scores), pd.DataFrame(moved)


def _measure_retrained(subject: Subject, conditions: Conditions, scorer: Scorer, options: Options) -> pd.DataFrame:
    """UUAS of probes that were trained on the replaced model's own states."""
    rows = []
    uncached = replace(subject, cache=None)
    for condition in (CONVOLUTION, UNIFORM):
        with conditions[condition]():
            probes = train_distance_probes(uncached, options)
            states = subject.states("dev", options, cached=False)
            rows += score_rows(probes, states, scorer, f"{condition}{RETRAINED}")
    return pd.DataFrame(rows)


def _measure_blocks(subject: Subject, kernels: Kernels, options: Options, *, intact: States) -> pd.DataFrame:
    """How far the states of every layer move when one block alone is replaced by its kernels."""
    encoder = subject.encoder
    rows: list[dict[str, Any]] = []
    for block in tqdm(range(encoder.blocks), desc="one block replaced", disable=not subject.progress, leave=False):
        with replace_heads(encoder, kernels, heads=[(block, head) for head in range(encoder.heads)]):
            states = subject.states("dev", options, cached=False)
        rows += _moved_rows(CONVOLUTION, str(block + 1), intact, states)
    return pd.DataFrame(rows)


def _measure_relations(
    subject: Subject, kernels: HeadKernels, conditions: Conditions, options: Options
) -> pd.DataFrame:
    """The accuracy that the intact model's best head of each relation and direction has under each condition."""
    best, intact = kernels.relations, kernels.counts
    relation = pd.Index(intact.relations).get_indexer(pd.Index(best["relation"]))
    direction = pd.Index(DIRECTIONS).get_indexer(pd.Index(best["direction"]))
    block, head = best["layer"].to_numpy() - 1, best["head"].to_numpy() - 1
    tables = []
    for condition, replaced in conditions.items():
        counts = intact
        if condition != INTACT:
            with replaced():
                counts = count_relations(subject.attention(kernels.bank, options), kernels.bank)
        accuracy = counts.accuracy[relation, direction, block, head]
        rows = best[["relation", "direction", "n", "layer", "head"]].assign(accuracy=accuracy)
        rows.insert(0, "condition", condition)
        tables.append(rows)
    return pd.concat(tables, ignore_index=True)


def survival_sentence(uuas: pd.DataFrame, floor: float) -> str:
    """The result in words: every condition at the layer where the intact model is best, by the same probe.

    Each condition's own best layer would flatter the controls, whose best is often the embeddings that nothing touched.
    """
    table = merge_seeds(uuas).pivot(index="layer", columns="condition", values="value")
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
