"""Is it the representation or the probe? What each layer adds to a baseline, and what it takes to read it."""

import textwrap
from collections.abc import Container, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.parsing import TreebankError
from treeprobe.pipeline.closing_table import WIDTH, aligned, split_title
from treeprobe.pipeline.effort.table import effort_table, measures_of, points_table
from treeprobe.pipeline.effort.training import Trained, Training
from treeprobe.pipeline.effort.verdict import VERDICTS, verdicts_table
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import read_states
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.results.scores import CHAIN, CHOSEN_ON
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes.description_length import HELD_OUT
from treeprobe.reporting import effort_figure, save_formats

TEXTS = ("family", "measure", "axis")
"""Columns of the tables that stay text."""

LEGEND = """\
added: the probe of layer and baseline side by side, less that of the baseline
beside zeros. Selectivity: UUAS less that on control trees. Compression: uniform
code over online code of the training trees. By rank, norm, sentences: mean UUAS
over all that a probe may be given: the hypervolume below the Pareto front.
In brackets: 95 % intervals, paired. *: the best layer on dev."""

MEASURES = {
    "uuas": "UUAS of the layer",
    "conditional_uuas": "added to the baseline",
    "selectivity_uuas": "selectivity",
    "compression": "compression",
    "hypervolume_rank": "UUAS by rank",
    "hypervolume_norm": "UUAS by nuclear norm",
    "hypervolume_sentences": "UUAS by sentences",
}
SIGNED = ("conditional_uuas", "selectivity_uuas")
_SHORT = dict(zip(MEASURES, ("UUAS", "added", "select.", "compr.", "rank", "norm", "sent.")))


def effort(subject: Subject, options: Options) -> Findings:
    """Measure, for each layer and family of probe, the score and what it is owed to, on the same sentences.

    Score, selectivity (Hewitt & Liang 2019), description length (Voita & Titov 2020), what the layer adds to a baseline
    (Hewitt et al. 2021), and accuracy against rank, norm and sentences as fronts with their hypervolumes (Pimentel et
    al. 2020). Of several ranks the largest is that of all but the fronts.

    Raises:
        TreebankError: there are too few training sentences for a code.
        OptionsError: there is no such family, or no such layer of the baseline.
    """
    bank = subject.splits["train"]
    if len(bank) <= HELD_OUT:
        raise TreebankError(
            f"{bank.path or bank.name}: {len(bank)} sentences; description length needs more than {HELD_OUT}"
        )
    trained = Training(subject, read_states(subject, options), options).found()
    with subject.stage("resample"):
        measures = measures_of(trained, bank)
        own = options.baseline if options.baseline_model is None else None
        table = effort_table(measures, trained, rank=max(options.ranks), baseline=own)
        points = points_table(measures)
    best, verdicts = trained.best_layer, verdicts_table(table)
    table = table.merge(verdicts, how="left", on=["layer", "family"])
    return Findings(
        summary=_summary(subject, table, trained, options),
        tables={"effort": table, "points": points},
        figures=partial(_draw, table, points, layer=best, baseline=own),
        details={
            "best_layer": best,
            "split": trained.split,
            "baseline": {"layer": options.baseline, "model": options.baseline_model},
            "verdicts": verdicts[verdicts["layer"] == best][["family", "verdict"]].to_dict("records"),
        },
        closing=_closing(table, best),
    )


def baseline_name(options: Options) -> str:
    """What the baseline is called: a layer, and the encoder that it is of where that is another."""
    of = "" if options.baseline_model is None else f" of {Path(options.baseline_model).name}"
    return f"layer {options.baseline}{of}"


def _summary(subject: Subject, table: pd.DataFrame, trained: Trained, options: Options) -> str:
    """What the best layer adds by each family, and the verdict."""
    best, split = trained.best_layer, trained.split
    told = []
    for family in options.families:
        rows = table[table["family"] == family]
        alone = float(rows.loc[rows["measure"] == "baseline_uuas", "value"].iloc[0])
        found: dict[Any, Any] = rows[rows["layer"] == best].set_index("measure").to_dict("index")
        added, low, high = (100 * found["conditional_uuas"][name] for name in ("value", "low", "high"))
        told.append(
            f"{family}: {alone:.1%} alone, {added:+.1f} points by the layer ({low:+.1f} to {high:+.1f}), selectivity "
            f"{100 * found['selectivity_uuas']['value']:+.1f}: {found['uuas']['verdict']}"
        )
    return (
        f"{subject.encoder.name}: what layer {best}, {CHOSEN_ON[split]}, adds to {baseline_name(options)} in UUAS on "
        f"{split_title(split, subject.splits[split].name)}, by family of probe: {'; '.join(told)}."
    )


def _closing(table: pd.DataFrame, best: int) -> Closing:
    """The best layer with intervals, a column a family; in full, every layer without them."""
    rows = table[(table["family"] != CHAIN) & table["layer"].notna()]
    families = list(dict.fromkeys(rows["family"]))
    own = rows[rows["layer"] == best].set_index(["measure", "family"])
    first = [[f"layer {best}", *families]]
    for measure, name in MEASURES.items():
        cells = [_cell(measure, own.loc[(measure, one)]) if (measure, one) in own.index else "" for one in families]
        first += [[name, *cells]] if any(cells) else []
    verdicts = {one: str(own.loc[("uuas", one), "verdict"]) for one in families}
    first.append(["verdict", *verdicts.values()])
    every = [["family", "layer", *_SHORT.values(), "verdict"]]
    for (family, layer), found in rows.groupby(["family", "layer"], sort=False):
        values = found.set_index("measure")["value"].to_dict()
        cells = [f"{values[name]:.3f}" if name in values else "" for name in _SHORT]
        mark = "*" if layer == best else ""
        every.append([str(family), f"{layer}{mark}", *cells, str(found["verdict"].iloc[0])])
    text = _told(first, set(verdicts.values()))
    return Closing(text, rows=table, full=_told(every, {line[-1] for line in every}))


def _told(lines: Sequence[Sequence[str]], verdicts: Container[str]) -> str:
    """A table, what its verdicts mean, and the legend."""
    meanings = [textwrap.fill(f"{name}: {told}.", WIDTH) for name, told in VERDICTS.items() if name in verdicts]
    return "\n".join([*aligned(lines), "", *meanings, LEGEND])


def _cell(measure: str, row: "pd.Series[Any]") -> str:
    """A value with its interval."""
    digits, sign = (2, "") if measure == "compression" else (3, "+" if measure in SIGNED else "")
    return f"{row['value']:{sign}.{digits}f} ({row['low']:{sign}.{digits}f} to {row['high']:{sign}.{digits}f})"


def _draw(table: pd.DataFrame, points: pd.DataFrame, folder: Path, *, layer: int, baseline: int | None) -> None:
    """The one figure."""
    save_formats(effort_figure(table, points, layer=layer, baseline=baseline), folder / "effort")
