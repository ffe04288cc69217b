"""What training did to the trees: one checkpoint beside an earlier one of the same architecture, layer by layer."""

import textwrap
from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.extraction import CheckpointError
from treeprobe.pipeline.analyses.moved_measures import (
    COLUMNS,
    Scored,
    probe_rows,
    state_rows,
    subspace_rows,
    weight_rows,
)
from treeprobe.pipeline.closing_table import WIDTH, aligned
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import Probe, load_probes, measure, new_probes, read_states, train
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.results.scores import CHOSEN_ON
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.reporting import moved_figure, save_formats

TEXTS = ("checkpoint", "before", "treebank", "split", "measure", "resampled")
"""Columns of the table that stay text."""


def moved(subject: Subject, options: Options) -> Findings:
    """Compare a checkpoint with an earlier one: what probes find before and after, and what moved in between.

    Probes are trained on both; those of the earlier one are then scored on the states of the later one. Of several
    ranks the largest is used.

    Raises:
        CheckpointError: the earlier checkpoint cannot be loaded, or its states have another shape.
        FindingsError, ProbeError: the folder of probes holds none of the later checkpoint.
    """
    earlier = subject.earlier()
    _check_shapes(earlier, subject)
    saved = None if subject.probes is None else load_probes(subject.probes, subject)
    options = options if saved is None else saved.training(options)
    rank = max(options.fitted(dim=subject.encoder.dim, layers=subject.encoder.layers).ranks)
    options = replace(options, ranks=(rank,))
    old_states, states = read_states(earlier, options), read_states(subject, options)
    old: list[Probe] = train(earlier, new_probes(earlier, options), old_states)
    if saved is None:
        new = train(subject, new_probes(subject, options), states)
    else:
        new = [probe for probe in saved.probes if probe.rank == rank]
    scored = Scored(
        measure(earlier, old, old_states, options),
        measure(subject, new, states, options),
        measure(subject, old, states, options),
    )
    layers = sorted({probe.layer or 0 for probe in old})
    with subject.stage("bootstrap"):
        rows = list(probe_rows(scored))
    with subject.stage("compare states"):
        rows += [row for split in subject.scored for row in state_rows(old_states, states, split, layers)]
        rows += [*subspace_rows(old, new), *weight_rows(earlier.encoder, subject.encoder)]
    about = {"checkpoint": subject.encoder.name, "before": earlier.encoder.name, "treebank": subject.treebank}
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"n": "Int64"})
    for place, (name, value) in enumerate(about.items()):
        table.insert(place, name, value)
    return Findings(
        summary=_summary(table),
        tables={"moved": table},
        figures=partial(_draw, table),
        details={
            "before": {"name": earlier.encoder.name, "path": earlier.source, "digest": earlier.encoder.digest},
            "best_layer": best_layers(table),
        },
        closing=_closing(table),
        options=options,
    )


def _draw(table: pd.DataFrame, folder: Path) -> None:
    """The one figure."""
    save_formats(moved_figure(table), folder / "moved")


def best_layers(table: pd.DataFrame) -> dict[str, int | None]:
    """The layer of the highest UUAS on dev, before and after; None where there is none."""
    dev = table[table["split"] == "dev"]
    found: dict[str, int | None] = {}
    for side in ("before", "after"):
        rows = dev[dev["measure"] == f"uuas_{side}"].dropna(subset="value")
        found[side] = None if rows.empty else int(rows["layer"].iloc[int(rows["value"].argmax())])
    return found


def shown_split(table: pd.DataFrame) -> str:
    """The split that is reported: test where there is one."""
    return "test" if (table["split"] == "test").any() else "dev"


def measures_at(table: pd.DataFrame, layer: int) -> dict[str, Mapping[Hashable, Any]]:
    """The rows of one layer and the reported split, by measure, those of probes' subspaces among them."""
    rows = table[(table["layer"] == layer) & table["split"].isin([shown_split(table), "train"])]
    return {str(row["measure"]): row for row in rows.to_dict("records")}


def _check_shapes(earlier: Subject, subject: Subject) -> None:
    """Refuse two checkpoints whose layers cannot be set side by side."""
    shapes = [(one.encoder.blocks, one.encoder.dim) for one in (earlier, subject)]
    if shapes[0] != shapes[1]:
        found = ", ".join(
            f"{one.encoder.name} of {blocks} blocks and width {dim}"
            for one, (blocks, dim) in zip((earlier, subject), shapes)
        )
        raise CheckpointError(f"cannot compare layers of {found}; expected two checkpoints of one architecture")


def _summary(table: pd.DataFrame) -> str:
    """The result in one sentence, at the layer that was best before."""
    split, best = shown_split(table), best_layers(table)
    name, before, bank = (table[column].iloc[0] for column in ("checkpoint", "before", "treebank"))
    layer = best["before"]
    if layer is None:
        return f"{name}: {bank} has no edge to score."
    found = measures_at(table, layer)
    values, change = {measure: float(row["value"]) for measure, row in found.items()}, found["uuas_change"]
    return (
        f"{name}, beside {before}: at layer {layer}, the best before ({CHOSEN_ON[split]}), probes found "
        f"{values['uuas_before']:.1%} of the edges of {bank} ({split}) and find {values['uuas_after']:.1%} now "
        f"({change['value']:+.1%}, {change['low']:+.1%} to {change['high']:+.1%}); the old probe finds "
        f"{values['uuas_old_probe']:.1%} of them. The states' CKA is {values['cka']:.2f}, and the layer that changed "
        f"most is {_most_changed(table, split)}."
    )


def _most_changed(table: pd.DataFrame, split: str) -> int:
    """The layer of the largest change of states."""
    rows = table[(table["measure"] == "state_change") & (table["split"] == split)]
    return int(rows["layer"].iloc[int(rows["value"].argmax())])


_SHOWN = {
    "uuas_before": "before",
    "uuas_after": "after",
    "uuas_change": "change",
    "uuas_old_probe": "old probe",
    "cka": "CKA",
    "state_change": "moved by",
    "angle": "angle",
    "angle_of_seeds": "of seeds",
}


def _closing(table: pd.DataFrame) -> Closing:
    """A line a layer of the reported split."""
    split = shown_split(table)
    rows = table[table["split"].isin([split, "train"])]
    measures = [measure for measure in _SHOWN if (rows["measure"] == measure).any()]
    lines = [["layer", *(_SHOWN[measure] for measure in measures)]]
    for layer in sorted(rows["layer"].unique().tolist()):
        found = measures_at(table, layer)
        lines.append([f"{layer:>5}", *(_cell(measure, found[measure]) for measure in measures)])
    legend = (
        "UUAS before, after and of the old probe on the new states; change with half the width of its paired 95 % "
        "interval. CKA of the states; how far words moved, in units of their spread; the mean angle in degrees "
        "between the probes' leading directions, and between those of different seeds."
    )
    title = f"{split} ({table['treebank'].iloc[0]}): {table['before'].iloc[0]} to {table['checkpoint'].iloc[0]}"
    return Closing(text="\n".join([title, *aligned(lines), "", *textwrap.wrap(legend, WIDTH)]), rows=rows)


def _cell(measure: str, row: Mapping[Hashable, Any]) -> str:
    """A value as it is printed."""
    if measure == "uuas_change":
        return f"{row['value']:+.3f} ±{(row['high'] - row['low']) / 2:.3f}"
    return f"{row['value']:.0f}°" if measure.startswith("angle") else f"{row['value']:.3f}"
