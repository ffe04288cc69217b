"""How much of a model's syntax stands on its position codes: the model run with others, and its input part by part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.convolution import (
    OffsetStatistics,
    matched_sinusoids,
    measure_offsets,
    shifted_code,
    shuffled_code,
    strongest_frequencies,
    without_positions,
)
from treeprobe.extraction import (
    Encoder,
    Reading,
    States,
    edit_positions,
    extract,
    position_embeddings,
    positions_used,
)
from treeprobe.extraction.heads import head_table
from treeprobe.extraction.hooks import Site, has_site
from treeprobe.parsing import Scorer
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.analyses.position_figures import draw_positions
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.conditions import (
    INTACT,
    Conditions,
    IntactProbes,
    as_it_is,
    chain_uuas,
    measure_losses,
    score_rows,
    states_under,
)
from treeprobe.pipeline.results.findings import Findings
from treeprobe.pipeline.subjects.subject import Subject, spaces
from treeprobe.probes import DistanceProbe, fit_all
from treeprobe.reporting import merge_seeds

FREQUENCIES = (32, 8, 2)
"""How many of a code's strongest frequencies are left, in turn."""

SHIFTED, SINUSOIDS, SHUFFLED, NONE = "shifted by one", "sinusoids", "shuffled", "no positions"

PARTS: tuple[Site, ...] = ("token", "position", "embedding")
"""Parts of the input and the sum of all, by the names of their sites. The segment of all words of a sentence is one."""


def positions(subject: Subject, options: Options) -> Findings:
    """Run the model with other position codes, and see what probes of the intact model still find.

    The codes are the model's own shifted by one place, put together again from few frequencies, shuffled, or without
    any difference between positions, and sinusoids of the same size. They replace the rows that the text uses.
    Measured are UUAS at every layer, where heads look, and the masked-LM loss where there is that head. Besides,
    probes are trained on each part of the input alone, where there is a training split.

    Raises:
        PositionError: the model has no table of positions.
        TreebankError: there are too few sentences to train probes on.
        FindingsError, ProbeError: the subject's `probes` hold none, or those of another checkpoint.
    """
    bank = subject.splits["dev"]
    used = positions_used(subject.encoder, bank.words, space_after=spaces(bank, options))
    conditions = position_conditions(subject.encoder, used=used, seed=options.seeds[0])
    found = IntactProbes.of(subject, options)
    subject, options = found.subject, found.options
    scorer = Scorer(subject.splits["dev"], punctuation=options.punctuation)
    probes = found.probes()
    with subject.stage("other positions"):
        rows = [
            row
            for condition, states in states_under(subject, conditions, options, description="other positions")
            for row in score_rows(probes, states, scorer, condition)
        ]
    with subject.stage("heads"):
        offsets = pd.concat(_offset_tables(subject, conditions, options), ignore_index=True)
    with subject.stage("masked-LM loss"):
        losses = measure_losses(
            subject, partial(position_conditions, used=used, seed=options.seeds[0]), seed=options.seeds[0]
        )
    parts = None
    if "train" in subject.splits:
        with subject.stage("parts of the input"):
            parts = _score_parts(subject, scorer, options)
    effects = PositionEffects(pd.DataFrame(rows), offsets, losses, parts, chain_uuas(scorer))
    return Findings(
        summary=f"{subject.encoder.name}: {effects.sentence}",
        tables=effects.tables,
        figures=lambda folder: draw_positions(folder, effects.uuas, offsets, parts, floor=effects.floor),
        details={
            "positions in use": used,
            "probes": found.details,
            "masked-LM loss": "no masked-LM head" if losses is None else "in masked-lm.csv",
            "parts of the input": "no training split" if parts is None else "in input-parts.csv",
        },
        options=options,
    )


def position_conditions(encoder: Encoder, *, used: int, seed: int = 0) -> Conditions:
    """The codes with which the model runs, by name, each as a context to run it in.

    Args:
        encoder: the model.
        used: how many positions the text uses; the others keep their vectors.
        seed: seed of the shuffle.

    Raises:
        PositionError: the model has no table of positions.
    """
    whole = position_embeddings(encoder)
    code = whole[:used]
    counts = [count for count in FREQUENCIES if count < used // 2]
    codes: dict[str, NDArray[np.float64]] = {
        SHIFTED: shifted_code(whole)[:used],
        **{frequencies_name(count): strongest_frequencies(code, count) for count in counts},
        SINUSOIDS: matched_sinusoids(code),
        SHUFFLED: shuffled_code(code, seed=seed),
        NONE: without_positions(code),
    }
    tables = {name: np.concatenate([edited, whole[used:]]) for name, edited in codes.items()}
    return {INTACT: as_it_is, **{name: partial(edit_positions, encoder, table) for name, table in tables.items()}}


def frequencies_name(count: int) -> str:
    """The name of the condition in which so many frequencies are left."""
    return f"{count} frequencies"


@dataclass(frozen=True)
class PositionEffects:
    """What other position codes do; frames are the tables that bear their names."""

    uuas: pd.DataFrame
    """UUAS of every probe: condition, layer, seed, metric, value, low, high, n."""
    offsets: pd.DataFrame
    """Where every head looks: condition, layer, head, previous, itself, next, moved."""
    losses: pd.DataFrame | None
    """Masked-LM loss in nats; None where the checkpoint has no such head."""
    parts: pd.DataFrame | None
    """UUAS of probes trained on one part of the input: part, seed, metric, value, low, high, n."""
    floor: float
    """UUAS of the left-to-right chain."""

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables that there are, by name."""
        optional = {"masked-lm": self.losses, "input-parts": self.parts}
        return {
            "positions": self.uuas,
            "offsets": self.offsets,
            **{name: table for name, table in optional.items() if table is not None},
        }

    @property
    def sentence(self) -> str:
        """The result in words: every condition at the layer where the intact model is best, by the same probe."""
        table = merge_seeds(self.uuas).pivot(index="layer", columns="condition", values="value")
        layer = int(table[INTACT].to_numpy().argmax())
        found = table.iloc[layer]
        changed = ", ".join(f"{name} {found[name]:.1%}" for name in self.uuas["condition"].unique() if name != INTACT)
        return (
            f"at layer {table.index[layer]} the probe of the intact model finds {found[INTACT]:.1%} of the edges, and "
            f"while the model runs with other positions: {changed}; the left-to-right chain has {self.floor:.1%}"
        )


def _offset_tables(subject: Subject, conditions: Conditions, options: Options) -> Iterator[pd.DataFrame]:
    """Where heads look under each condition, a table each, beside where they look in the intact model."""
    bank = subject.splits["dev"]
    before: NDArray[np.float64] | None = None
    for condition, changed in conditions.items():
        with changed():
            statistics = measure_offsets(subject.attention(bank, options))
        shares = _shares(statistics)
        before = shares if before is None else before
        middle = statistics.span
        columns = {
            "previous": shares[..., middle - 1],
            "itself": shares[..., middle],
            "next": shares[..., middle + 1],
            "moved": np.abs(shares - before).sum(-1) / 2,
        }
        table = head_table(columns)
        table.insert(0, "condition", condition)
        yield table


def _shares(statistics: OffsetStatistics) -> NDArray[np.float64]:
    """(layers, heads, offsets and special positions) a word's mean attention to each, summing to 1."""
    together = np.concatenate([statistics.offsets, statistics.specials], axis=-1)
    return together / statistics.queries


def _score_parts(subject: Subject, scorer: Scorer, options: Options) -> pd.DataFrame:
    """UUAS of probes that were trained on each part of the input alone, as those of layers are."""
    rows = []
    for site in (site for site in PARTS if site == "embedding" or has_site(subject.encoder, site)):
        states = {split: _part(subject, split, site, options) for split in ("train", "dev")}
        probes = _new_probes(subject, options, dim=states["dev"].dim)
        banks = subject.splits
        fit_all(probes, states["train"], banks["train"], validation=(states["dev"], banks["dev"]))
        part = "sum" if site == "embedding" else site
        for row in score_rows(probes, states["dev"], scorer, part):
            rows.append({"part": row.pop("condition"), **{name: row[name] for name in row if name != "layer"}})
    return pd.DataFrame(rows)


def _part(subject: Subject, split: Split, site: Site, options: Options) -> States:
    """One part of the input of every word of a split."""
    bank = subject.splits[split]
    reading = Reading(site=site, pooling=options.pooling, storage="float16")
    return extract(subject.encoder, bank.words, reading=reading, space_after=spaces(bank, options), cache=subject.cache)


def _new_probes(subject: Subject, options: Options, *, dim: int) -> Sequence[DistanceProbe]:
    """A distance probe of layer 0 for every seed, of the largest rank that the width allows."""
    rank = min(max(options.ranks), dim)
    device = str(subject.encoder.device)
    return [
        DistanceProbe(0, rank, seed, epochs=options.epochs, precision=options.precision, device=device)
        for seed in options.seeds
    ]
