"""Which sentence of a minimal pair a language model finds more probable."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.behaviour import (
    MinimalPair,
    NumberForms,
    PairError,
    WordFrequencies,
    accuracy_table,
    grammar_pairs,
    read_pairs,
    score_pairs,
    treebank_pairs,
)
from treeprobe.digests import file_digest
from treeprobe.extraction import CheckpointError, LanguageModel, language_model
from treeprobe.pipeline.analyses.behaviour_items import find_items
from treeprobe.pipeline.closing_table import aligned
from treeprobe.pipeline.options import Options, OptionsError
from treeprobe.pipeline.probing.probes import load_probes
from treeprobe.pipeline.results.choices import HEADLINE, by_metric
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.reporting import choice_accuracy, new_figure, save_formats

LEGEND = """\
Share of the pairs whose grammatical sentence has the higher log-probability;
±: half the width of the 95 % interval, chance 0.5. target: the words that
differ alone. frequency: the more frequent of them in the training text."""


def behaviour(subject: Subject, options: Options) -> Findings:
    """Score minimal pairs of agreement from each scored split and from the grammar, and those of the user's file.

    The forms of verbs come from all splits, the frequency baseline from the training split. Where the subject has the
    probes of a structural analysis, each pair is joined with the trees that they recover (`behaviour_items`); sentences
    are then read as the probes' were, whatever the options say.

    Raises:
        CheckpointError: the checkpoint has no language-model head.
        PairError: the file of pairs cannot be read, or no pair can be scored.
        OptionsError: no pair is of the constructions asked for.
        FindingsError, ProbeError: the subject's `probes` hold none, or those of another checkpoint.
    """
    model = _language_model(subject)
    saved = None if subject.probes is None else load_probes(subject.probes, subject)
    options = options if saved is None else saved.reading(options)
    with subject.stage("pairs"):
        pairs = collect_pairs(subject, options, number_forms(subject))
        train = subject.splits.get("train")
        frequencies = None if train is None else WordFrequencies.of(train.words)
    with subject.stage("score pairs"):
        table = score_pairs(
            model, pairs, natural=options.text == "natural", frequencies=frequencies, progress=subject.progress
        )
    left_out = Counter(table.loc[table["left_out"] != "", "left_out"].tolist())
    if left_out.total() == len(table):
        raise PairError(
            f"none of {len(table)} minimal pairs can be scored by {subject.encoder.name}: {', '.join(left_out)}; "
            "expected a checkpoint of the pairs' language"
        )
    with subject.stage("resample"):
        accuracy = accuracy_table(table, pairs)

    found = None
    if saved is not None:
        found = find_items(subject, saved, pairs, table, options, frequencies=frequencies)

    def draw(folder: Path) -> None:
        """Accuracy by construction, attractors and distance, each where pairs have it; associations by layer."""
        for by in ("construction", "attractors", "distance"):
            if (accuracy["by"] == by).any():
                _draw(accuracy, by, folder / by)
        if found is not None:
            found.draw(folder)

    joined = {} if found is None else {"items": found.items, "association": found.association}
    return Findings(
        summary=_summary(subject, accuracy) + ("" if found is None else found.sentence),
        tables={"pairs": table, "accuracy": accuracy, **joined},
        figures=draw,
        details={
            "prediction": model.prediction,
            "comparison": HEADLINE,
            "pairs": table["source"].value_counts(sort=False).to_dict(),
            "left_out": dict(left_out),
            "pairs_digest": None if options.pairs is None else file_digest(Path(options.pairs)),
            "items": None if found is None else found.details,
        },
        closing=Closing(f"{_closing_text(accuracy)}\n\n{LEGEND}", rows=accuracy),
        options=options,
    )


def number_forms(subject: Subject) -> NumberForms:
    """The forms of verbs by number, of all splits."""
    return NumberForms.of(sentence for bank in subject.splits.values() for sentence in bank)


def collect_pairs(subject: Subject, options: Options, forms: NumberForms) -> list[MinimalPair]:
    """All pairs that an analysis scores: of each scored split, of the grammar, and of the user's file.

    Raises:
        PairError: the file cannot be read, or there are no pairs at all.
        OptionsError: none is of the constructions asked for.
    """
    pairs = [pair for split in subject.scored for pair in treebank_pairs(subject.splits[split], forms, source=split)]
    pairs += grammar_pairs(options.grammar_pairs)
    pairs += [] if options.pairs is None else read_pairs(options.pairs)
    if not pairs:
        raise PairError(
            f"{subject.treebank}: no minimal pairs: no finite verb whose Number (column FEATS) its subject shows, and "
            "whose other form is in the treebank; expected such verbs, pairs of the grammar, or a file of pairs"
        )
    if options.constructions is None:
        return pairs
    there = dict.fromkeys(pair.construction for pair in pairs)
    if unknown := [name for name in options.constructions if name not in there]:
        raise OptionsError(
            f"constructions (--constructions): no pair of {', '.join(unknown)}; found {', '.join(there)}"
        )
    return [pair for pair in pairs if pair.construction in options.constructions]


def _language_model(subject: Subject) -> LanguageModel:
    """The subject's checkpoint with its head; the error where it has none says what can be measured all the same."""
    try:
        return language_model(subject.source, subject.encoder)
    except CheckpointError as error:
        raise CheckpointError(
            f"{error}. So it has no probabilities of words to compare; its hidden states and attention can be analysed "
            "(treeprobe run, heads, convolution)"
        ) from error


def _draw(accuracy: pd.DataFrame, by: str, stem: Path) -> None:
    """One figure of accuracy."""
    size = (5.2, 1.4 + 0.32 * accuracy.loc[accuracy["by"] == by, "category"].nunique())
    figure, axes = new_figure(size if by == "construction" else (4.8, 3.2))
    choice_accuracy(accuracy, axes, by=by, metric=HEADLINE)
    save_formats(figure, stem)


def _summary(subject: Subject, accuracy: pd.DataFrame) -> str:
    """The result in one sentence."""
    parts = []
    for source, block in accuracy[accuracy["by"] == "all"].groupby("source", sort=False):
        found = by_metric(block)
        whole, baseline = found[HEADLINE], found.get("frequency")
        beside = "" if baseline is None else f", word frequency {baseline['value']:.1%}"
        parts.append(
            f"{whole['value']:.1%} of the {whole['n']:,} pairs of {_source_name(str(source), subject.treebank)} "
            f"({whole['low']:.1%} to {whole['high']:.1%}{beside})"
        )
    return (
        f"{subject.encoder.name} finds the grammatical sentence of a minimal pair the more probable one in "
        f"{'; '.join(parts)}; chance is 50%{_hardest(accuracy)}."
    )


def _source_name(source: str, treebank: str) -> str:
    """What a sentence calls the source of pairs."""
    if source in ("dev", "test"):
        return source if treebank == source else f"{source} ({treebank})"
    return "the grammar" if source == "grammar" else source


def _hardest(accuracy: pd.DataFrame) -> str:
    """What is left of agreement across the most attractors of the grammar."""
    rows = accuracy[
        (accuracy["by"] == "attractors") & (accuracy["source"] == "grammar") & (accuracy["metric"] == HEADLINE)
    ]
    if len(rows) < 2:
        return ""
    first, last = rows.iloc[0], rows.iloc[-1]
    return (
        f"; in the grammar's, {first['value']:.1%} with {first['category']} attractors and {last['value']:.1%} with "
        f"{last['category']}"
    )


def _closing_text(accuracy: pd.DataFrame) -> str:
    """Accuracy by source and construction, and by attractors, as a terminal shows it."""
    metrics = [name for name in (HEADLINE, "target", "frequency") if (accuracy["metric"] == name).any()]
    lines: list[Sequence[str]] = [["", "", "pairs", *metrics]]
    shown = accuracy[accuracy["by"] != "distance"]
    for (source, by, category), rows in shown.groupby(["source", "by", "category"], sort=False):
        found = by_metric(rows)
        name = {"all": "all", "attractors": f"{category} attractors"}.get(str(by), str(category))
        cells = [_cell(found[one]) if one in found else "–" for one in metrics]
        pairs = max(int(row["n"]) for row in found.values())
        lines.append([str(source) if by == "all" else "", name, f"{pairs:,}", *cells])
    return "\n".join(aligned(lines))


def _cell(row: Mapping[Hashable, Any]) -> str:
    """A share and half the width of its interval."""
    return f"{row['value']:.3f} ±{(row['high'] - row['low']) / 2:.3f}"
