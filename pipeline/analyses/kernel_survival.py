"""What survives when heads are replaced by their convolution: probes, relations, states and the masked-LM loss."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from tqdm import tqdm

from treeprobe.attention import count_relations
from treeprobe.attention.relations import DIRECTIONS
from treeprobe.convolution import Kernels, replace_heads, state_change
from treeprobe.extraction import CheckpointError, Encoder, States, masked_lm_encoder, masked_lm_loss
from treeprobe.parsing import Scorer
from treeprobe.parsing.treebanks import Split
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline.analyses.head_kernels import HeadKernels
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import new_probes, train
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import DistanceProbe
from treeprobe.reporting import merge_seeds

INTACT, CONVOLUTION, UNIFORM, RANDOM = "intact", "convolution", "uniform", "random head's kernel"
RETRAINED = ", probes retrained"

Replacement = Callable[[], AbstractContextManager[None]]


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
        losses = _measure_losses(subject, kernels.subwords.free, seed=options.seeds[0])
    if options.retrain:
        with subject.stage("probes of replaced models"):
            retrained = _measure_retrained(subject, conditions, scorer, options)
            uuas = pd.concat([uuas, retrained], ignore_index=True)
    chains = [chain_distances(len(sentence)) for sentence in scorer.gold]
    floor = scorer.distances(chains)["uuas"].value
    return Survival(uuas, pd.concat([moved, blocks], ignore_index=True), relations, losses, floor)


def kernel_conditions(encoder: Encoder, kernels: Kernels, *, seed: int) -> dict[str, Replacement]:
    """The ways in which the model runs, each a context to run it in."""
    return {
        INTACT: nullcontext,
        CONVOLUTION: lambda: replace_heads(encoder, kernels),
        UNIFORM: lambda: replace_heads(encoder, kernels.uniform()),
        RANDOM: lambda: replace_heads(encoder, kernels.shuffled(seed)),
    }


def _measure_survival(
    subject: Subject,
    probes: Sequence[DistanceProbe],
    conditions: Mapping[str, Replacement],
    scorer: Scorer,
    options: Options,
    *,
    intact: States,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """UUAS of every probe under each condition, and how far the states of its layer moved."""
    scores, moved = [], []
    for condition, replaced in tqdm(
        conditions.items(), desc="heads replaced", disable=not subject.progress, leave=False
    ):
        with replaced():
            states = subject.states("dev", options, cached=False)
        scores += _score_rows(probes, states, scorer, condition)
        moved += list(_moved_rows(condition, "all", intact, states))
    return pd.DataFrame(scores), pd.DataFrame(moved)


def _score_rows(
    probes: Sequence[DistanceProbe], states: States, scorer: Scorer, condition: str
) -> list[dict[str, Any]]:
    """One row of the table of survival for each probe."""
    return [
        {
            "condition": condition,
            "layer": probe.layer,
            "seed": probe.seed,
            **vars(scorer.distances(probe.predict(states))["uuas"].score()),
        }
        for probe in probes
    ]


def _measure_retrained(
    subject: Subject, conditions: Mapping[str, Replacement], scorer: Scorer, options: Options
) -> pd.DataFrame:
    """UUAS of probes that were trained on the replaced model's own states."""
    rows = []
    uncached = replace(subject, cache=None)
    for condition in (CONVOLUTION, UNIFORM):
        with conditions[condition]():
            probes = train_distance_probes(uncached, options)
            states = subject.states("dev", options, cached=False)
            rows += _score_rows(probes, states, scorer, f"{condition}{RETRAINED}")
    return pd.DataFrame(rows)


def train_distance_probes(subject: Subject, options: Options) -> list[DistanceProbe]:
    """Distance probes of the largest rank, for every layer and seed, on the states that the model has now."""
    options = replace(options, ranks=(max(options.ranks),))
    probes = [probe for probe in new_probes(subject, options) if isinstance(probe, DistanceProbe)]
    states: dict[Split, States] = {split: subject.states(split, options) for split in ("train", "dev")}
    train(subject, probes, states)
    return probes


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
    subject: Subject, kernels: HeadKernels, conditions: Mapping[str, Replacement], options: Options
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


def _measure_losses(subject: Subject, kernels: Kernels, *, seed: int) -> pd.DataFrame | None:
    """Masked-LM loss in nats under each condition; None where the checkpoint has no such head."""
    try:
        model = masked_lm_encoder(subject.source, subject.encoder)
    except CheckpointError:
        return None
    rows = []
    for condition, replaced in kernel_conditions(model, kernels, seed=seed).items():
        with replaced():
            loss = masked_lm_loss(model, subject.splits["dev"].words, seed=seed)
            rows.append({"condition": condition, "loss": loss})
    return pd.DataFrame(rows)


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
