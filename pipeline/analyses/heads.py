"""What every attention head looks at, and which syntax it tracks."""

from collections.abc import Sequence
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
from treeprobe.attention.significance import LEAST_P
from treeprobe.extraction import Encoder
from treeprobe.extraction.alignment import Aligner
from treeprobe.parsing import Treebank
from treeprobe.parsing.scores import p_text
from treeprobe.pipeline.analyses.head_ablation import ablation_measures, ablation_table
from treeprobe.pipeline.analyses.head_figures import draw_heads
from treeprobe.pipeline.analyses.head_trees import score_probes, score_trees
from treeprobe.pipeline.options import Options, OptionsError
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.subjects.subject import Subject

CLUSTERS = 8
COMPARED = 200
"""Sentences, evenly spread over the treebank, on which heads are compared with each other and cut."""
SHOWN = 400
"""Sentences among which those that show a head at work are found."""

LEGEND = """\
The best head of each relation, from the dependent to its head; relations by
their number n. name: 3-9 is layer 3, head 9. baseline: the best fixed offset,
in words from the dependent to its head. held_out: the accuracy when each half
of the sentences chooses the head for the other. p: of a head so far above its
baseline by chance, corrected for the search over all heads and relations; –
where edges are too few to tell. Relations of which no head finds an edge are
left out."""


def heads(subject: Subject, options: Options) -> Findings:
    """Survey all heads on the dev split in one streaming pass; then trees, attention-only probes, a map and figures.

    Fixed offsets are chosen, and attention-only probes trained, on the training split; without one, offsets are chosen
    on the other half of the sentences and no probes are trained. With `ablate`, each head is also cut: the masked-LM
    loss is measured where the checkpoint has that head, and the UUAS of the subject's `probes` at later layers.

    Raises:
        RelationError: the treebank has no edges, or names no relations.
        OptionsError: there are probes to score, but no head is to be cut.
        CheckpointError, FindingsError, ProbeError: ablations cannot be measured; see `ablation_measures`.
    """
    if subject.probes is not None and not options.ablate:
        raise OptionsError(
            f"the probes in {subject.probes} are scored only while heads are ablated; expected ablate (--ablate) too"
        )
    encoder, bank = subject.encoder, subject.splits["dev"]
    measures = ablation_measures(subject) if options.ablate else None
    with subject.stage("survey"):
        stream = subject.attention(bank, options)
        survey = survey_heads(stream, bank, punctuation=options.punctuation)
    with subject.stage("test"):
        train, counts = subject.splits.get("train"), survey.relations
        baseline = offset_baseline(counts) if train is None else trained_baseline(counts, train)
        relations, best = relation_table(counts, baseline), best_heads(counts, baseline)
    trees, uuas = _all_trees(subject, counts, options)
    with subject.stage("map"):
        table = _head_table(subject, survey, best, options).assign(uuas=uuas.ravel())
    tables = {"relations": relations, "heads": table, "best_heads": best, "trees": trees}
    if measures is not None:
        with subject.stage("ablation"):
            tables["ablation"] = ablation_table(subject, _spread(bank, COMPARED), measures, options)

    def draw(folder: Path) -> None:
        """Find sentences that show the best heads at work, and draw all figures."""
        draw_heads(
            folder,
            behaviour=survey.behaviour,
            tables=tables,
            examples=_find_examples(subject, best, options),
            specials=_special_tokens(encoder),
        )

    return Findings(
        summary=_summary(subject, best, trees),
        tables=tables,
        figures=draw,
        details={"sentences_left_out": stream.report.skipped},
        closing=Closing(f"{closing_heads(best)}\n\n{LEGEND}", rows=best),
    )


def _all_trees(subject: Subject, counts: RelationCounts, options: Options) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Scores of every kind of tree, those of attention-only probes where there is a treebank to train them on; and the
    UUAS of every head, (layers, heads)."""
    with subject.stage("trees"):
        trees, uuas = score_trees(subject, counts, options)
    if "train" not in subject.splits:
        return trees, uuas
    with subject.stage("probes"):
        probed = score_probes(subject, options)
    return pd.concat([trees, probed], ignore_index=True), uuas


def _spread(bank: Treebank, most: int) -> Treebank:
    """At most so many sentences, evenly spread, so that no genre that a treebank begins with stands for all of it."""
    return bank[:: -(-len(bank) // most)]


def _head_table(subject: Subject, survey: HeadSurvey, best: pd.DataFrame, options: Options) -> pd.DataFrame:
    """One row a head: its behaviour, its place in the map (x, y), its cluster, from 1, and the relations that it is
    best at (`best_at`, frequent ones first)."""
    divergences = head_divergences(subject.attention(_spread(subject.splits["dev"], COMPARED), options))
    points = map_heads(divergences)
    clusters = cluster_heads(divergences, clusters=min(CLUSTERS, len(divergences)))
    table = survey.behaviour.frame.assign(x=points[:, 0], y=points[:, 1], cluster=clusters + 1)
    found = _tracked(best).groupby(["layer", "head"], sort=False)["relation"].agg(" ".join)
    return table.merge(found.rename("best_at"), how="left", on=["layer", "head"]).fillna({"best_at": ""})


def _tracked(best: pd.DataFrame) -> pd.DataFrame:
    """The best heads that find heads of dependents, and do so better than the fixed offset (p < .05)."""
    return best[(best["direction"] == "to head") & (best["p"] < 0.05)]


def _find_examples(subject: Subject, best: pd.DataFrame, options: Options) -> Sequence[HeadExample]:
    """A sentence for the best head of each relation that a head tracks, frequent ones first."""
    bank = subject.splits["dev"]
    shown = Treebank([bank[int(place)] for place in example_sentences(bank, most=SHOWN)])
    return best_head_sentences(subject.attention(shown, options), shown, _tracked(best))


def _special_tokens(encoder: Encoder) -> dict[str, str]:
    """The special tokens that stand before and after a sentence, by the names of the columns of attention to them."""
    found = Aligner(encoder.tokenizer).specials
    sides = {"first_special": found.leading, "last_special": found.trailing}
    return {name: " ".join(encoder.tokenizer.convert_ids_to_tokens(list(ids))) for name, ids in sides.items() if ids}


def _summary(subject: Subject, best: pd.DataFrame, trees: pd.DataFrame) -> str:
    """The result in one sentence."""
    tracked = _tracked(best)
    relations = f"{tracked['relation'].nunique()} of {best['relation'].nunique()} relations"
    single = trees.loc[trees["trees"] == "best single head"].iloc[0]
    chain = trees.loc[trees["trees"] == "left-to-right chain"].iloc[0]
    return (
        f"{subject.encoder.name}: for {relations} of {subject.treebank}, a head finds the word's head more often than "
        f"any fixed offset; the best single head's tree has {single['value']:.1%} of the edges, against "
        f"{chain['value']:.1%} when each word is joined to the next."
    )


def closing_heads(best: pd.DataFrame) -> str:
    """The best heads from dependent to head, of the most frequent relations; where none finds an edge, none is best."""
    columns = ["relation", "n", "name", "accuracy", "baseline", "offset", "held_out", "p"]
    shown = best[(best["direction"] == "to head") & (best["accuracy"] > 0)][columns].head(20)
    return shown.to_string(index=False, float_format=_three_decimals, formatters={"p": lambda p: p_text(p, LEAST_P)})


def _three_decimals(value: float) -> str:
    return f"{value:.3f}"
