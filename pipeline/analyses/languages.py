"""One space for several languages: directed transfer, holdout and joint spaces, relations across languages."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.closing_table import aligned
from treeprobe.pipeline.languages.figures import LanguageFigures, reported_matrix
from treeprobe.pipeline.languages.known_words import language_table
from treeprobe.pipeline.languages.relations import agreement, drawn_points, edge_vectors, sample_edges
from treeprobe.pipeline.languages.retrieval import retrieval_table
from treeprobe.pipeline.languages.spaces import TRAINED, FittedSpace, Languages
from treeprobe.pipeline.languages.tables import (
    AVERAGE,
    KINDS,
    Kinds,
    difference_table,
    kind_table,
    merged_seeds,
    transfer_table,
)
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.results.scores import CHOSEN_ON, RANDOM_WEIGHTS
from treeprobe.pipeline.subjects.languages import joined_splits
from treeprobe.pipeline.subjects.subject import Subject

_TOLD = {
    "own": "by its own space",
    "other": "by the space of another",
    "holdout": "by that of all others together",
    "all": "by that of all",
}


def languages(subject: Subject, options: Options) -> Findings:
    """Fit distance probes on each language, on all but each, and on all, and score each on every language.

    The spaces are those of Chi et al. (2020), section 4. All languages have as many sentences; a joint space is fitted
    on those of all its languages. The layer that is reported is the one at which languages' own spaces are best on dev,
    averaged over languages. Baselines: the chain in each language, and all the same with random weights. At that layer,
    gold edges are drawn in the space of the first language and in that of all. Where the languages are a text and its
    translations word by word, it is also measured whether translations are each other's nearest.

    Raises:
        TreebankError: a split is of one language, or of other languages than another split.
        CheckpointError: the tokenizer knows no word of a language.
    """
    joined = joined_splits(subject.splits)
    names, scored = joined["dev"].languages, subject.scored[-1]
    known = language_table(subject, options)
    subjects = Languages.of(subject, options)
    fitted = {each.probe: [each.fit(space) for space in each.spaces] for each in subjects}
    found = [one for each in subjects for space in fitted[each.probe] for one in each.score(space)]
    found += [one for split in subject.scored for one in subjects[0].chains(split)]
    with subject.stage("bootstrap"):
        cells = merged_seeds(found)
        kinds = Kinds.of(cells, names)
        tables = {
            "transfer": transfer_table(cells),
            "kinds": kind_table(kinds),
            "differences": difference_table(kinds, split=scored),
        }
    with subject.stage("relations"):
        points, relations = relation_tables(subjects, fitted, kinds.chosen, scored)
    with subject.stage("word retrieval"):
        retrieval = pd.concat([retrieval_table(each, scored) for each in subjects], ignore_index=True)
    tables |= {"relations": relations, "relation_points": points, "retrieval": retrieval, "languages": known}
    sentences = {split: len(bank) // len(names) for split, bank in joined.items()}
    figures = LanguageFigures(tables["transfer"], tables["kinds"], points, retrieval, names, scored)
    return Findings(
        summary=_summary(subject, kinds, scored, sentences),
        tables=tables,
        figures=figures.draw,
        details={"languages": list(names), "sentences": sentences, "layers": kinds.chosen, "reported": scored},
        closing=_closing(tables, names, kinds, scored),
    )


def relation_tables(
    subjects: Sequence[Languages],
    fitted: Mapping[str, Sequence[FittedSpace]],
    layers: Mapping[str, int],
    split: Split,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Edges in the space of the first language and in that of all: as points, and whether those nearest are alike.

    The points are those of the checkpoint itself. Both tables are empty where no relations are frequent everywhere.
    """
    edges = sample_edges({name: subjects[0].some(split, (name,))[1] for name in subjects[0].names})
    points = [pd.DataFrame(columns=["space", "language", "relation", "x", "y"])]
    rows: list[dict[str, Any]] = []
    for each in subjects if len(edges) else ():
        for space in (fitted[each.probe][0], fitted[each.probe][-1]):
            layer = layers[each.probe]
            vectors = edge_vectors(each, split, space, layer, edges)
            row = {"probe": each.probe, "space": space.space.name, "layer": layer, "edges": len(edges)}
            rows.append(row | {"relations": len(set(edges.relation.tolist()))} | agreement(vectors, edges))
            if each.probe == TRAINED:
                points.append(drawn_points(vectors, edges, space=space.space.name))
    names = ["probe", "space", "layer", "edges", "relations", "within", "across", "chance"]
    return pd.concat(points if len(points) == 1 else points[1:], ignore_index=True), pd.DataFrame(rows, columns=names)


def _summary(subject: Subject, kinds: Kinds, split: Split, sentences: Mapping[Split, int]) -> str:
    """UUAS by kind of space, averaged over languages, in one sentence."""
    found = {kind: kinds.at(TRAINED, split, kind) for kind in KINDS}
    told = [f"{tally.value:.1%} {_TOLD[kind]}" for kind, tally in found.items() if tally and kind in _TOLD]
    twin = kinds.at(RANDOM_WEIGHTS, split, "own") if RANDOM_WEIGHTS in kinds.chosen else None
    baselines = f"{kinds.chains[split, AVERAGE].value:.1%} by the chain"
    if twin is not None:
        baselines += f" and {twin.value:.1%} by own spaces of random weights"
    return (
        f"{subject.encoder.name}: at layer {kinds.chosen[TRAINED]}, {CHOSEN_ON[split]}, of the edges of a language "
        f"({split}, averages over {subject.treebank}, {sentences['train']:,} sentences of each in training) are found "
        f"{', '.join(told)}; {baselines}."
    )


def _closing(tables: Mapping[str, pd.DataFrame], names: Sequence[str], kinds: Kinds, split: Split) -> Closing:
    """The transfer matrix at the reported layer, and kinds of spaces averaged over languages."""
    matrix = reported_matrix(tables["transfer"], tables["kinds"], languages=names, split=split)
    lines = [["trained on", *names]]
    lines += [
        [str(name), *("" if pd.isna(value) else f"{value:.3f}" for value in row)] for name, row in matrix.iterrows()
    ]
    rows = tables["kinds"]
    rows = rows[(rows["treebank"] == AVERAGE) & (rows["split"] == split) & rows["reported"]]
    averages = [["average over languages", "UUAS", "95 % interval", "share of the way"]]
    for row in rows.to_dict("records"):
        name = f"{row['kind']} ({row['probe']})" if row["probe"] == RANDOM_WEIGHTS else row["kind"] or row["probe"]
        way = "" if pd.isna(row["improvement"]) else f"{row['improvement']:.0%}"
        averages.append([name, f"{row['value']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}", way])
    text = "\n".join(
        [
            f"UUAS on {split}, layer {kinds.chosen[TRAINED]}: the space of a row on the language of a column",
            *aligned(lines),
            "",
            *aligned(averages),
            "Share of the way: from the best baseline (0 %) to the languages' own spaces (100 %).",
        ]
    )
    return Closing(text=text, rows=tables["transfer"])
