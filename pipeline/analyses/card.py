"""The report card of a headline UUAS: what is left of it by length, attractors, words, order and constructions."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.parsing import Scorer, Treebank, TreebankError
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.card.cells import divided
from treeprobe.pipeline.card.closing import card_closing, card_summary
from treeprobe.pipeline.card.held_out import EVERY, held_out_rows
from treeprobe.pipeline.card.predictors import Place, Predictor, Trees, chain_trees, train_predictors
from treeprobe.pipeline.card.rows import Compared, card_table, changed_rows, joined_by, original_rows, tabulated
from treeprobe.pipeline.card.texts import (
    GRAMMAR,
    SCRAMBLED,
    Change,
    ChangedText,
    changes,
    grammar_text,
    pieces_by,
)
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.findings import Findings
from treeprobe.pipeline.results.scores import CHAIN
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import States
from treeprobe.reporting import card_figure, save_formats


def card(subject: Subject, options: Options) -> Findings:
    """Score distance probes, those of random weights and the chain on every cell of a text and of its changed forms.

    Probes are trained once and read every text; for constructions that are held out, those of the best layer are
    trained anew. Each predictor's layer is chosen on dev by UUAS; the last split given is scored.

    Raises:
        TreebankError: no edge of dev can be scored.
        FindingsError, ProbeError: the folder of probes holds none of this checkpoint.
    """
    predictors, options = train_predictors(subject, options)
    if predictors[0].best is None:
        bank = subject.splits["dev"]
        raise TreebankError(f"{bank.path or bank.name}: no edge of dev is left to score; expected some")
    split = subject.scored[-1]
    known = [sentence for bank in subject.splits.values() for sentence in bank]
    texts: dict[str, Treebank] = {split: subject.splits[split]}
    if options.grammar_sentences:
        texts[GRAMMAR] = grammar_text(options.grammar_sentences)
        known += texts[GRAMMAR]
    made = changes(options.conditions, known, encoder=subject.encoder, punctuation=options.punctuation)
    rows: list[dict[str, Any]] = []
    counts: dict[str, Any] = {}
    for name, text in texts.items():
        own = _Text(name, text, predictors)
        rows += own.rows(made)
        counts[name] = own.counts
    sets, left_out = held_out_rows(subject.splits[split], split, predictors, options.held_out)
    left_out |= {
        f"{condition} ({name})": "no sentence reads otherwise"
        for name, own in counts.items()
        for condition, count in own.items()
        if not count["sentences"]
    }
    with subject.stage("bootstrap"):
        rows += [{"source": split, **row} for one in sets for row in tabulated(one)]
    table = card_table(_told(row, subject, predictors, options) for row in rows)
    return Findings(
        summary=card_summary(table, subject.encoder.name, subject.treebank),
        tables={"card": table},
        figures=partial(_draw, table),
        details={
            "best_layer": {one.name: one.best for one in predictors},
            "texts": counts,
            "left_out": left_out,
        },
        closing=card_closing(table, left_out),
        options=options,
    )


class _Text:
    """One text scored as it is and as each condition has it.

    Attributes:
        counts: of each condition, how many sentences and words it changes, and their subwords before and after.
    """

    def __init__(self, name: str, bank: Treebank, predictors: Sequence[Predictor]) -> None:
        self.counts: dict[str, dict[str, float]] = {}
        self._name, self._bank, self._predictors = name, bank, predictors
        self._full: list[Place] = [(CHAIN, None), *((one.name, one.best) for one in predictors)]

    def rows(self, made: Mapping[str, Change]) -> list[dict[str, Any]]:
        """The rows of every condition, resampled condition by condition."""
        subject = self._predictors[0].subject
        scorer = self._scorer(self._bank)
        trees = self._trees(self._bank, scorer)
        text = divided(scorer)
        with subject.stage("score"):
            sets = [original_rows(text, joined_by(text, trees), self._full)]
        for condition, change in made.items():
            with subject.stage(f"make {condition}"):
                changed = ChangedText.of(condition, self._bank, change)
            self.counts[condition] = self._count(changed)
            if len(changed.bank):
                sets.append(self._changed(changed, trees))
        with subject.stage("bootstrap"):
            return [{"source": self._name, "training": EVERY, **row} for one in sets for row in tabulated(one)]

    def _changed(self, changed: ChangedText, trees: dict[Place, list[Trees]]) -> list[Compared]:
        """The rows of a changed text, beside its sentences as they were."""
        numbers = changed.numbers.tolist()
        touched = None if changed.condition == SCRAMBLED else changed.touched
        was = divided(self._scorer(Treebank([self._bank[number] for number in numbers])), touched=touched)
        text = divided(self._scorer(changed.bank), touched=touched)
        before = {place: [[one[number] for number in numbers] for one in own] for place, own in trees.items()}
        after = self._trees(changed.bank, text.scorer)
        with self._predictors[0].subject.stage("score"):
            joined = joined_by(was, before), joined_by(text, after)
            return changed_rows(was, joined[0], text, joined[1], self._full, condition=changed.condition)

    def _trees(self, bank: Treebank, scorer: Scorer) -> dict[Place, list[Trees]]:
        """The trees of a text by every predictor."""
        found = chain_trees(scorer)
        for one in self._predictors:
            found |= one.trees(self._states(one, bank), scorer)
        return found

    def _states(self, predictor: Predictor, bank: Treebank) -> States:
        """States of a text; those of a split are read already."""
        known: dict[Split, Treebank] = dict(predictor.subject.splits)
        split = next((name for name, own in known.items() if own is bank), None)
        return predictor.states_of(bank) if split is None else predictor.states[split]

    def _scorer(self, bank: Treebank) -> Scorer:
        return Scorer(bank, punctuation=self._predictors[0].options.punctuation)

    def _count(self, changed: ChangedText) -> dict[str, float]:
        """What the record says of a condition."""
        pieces = pieces_by(self._predictors[0].subject.encoder)
        words = [
            (self._bank[number].words[place], own.words[place])
            for number, own, mask in zip(changed.numbers.tolist(), changed.bank, changed.touched)
            for place in mask.nonzero()[0].tolist()
        ]
        before, after = (sum(pieces(pair[side]) for pair in words) for side in (0, 1))
        return {
            "sentences": len(changed.bank),
            "words": len(words),
            "subwords_before": before / max(1, len(words)),
            "subwords_after": after / max(1, len(words)),
        }


def _told(row: dict[str, Any], subject: Subject, predictors: Sequence[Predictor], options: Options) -> dict[str, Any]:
    """A row with what it is of."""
    best = {CHAIN: None, **{one.name: one.best for one in predictors}}
    probed = row["probe"] != CHAIN
    return {
        "checkpoint": subject.encoder.name,
        "treebank": subject.treebank,
        "rank": max(options.ranks) if probed else None,
        "seeds": len(options.seeds) if probed else None,
        "chosen": row["layer"] == best[row["probe"]],
        "punctuation": options.punctuation,
        **row,
    }


def _draw(table: pd.DataFrame, folder: Path) -> None:
    """One figure a text."""
    for text in table["source"].unique().tolist():
        save_formats(card_figure(table, text=text), folder / f"card-{text}")
