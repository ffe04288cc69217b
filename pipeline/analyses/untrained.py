"""Trees without training: perturbed masking, substitutability, tree projections, the best head; beside the chain."""

import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.closing_table import aligned, split_title
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.results.scores import CHOSEN_ON
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.pipeline.untrained.methods import METHODS, REFUSALS, Candidates, masked_lm_head
from treeprobe.pipeline.untrained.scoring import (
    BINARY,
    BRANCHING,
    CHAIN,
    RANDOM,
    Scored,
    SplitScorer,
    score_baselines,
    score_method,
)
from treeprobe.pipeline.untrained.sentences import parsed_sentences
from treeprobe.pipeline.untrained.table import tabulate
from treeprobe.reporting import save_formats, untrained_figure

_BASELINES = frozenset({CHAIN, BRANCHING, RANDOM, BINARY})
"""What trees are called whose setting is no layer or head."""


class MethodSkipped(UserWarning):
    """A method that a model cannot be asked of, so that its rows are missing."""


def untrained(subject: Subject, options: Options) -> Findings:
    """Recover trees by methods that train nothing, and score them as probes' trees are scored.

    Dev chooses each method's layer, head or rule; of the splits, as many sentences as asked for are read, spread
    evenly. A method that the model cannot be asked of is left out with a warning; its reason is in the record.

    Raises:
        TreebankError: no sentence of a split can be read by the model in one piece.
        PerturbationError, AttentionError: the model can be asked of none of the methods.
    """
    subject, left_out = parsed_sentences(subject, options)
    scorers = {
        split: SplitScorer(subject.splits[split], split, punctuation=options.punctuation) for split in subject.scored
    }
    scored: list[Scored] = []
    skipped: dict[str, str] = {}
    tree_scores: dict[str, dict[str, float]] = {}
    refusal: Exception | None = None
    for name in options.methods:
        try:
            with subject.stage(name):
                found: dict[Split, Candidates] = {
                    split: METHODS[name](subject, subject.splits[split], options) for split in subject.scored
                }
        except REFUSALS as error:
            refusal, skipped[name] = error, str(error)
            warnings.warn(f"{name} is left out: {error}", MethodSkipped, stacklevel=2)
            continue
        with subject.stage("score"):
            scored += score_method(found, scorers)
        tree_scores |= _tree_scores(found)
    if not scored and refusal is not None:
        raise refusal
    with subject.stage("score"):
        for scorer in scorers.values():
            scored += score_baselines(scorer, brackets="projection" in options.methods)
        table = tabulate(scored, checkpoint=subject.encoder.name, treebank=subject.treebank)
    return Findings(
        summary=_summary(table),
        tables={"untrained": table},
        figures=partial(_draw, table),
        details={
            "sentences": {split: len(subject.splits[split]) for split in subject.scored},
            "sentences_left_out": left_out,
            "skipped": skipped,
            "without_masked_lm_head": masked_lm_head(subject)[1],
            "tree_scores": tree_scores,
        },
        closing=_closing(table),
    )


def shown_split(table: pd.DataFrame) -> Split:
    """The split that is reported: test where there is one."""
    return "test" if (table["split"] == "test").any() else "dev"


def shown_rows(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of a metric on the reported split, of settings that dev chose."""
    return table[(table["split"] == shown_split(table)) & table["chosen"] & (table["metric"] == metric)]


def _tree_scores(found: Mapping[Split, Candidates]) -> dict[str, dict[str, float]]:
    """By split and layer, the mean tree score of the sentences (Murty et al. 2023, equation 5)."""
    means = {
        split: {
            str(one.layer): float(one.tree_scores.mean())
            for candidates in methods.values()
            for one in candidates
            if one.tree_scores is not None
        }
        for split, methods in found.items()
    }
    return {split: values for split, values in means.items() if values}


def _draw(table: pd.DataFrame, folder: Path) -> None:
    """The one figure."""
    save_formats(untrained_figure(table), folder / "untrained")


def best_row(table: pd.DataFrame) -> "pd.Series[Any] | None":
    """The row of the reported split whose method and decoder have the highest UUAS on dev; None without any edge."""
    rows = table[table["chosen"] & (table["metric"] == "uuas") & (table["setting"] != "")]
    dev = rows[rows["split"] == "dev"].dropna(subset="value")
    if dev.empty:
        return None
    best = dev.iloc[int(dev["value"].argmax())]
    same = (rows["trees"] == best["trees"]) & (rows["setting"] == best["setting"])
    return rows[same & (rows["decoder"] == best["decoder"]) & (rows["split"] == shown_split(table))].iloc[0]


def _summary(table: pd.DataFrame) -> str:
    """The result in one sentence."""
    split, name, bank = shown_split(table), table["checkpoint"].iloc[0], table["treebank"].iloc[0]
    best = best_row(table)
    if best is None:
        return f"{name}: {bank} has no edge to score."
    rows = shown_rows(table, "uuas")
    chain = rows.loc[rows["trees"] == CHAIN, "value"].iloc[0]
    return (
        f"{name}, without any training: the trees of {best['trees']} ({best['setting']}, {best['decoder']}; "
        f"{CHOSEN_ON[split]}) have {best['value']:.1%} of the edges of {bank} ({split}), against {chain:.1%} of the "
        f"chain ({best['difference']:+.1%}, {best['difference_low']:+.1%} to {best['difference_high']:+.1%})."
    )


LEGEND = """\
UUAS: share of the gold edges in the trees; over: less the chain's, paired; UAS:
share of the words with their head; F1, recall: of the spans of the gold trees.
at: the layer or head, LM for the masked-LM head. ±: half the width of the 95 %
interval."""


def _closing(table: pd.DataFrame) -> Closing:
    """A line for each kind of trees and decoder, and one for each kind of bracketing."""
    split = shown_split(table)
    rows = table[(table["split"] == split) & table["chosen"]]
    trees = rows[rows["metric"].isin(["uuas", "uas"])]
    lines = aligned([["trees", "at", "decoder", "UUAS", "over", "UAS"], *_lines(trees, ("uuas", "over", "uas"))])
    spans = rows[~rows["metric"].isin(["uuas", "uas"])].replace({"metric": {"best_binary_f1": "bracket_f1"}})
    if len(spans):
        bracketings = [[*line[:2], *line[3:]] for line in _lines(spans, ("bracket_f1", "bracket_recall"))]
        lines += ["", *aligned([["bracketings", "at", "F1", "recall"], *bracketings])]
    title = f"{split_title(split, table['treebank'].iloc[0])}, {CHOSEN_ON[split]}"
    return Closing(text="\n".join([title, *lines, "", LEGEND]), rows=rows)


def _lines(rows: pd.DataFrame, metrics: Sequence[str]) -> Iterator[list[str]]:
    """Trees, the layer or head, the decoder, and the scores by some metrics."""
    for (trees, setting, decoder), own in rows.groupby(["trees", "setting", "decoder"], sort=False):
        found: dict[str, Mapping[Hashable, Any]] = {str(row["metric"]): row for row in own.to_dict("records")}
        place = str(setting).partition(", ")[0]
        name, at = (str(trees), place.removeprefix("layer ")) if trees not in _BASELINES else (f"{trees} {setting}", "")
        cells = [_gap(found.get("uuas")) if metric == "over" else _score(found.get(metric)) for metric in metrics]
        yield [name.strip(), at, str(decoder).removesuffix(" tree"), *cells]


def _gap(row: Mapping[Hashable, Any] | None) -> str:
    """A difference from the baseline; nothing where there is none."""
    return "" if row is None or np.isnan(row["difference"]) else f"{row['difference']:+.3f}"


def _score(row: Mapping[Hashable, Any] | None) -> str:
    """A score with half the width of its interval; nothing where there is none."""
    return "" if row is None else f"{row['value']:.3f} ±{(row['high'] - row['low']) / 2:.3f}"
