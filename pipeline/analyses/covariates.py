"""Properties of a treebank, and how a checkpoint's tokenizer meets its words: what scores may go with."""

from typing import Any

import pandas as pd

from treeprobe.pipeline.atlas.covariates import TOKENIZER, TREEBANK, tokenizer_measures, treebank_measures
from treeprobe.pipeline.closing_table import aligned
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.subjects.subject import Subject, spaces


def covariates(subject: Subject, options: Options) -> Findings:
    """Measure size, lengths, non-projectivity and morphology of every split, and subwords, split and unknown words.

    Runs the tokenizer and not the model.
    """
    rows: list[dict[str, Any]] = []
    for split, bank in subject.splits.items():
        with subject.stage(f"measure {split}"):
            found = {"treebank": treebank_measures(bank)}
            tokenizer = subject.encoder.tokenizer
            found["tokenizer"] = tokenizer_measures(bank, tokenizer, space_after=spaces(bank, options))
        rows += [
            {"of": of, "measure": name, "split": split, "value": one.value, "low": one.low, "high": one.high}
            for of, measures in found.items()
            for name, one in measures.items()
        ]
    table = pd.DataFrame(rows)
    return Findings(
        summary=_summary(subject, table), tables={"covariates": table}, closing=Closing(_text(table), table)
    )


def _summary(subject: Subject, table: pd.DataFrame) -> str:
    """The measures of the last split in one sentence."""
    split = list(subject.splits)[-1]
    values = table[table["split"] == split].set_index("measure")["value"]
    forms = f", {values['forms_per_lemma']:.2f} forms a lemma" if "forms_per_lemma" in values else ""
    return (
        f"{subject.treebank} ({split}): {values['words']:,.0f} words in {values['sentences']:,.0f} sentences, "
        f"{values['nonprojective_arcs']:.1%} of the arcs not projective{forms}; {subject.encoder.name} splits a word "
        f"into {values['subwords_per_word']:.2f} subwords on average and does not know {values['unknown_words']:.1%}."
    )


def _text(table: pd.DataFrame) -> str:
    """A row a measure, a column a split."""
    splits = list(dict.fromkeys(table["split"]))
    wide = table.pivot(index="measure", columns="split", values="value")
    rows = [
        [title, *("–" if pd.isna(wide.loc[name, split]) else f"{wide.loc[name, split]:,.4g}" for split in splits)]
        for name, title in {**TREEBANK, **TOKENIZER}.items()
        if name in wide.index
    ]
    return "\n".join(aligned([["", *splits], *rows]))
