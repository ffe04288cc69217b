"""Sentence-level probes: what one vector of a sentence says of it, layer by layer, beside what its words say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pandas as pd

from treeprobe.extraction import sentence_units
from treeprobe.extraction.alignment import Pooling
from treeprobe.extraction.reading import Unit
from treeprobe.parsing import Tally, TreebankError
from treeprobe.parsing.scores import resample
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.closing_table import aligned
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.sentence_classifiers import (
    Classified,
    classify_lengths,
    classify_states,
    classify_words,
    majority,
)
from treeprobe.pipeline.probing.sentence_tasks import LEAST, Task, Texts, sentence_tasks
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.results.scores import CHOSEN_ON, RANDOM_WEIGHTS
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.reporting import save_formats, sentence_accuracy_figure

LINEAR = "linear"
SIMPLE = {"majority": majority, "bag of words": classify_words, "length": classify_lengths}
"""Baselines that read no states."""
TEXTS = ("checkpoint", "treebank", "split", "task", "probe", "pooling", "metric", "resampled")
"""Columns of the table that stay text."""
COLUMNS = (
    "checkpoint", "treebank", "split", "task", "probe", "pooling", "layer", "classes", "metric", "value", "low", "high",
    "n", "resampled", "gain", "gain_low", "gain_high", "gain_p",
)  # fmt: skip
"""`gain` is accuracy less that of the simple baseline that does best on dev, paired on the same sentences."""


def sentence_probes(subject: Subject, options: Options) -> Findings:
    """Train linear classifiers of sentences on one vector each at every layer, beside baselines, and score them.

    Tasks are those of Conneau et al. (2018, "What you can cram into a single $&!#* vector", section 2) that a treebank
    gives. The penalty of each classifier is chosen on dev.

    Raises:
        TreebankError: no task has enough labelled sentences.
        SpecialTokenError: a pooling was asked for whose special token the model does not read.
    """
    texts = Texts.of(subject.splits)
    tasks = sentence_tasks(subject.splits, texts, options.sentence_tasks)
    if not tasks:
        bank = subject.splits["train"]
        raise TreebankError(
            f"{bank.path or bank.name}: no task of {', '.join(options.sentence_tasks)} has two classes of {LEAST} "
            f"training sentences; found {len(bank)} sentences"
        )
    poolings = options.sentence_pooling or default_poolings(subject)
    measured = [_Measured.of(classify(task, texts), texts, name) for task in tasks for name, classify in SIMPLE.items()]
    twins = {LINEAR: subject, **({RANDOM_WEIGHTS: subject.with_random_weights(0)} if options.random_baseline else {})}
    for probe, one in twins.items():
        for pooling in poolings:
            measured += _probe(one, tasks, texts, options, probe=probe, pooling=pooling)
    with subject.stage("bootstrap"):
        rows = [row for split in subject.scored for row in _rows(measured, split)]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"layer": "Int64", "classes": "Int64", "n": "Int64"})
    table = table.assign(checkpoint=subject.encoder.name, treebank=subject.treebank)
    best = best_layers(table)
    return Findings(
        summary=_summary(best),
        tables={"sentence_probes": table},
        figures=partial(_draw, table),
        details={"poolings": list(poolings), "tasks": [task.name for task in tasks]},
        closing=_closing(best),
    )


def _draw(table: pd.DataFrame, folder: Path) -> None:
    """The one figure, a panel a task."""
    save_formats(sentence_accuracy_figure(table), folder / "sentence_probes")


def default_poolings(subject: Subject) -> list[str]:
    """[CLS] where the model has one that knows the sentence, or else the last subword; and the mean."""
    return ["cls" if "cls" in sentence_units(subject.encoder) else "last", "mean"]


@dataclass(frozen=True)
class _Measured:
    """The accuracy of one classifier on every scored split, with the columns that say what it is."""

    about: Mapping[str, Any]
    tallies: Mapping[Split, Tally]

    @classmethod
    def of(
        cls, found: Classified, texts: Texts, probe: str, *, pooling: str | None = None, layer: int | None = None
    ) -> "_Measured":
        about = {"task": found.task.name, "classes": found.task.classes}
        return cls({**about, "probe": probe, "pooling": pooling, "layer": layer}, found.tallies(texts))


def _probe(
    subject: Subject, tasks: Sequence[Task], texts: Texts, options: Options, *, probe: str, pooling: str
) -> Iterator[_Measured]:
    """Every task at every layer, from one way of pooling."""
    special = pooling in ("cls", "sep")
    unit = cast(Unit, pooling if special else "sentence")
    own = options if special else replace(options, pooling=cast(Pooling, pooling))
    read = subject.with_splits(texts.banks)
    states = {split: read.states(split, own, unit=unit) for split in texts.banks}
    for layer in options.layers or subject.encoder.layers:
        vectors = {split: found.read(slice(None), [layer])[0] for split, found in states.items()}
        with subject.stage(f"classify {subject.encoder.name}"):
            for task in tasks:
                yield _Measured.of(classify_states(task, vectors), texts, probe, pooling=pooling, layer=layer)


def _rows(measured: Sequence[_Measured], split: Split) -> Iterator[Mapping[str, Any]]:
    """Rows of one split: accuracy with its interval, and by how much it exceeds the best simple baseline."""
    found = resample([one.tallies[split] for one in measured])
    strongest: dict[str, int] = {}
    for number, one in enumerate(measured):
        if one.about["probe"] in SIMPLE:
            best = strongest.setdefault(one.about["task"], number)
            if one.tallies["dev"].value > measured[best].tallies["dev"].value:
                strongest[one.about["task"]] = number
    for number, one in enumerate(measured):
        row = {**vars(found.score(number)), **one.about, "split": split}
        if one.about["probe"] not in SIMPLE:
            gap = found.difference(number, strongest[one.about["task"]])
            row |= {"gain": gap.value, "gain_low": gap.low, "gain_high": gap.high, "gain_p": gap.p}
        yield row


def best_layers(table: pd.DataFrame) -> pd.DataFrame:
    """The reported split's row of every classifier, those of states at the layer that is best on dev."""
    keys = ["task", "probe", "pooling"]
    split = "test" if (table["split"] == "test").any() else "dev"
    dev = table[table["split"] == "dev"].sort_values("value", ascending=False, kind="stable")
    layers = dev.groupby(keys, dropna=False, sort=False)["layer"].first().rename("best")
    rows = table[table["split"] == split].merge(layers.reset_index(), on=keys)
    return rows[rows["layer"].isna() | (rows["layer"] == rows["best"])].drop(columns="best")


def _summary(best: pd.DataFrame) -> str:
    """The result in one sentence: which tasks states do better at than the best simple baseline."""
    rows = best[best["probe"] == LINEAR].sort_values("value", ascending=False).drop_duplicates("task")
    above = rows[rows["gain_low"] > 0]["task"].tolist()
    rest = [task for task in rows["task"] if task not in above]
    name, bank, split = (best[column].iloc[0] for column in ("checkpoint", "treebank", "split"))
    told = f"more than words, length and majority do in {_named(above)}" if above else "no more than its words do"
    less = f", and not in {_named(rest)}" if above and rest else ""
    return (
        f"{name}: one vector a sentence of {bank} ({split}; layers {CHOSEN_ON[split]}) says {told}{less} "
        "(95 % intervals, paired)."
    )


def _named(tasks: Sequence[str]) -> str:
    return ", ".join(task.replace("_", " ") for task in tasks)


def _closing(best: pd.DataFrame) -> Closing:
    """A line a task: baselines and ways of pooling at their best layers; in full, random weights and intervals too."""
    split = best["split"].iloc[0]
    first = f"Accuracy on {split}; [layer], {CHOSEN_ON[split]}. *: above the best of the three\nbaselines, paired 95 %."
    more = f"{first} ±: half the width of the 95 % interval. random: the architecture\nwith random weights."
    return Closing(
        text=f"{_lines(best[best['probe'] != RANDOM_WEIGHTS], intervals=False)}\n\n{first}",
        full=f"{_lines(best, intervals=True)}\n\n{more}",
        rows=best,
    )


def _lines(best: pd.DataFrame, *, intervals: bool) -> str:
    """The table as text."""
    rows = best.fillna({"pooling": ""})
    heads = list(dict.fromkeys(zip(rows["probe"], rows["pooling"])))
    lines = [["task", *(_title(probe, pooling) for probe, pooling in heads)]]
    for task, block in rows.groupby("task", sort=False):
        found = {(row["probe"], row["pooling"]): row for row in block.to_dict("records")}
        lines.append([str(task), *(_cell(found[head], intervals=intervals) for head in heads)])
    return "\n".join(aligned(lines))


def _title(probe: str, pooling: str) -> str:
    """What a column is called."""
    return probe if not pooling else f"{pooling}, random" if probe == RANDOM_WEIGHTS else pooling


def _cell(row: Mapping[Any, Any], *, intervals: bool) -> str:
    """Accuracy, with its layer where it is of states."""
    half = f" ±{(row['high'] - row['low']) / 2:.3f}" if intervals else ""
    if pd.isna(row["layer"]):
        return f"{row['value']:.3f}{half}"
    return f"{row['value']:.3f}{half} [{row['layer']}]{'*' if row['gain_low'] > 0 else ''}"
