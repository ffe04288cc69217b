"""What every attention head looks at and which syntax it tracks: tables and figures of one checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.attention import (
    HeadExample,
    HeadSurvey,
    RelationCounts,
    best_head_sentences,
    best_heads,
    cluster_heads,
    example_sentences,
    head_divergences,
    map_heads,
    offset_baseline,
    relation_table,
    survey_heads,
    trained_baseline,
)
from treeprobe.extraction import Encoder, stream_attention
from treeprobe.extraction.alignment import Aligner
from treeprobe.files import check_free, staged_folder, write_json
from treeprobe.parsing import PunctuationRule, Treebank, TreebankError, load_treebank
from treeprobe.pipeline.attention_heads.ablation import ablation_measures, ablation_table
from treeprobe.pipeline.attention_heads.figures import draw_heads
from treeprobe.pipeline.attention_heads.trees import score_probes, score_trees
from treeprobe.pipeline.record import Stopwatch, checkpoint_record, treebank_record, versions
from treeprobe.probes import ProbeError

CLUSTERS = 8
COMPARED = 200
"""Sentences, evenly spread over the treebank, on which heads are compared with each other and cut."""
SHOWN = 400
"""Sentences from which those that show a head at work are taken."""


@dataclass(frozen=True)
class HeadAnalysis:
    """What was written: the folder and its tables; `ablation` is None where no head was cut."""

    out: Path
    relations: pd.DataFrame
    heads: pd.DataFrame
    best: pd.DataFrame
    trees: pd.DataFrame
    ablation: pd.DataFrame | None = None


def heads(
    model: str | Path,
    treebank: str | Path | Treebank,
    out: str | Path,
    *,
    train: str | Path | Treebank | None = None,
    ablate: bool = False,
    probes: str | Path | None = None,
    punctuation: PunctuationRule = "xpos",
    overwrite: bool = False,
    progress: bool = True,
) -> HeadAnalysis:
    """Survey all heads of a checkpoint on a treebank in one streaming pass, then trees, probes, a map and figures.

    Args:
        model: a checkpoint folder or hub name.
        treebank: a treebank; or a CoNLL-U file, a folder of a UD release, or a UD name such as `en_ewt`.
        train: another treebank, likewise, on which fixed offsets are chosen and attention-only probes trained; without
            it, offsets are chosen on the other half of `treebank` and no probes are trained.
        ablate: also cut every head, and measure the masked-LM loss where the checkpoint has that head, and the UUAS of
            `probes` at later layers.
        probes: a run's folder, whose distance probes `ablate` scores; refused without it.
        overwrite: replace what `out` holds, once the new results are complete.

    Raises:
        TreebankError, RelationError, CheckpointError, ProbeError: an input cannot be used; nothing was written.
            AttentionError, which is a CheckpointError, says that the model has no heads that can be read.
        OutputError: `out` holds files, or cannot be written.
    """
    if probes is not None and not ablate:
        raise ProbeError(f"the probes in {probes} are scored only while heads are cut; expected ablate (--ablate) too")
    check_free(Path(out).absolute(), overwrite=overwrite)
    bank, other = open_banks(treebank, train)
    stopwatch = Stopwatch()
    encoder = Encoder.from_pretrained(model)
    measures = ablation_measures(model, encoder, probes) if ablate else None
    with staged_folder(out, overwrite=overwrite) as folder:
        with stopwatch.stage("survey"):
            stream = stream_attention(encoder, bank.words)
            survey = survey_heads(stream, bank, punctuation=punctuation)
        with stopwatch.stage("test"):
            counts = survey.relations
            baseline = offset_baseline(counts) if other is None else trained_baseline(counts, other)
            relations, best = relation_table(counts, baseline), best_heads(counts, baseline)
        trees, uuas = all_trees(encoder, bank, other, counts, punctuation=punctuation, stopwatch=stopwatch)
        with stopwatch.stage("map"):
            places = head_places(encoder, bank, survey, best).assign(uuas=uuas.ravel())
        ablation = None
        if measures is not None:
            with stopwatch.stage("ablation"):
                ablation = ablation_table(
                    encoder, spread(bank, COMPARED), measures, punctuation=punctuation, progress=progress
                )
        analysis = HeadAnalysis(Path(out), relations, places, best, trees, ablation)
        with stopwatch.stage("figures"):
            examples = find_examples(encoder, bank, best)
            draw_heads(
                folder / "figures",
                survey.behaviour,
                places,
                relations,
                examples,
                specials=special_tokens(encoder),
                ablation=ablation,
            )
        write_tables(folder, analysis)
        write_json(
            folder / "run.json",
            {
                "checkpoint": checkpoint_record(encoder, model),
                "treebank": treebank_record(bank),
                "train": None if other is None else treebank_record(other),
                "punctuation": punctuation,
                "sentences_left_out": stream.report.skipped,
                "seconds": stopwatch.seconds,
                "versions": versions(),
            },
        )
    return analysis


def open_banks(
    treebank: str | Path | Treebank, train: str | Path | Treebank | None
) -> tuple[Treebank, Treebank | None]:
    """The treebank and the training one, which must be another: what it chooses is scored on the first."""
    bank = treebank if isinstance(treebank, Treebank) else load_treebank(treebank, split="dev")
    if train is None:
        return bank, None
    other = train if isinstance(train, Treebank) else load_treebank(train)
    if other.digest == bank.digest:
        raise TreebankError(
            f"{other.path or other.name}: the training treebank is the one that is analysed; expected another, as "
            "offsets and probes are not to be scored on the sentences that chose them"
        )
    return bank, other


def all_trees(
    encoder: Encoder,
    bank: Treebank,
    train: Treebank | None,
    counts: RelationCounts,
    *,
    punctuation: PunctuationRule,
    stopwatch: Stopwatch,
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Scores of every kind of tree, those of attention-only probes where there is a treebank to train them on; and the
    UUAS of every head, (layers, heads)."""
    with stopwatch.stage("trees"):
        trees, uuas = score_trees(encoder, bank, counts, punctuation=punctuation)
    if train is None:
        return trees, uuas
    with stopwatch.stage("probes"):
        probed = score_probes(encoder, train, bank, punctuation=punctuation)
    return pd.concat([trees, probed], ignore_index=True), uuas


def spread(bank: Treebank, most: int) -> Treebank:
    """At most so many sentences, evenly spread, so that no genre that a treebank begins with stands for all of it."""
    return bank[:: -(-len(bank) // most)]


def head_places(encoder: Encoder, bank: Treebank, survey: HeadSurvey, best: pd.DataFrame) -> pd.DataFrame:
    """One row a head: its behaviour, its place in the map (x, y), its cluster, from 1, and the relations that it is
    best at (`best_at`, frequent ones first)."""
    divergences = head_divergences(stream_attention(encoder, spread(bank, COMPARED).words))
    points = map_heads(divergences)
    clusters = cluster_heads(divergences, clusters=min(CLUSTERS, len(divergences)))
    table = survey.behaviour.frame.assign(x=points[:, 0], y=points[:, 1], cluster=clusters + 1)
    found = tracked(best).groupby(["layer", "head"], sort=False)["relation"].agg(" ".join)
    return table.merge(found.rename("best_at"), how="left", on=["layer", "head"]).fillna({"best_at": ""})


def tracked(best: pd.DataFrame) -> pd.DataFrame:
    """The best heads that find heads of dependents, and do so better than the fixed offset (p < .05)."""
    return best[(best["direction"] == "to head") & (best["p"] < 0.05)]


def find_examples(encoder: Encoder, bank: Treebank, best: pd.DataFrame) -> Sequence[HeadExample]:
    """A sentence for the best head of each relation that a head tracks, frequent ones first."""
    shown = [bank[int(place)] for place in example_sentences(bank, most=SHOWN)]
    return best_head_sentences(stream_attention(encoder, [one.words for one in shown]), shown, tracked(best))


def special_tokens(encoder: Encoder) -> dict[str, str]:
    """The special tokens that stand before and after a sentence, by the names of the columns of attention to them."""
    found = Aligner(encoder.tokenizer).specials
    sides = {"first_special": found.leading, "last_special": found.trailing}
    return {name: " ".join(encoder.tokenizer.convert_ids_to_tokens(list(ids))) for name, ids in sides.items() if ids}


def write_tables(folder: Path, analysis: HeadAnalysis) -> None:
    """Every table as CSV."""
    analysis.relations.to_csv(folder / "relations.csv", index=False)
    analysis.heads.to_csv(folder / "heads.csv", index=False)
    analysis.best.to_csv(folder / "best_heads.csv", index=False)
    analysis.trees.to_csv(folder / "trees.csv", index=False)
    if analysis.ablation is not None:
        analysis.ablation.to_csv(folder / "ablation.csv", index=False)
