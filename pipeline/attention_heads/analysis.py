"""What every attention head looks at and which syntax it tracks: tables and figures of one checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attention import (
    AttentionProbe,
    HeadSurvey,
    OffsetBaseline,
    best_head_sentences,
    best_heads,
    choose_sentences,
    chosen_heads,
    cluster_heads,
    ensemble_trees,
    example_sentences,
    head_divergences,
    head_tree_tallies,
    map_heads,
    offset_baseline,
    pair_features,
    relation_table,
    static_embeddings,
    survey_heads,
    trained_baseline,
)
from extraction import Encoder, stream_attention
from parsing import Sentence, Tally, Treebank, load_treebank
from parsing.attachment import score_heads
from parsing.decoding import arborescence, decode_bulk
from parsing.punctuation import PunctuationRule
from pipeline.attention_heads.ablation import ablation_table, saved_distance_probes
from pipeline.attention_heads.figures import draw_heads
from pipeline.record import Stopwatch, versions, write_record
from pipeline.staging import check_free, staged_folder

CLUSTERS = 8
COMPARED = 200
"""Sentences on which heads are compared with each other, cut, and shown."""


@dataclass(frozen=True)
class HeadAnalysis:
    """What was written: the folder, its tables, and the best head of every relation and direction."""

    out: Path
    relations: pd.DataFrame
    heads: pd.DataFrame
    best: pd.DataFrame
    trees: pd.DataFrame


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
        treebank: a treebank, or the path of a CoNLL-U file.
        train: another treebank, on which fixed offsets are chosen and attention-only probes trained; without it,
            offsets are chosen on the other half of `treebank` and no probes are trained.
        ablate: also cut every head, and measure the masked-LM loss where the checkpoint has that head, and the UUAS of
            `probes` at later layers.
        probes: a run's folder, whose distance probes `ablate` scores.
        overwrite: replace what `out` holds, once the new results are complete.

    Raises:
        TreebankError, RelationError, CheckpointError: an input cannot be used; nothing was written.
        OutputError: `out` holds files, or cannot be written.
    """
    check_free(Path(out).absolute(), overwrite=overwrite)
    bank = treebank if isinstance(treebank, Treebank) else load_treebank(treebank, split="dev")
    other = train if isinstance(train, Treebank) or train is None else load_treebank(train)
    saved = [] if probes is None else saved_distance_probes(Path(probes))
    stopwatch = Stopwatch()
    encoder = Encoder.from_pretrained(model)
    with staged_folder(out, overwrite=overwrite) as folder:
        with stopwatch.stage("survey"):
            stream = stream_attention(encoder, bank.words)
            survey = survey_heads(stream, bank, punctuation=punctuation)
        read = [place for place in range(len(bank)) if place not in set(stream.report.skipped)]
        bank = Treebank([bank[place] for place in read], name=bank.name, path=bank.path)
        with stopwatch.stage("test"):
            relations = relation_table(survey.relations, baseline_of(survey, other))
            best = best_heads(survey.relations, relations)
        with stopwatch.stage("trees"):
            trees, uuas = score_trees(encoder, bank, best, punctuation=punctuation)
        if other is not None:
            with stopwatch.stage("probes"):
                trees = pd.concat([trees, score_probes(encoder, other, bank, punctuation=punctuation)])
        with stopwatch.stage("map"):
            divergences = head_divergences(stream_attention(encoder, bank.words[:COMPARED]))
            places = head_places(survey, divergences).assign(uuas=uuas.ravel())
        examples = [int(place) for place in example_sentences(bank, most=2 * COMPARED)]
        shown = [bank[place] for place in examples]
        to_head = best[(best["direction"] == "to head") & (best["n"] >= best["n"].max() / 50)]
        found = best_head_sentences(stream_attention(encoder, [one.words for one in shown]), shown, to_head)
        if ablate:
            with stopwatch.stage("ablation"):
                table = ablation_table(
                    model, encoder, bank[:COMPARED], saved, punctuation=punctuation, progress=progress
                )
            table.to_csv(folder / "ablation.csv", index=False)
        for name, frame in (("relations", relations), ("heads", places), ("best_heads", best), ("trees", trees)):
            frame.to_csv(folder / f"{name}.csv", index=False)
        with stopwatch.stage("figures"):
            draw_heads(folder / "figures", survey.behaviour, places, relations, found)
        write_record(
            folder / "run.json",
            {
                "checkpoint": {"name": encoder.name, "path": str(model), "digest": encoder.digest},
                "treebank": {"name": bank.name, "path": bank.path, "sentences": len(bank), "digest": bank.digest},
                "train": None if other is None else {"name": other.name, "path": other.path, "digest": other.digest},
                "punctuation": punctuation,
                "sentences_left_out": stream.report.skipped,
                "seconds": stopwatch.seconds,
                "versions": versions(),
            },
        )
    return HeadAnalysis(Path(out), relations, places, best, trees)


def baseline_of(survey: HeadSurvey, train: Treebank | None) -> OffsetBaseline:
    """The fixed offsets: of the training treebank, or each half's for the other half."""
    return offset_baseline(survey.relations) if train is None else trained_baseline(survey.relations, train)


def head_places(survey: HeadSurvey, divergences: NDArray[np.float64]) -> pd.DataFrame:
    """One row a head: its behaviour, its place in the map (x, y) and its cluster, from 1."""
    points = map_heads(divergences)
    clusters = cluster_heads(divergences, clusters=min(CLUSTERS, len(divergences)))
    return survey.behaviour.frame.assign(x=points[:, 0], y=points[:, 1], cluster=clusters + 1)


def score_trees(
    encoder: Encoder, bank: Treebank, best: pd.DataFrame, *, punctuation: PunctuationRule
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Scores of trees from the best single head and from the heads that beat the baseline; UUAS of every head.

    Both the single head and the ensemble are chosen on the sentences that they are scored on.
    """
    tallies = head_tree_tallies(stream_attention(encoder, bank.words), bank, punctuation=punctuation)
    uuas = np.array([[tally.value for tally in layer] for layer in tallies])
    layer, head = (int(place) for place in np.unravel_index(uuas.argmax(), uuas.shape))
    rows = [score_row(f"head {layer + 1}-{head + 1}", tallies[layer][head])]
    chosen = chosen_heads(best)
    if chosen:
        for gold_roots in (False, True):
            trees = ensemble_trees(stream_attention(encoder, bank.words), bank, chosen, gold_roots=gold_roots)
            name = f"{len(chosen)} best heads of relations" + (", gold roots" if gold_roots else "")
            rows += tree_rows(name, bank, [trees[place] for place in range(len(bank))], punctuation=punctuation)
    return pd.DataFrame(rows), uuas


def score_probes(encoder: Encoder, train: Treebank, bank: Treebank, *, punctuation: PunctuationRule) -> pd.DataFrame:
    """UAS of the attention-only probe and of the probe of attention and static word vectors."""
    sample = [train[int(place)] for place in choose_sentences(train)]
    features = list(pair_features(stream_attention(encoder, [sentence.words for sentence in sample])))
    vectors = static_embeddings(encoder, [sentence.words for sentence in (*sample, *bank)])
    own, theirs = vectors[: len(sample)], vectors[len(sample) :]
    plain = AttentionProbe().fit(features, sample)
    worded = AttentionProbe().fit(features, sample, vectors=own)
    del features
    found: dict[str, dict[int, NDArray[np.float64]]] = {"attention-only probe": {}, "attention-and-words probe": {}}
    for one in pair_features(stream_attention(encoder, bank.words)):
        found["attention-only probe"][one.index] = plain.predict(one)
        found["attention-and-words probe"][one.index] = worded.predict(one, vectors=theirs)
    rows = []
    for name, scores in found.items():
        ordered = [scores[place] for place in range(len(bank))]
        trees = decode_bulk(
            [matrix[:, 1:].T for matrix in ordered], decoder=arborescence, roots=[matrix[:, 0] for matrix in ordered]
        )
        rows += tree_rows(name, bank, trees, punctuation=punctuation)
    return pd.DataFrame(rows)


def tree_rows(
    name: str, bank: Sequence[Sentence], trees: Sequence[NDArray[np.int64]], *, punctuation: PunctuationRule
) -> list[dict[str, object]]:
    """UAS of trees, as rows of the table."""
    return [score_row(name, score_heads(bank, trees, punctuation=punctuation)["uas"])]


def score_row(name: str, tally: Tally) -> dict[str, object]:
    score = tally.score()
    return {
        "trees": name,
        "metric": tally.metric,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
    }
