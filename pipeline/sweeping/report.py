"""The report of a sweep: what its tables and figures say, as one HTML file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from parsing import Tally, paired_difference
from pipeline.sweeping.attention_sections import convolution_section, heads_section
from pipeline.sweeping.comparisons import Measured, measured_settings, table_of
from pipeline.sweeping.keeping import read_edges
from pipeline.sweeping.store import Store, read_json, written_whole
from pipeline.sweeping.sweep import load_results
from reporting import category_map, heat_map, layer_curves, new_figure, paired_differences, rank_curves, step_curves
from reporting.html import Cell, Picture, Report, Section, Table, picture, render_report

METRICS = {"uuas": "UUAS", "dspr": "DSpr.", "root_accuracy": "root acc.", "nspr": "NSpr."}
PROBE_OF = {"uuas": "distance", "dspr": "distance", "root_accuracy": "depth", "nspr": "depth"}
BASELINE_ROWS = {"random weights": "random weights, same architecture", "chain": "left-to-right chain"}
MOST_CURVES = 7


@dataclass(frozen=True)
class Results:
    """What a report is made of: the table, and each structural task with what it measured, of one split."""

    scores: pd.DataFrame
    tasks: Sequence[dict[str, Any]]
    measured: dict[tuple[str, str], list[Measured]]
    """By (checkpoint, treebank), the distance and depth probes of the largest rank and first seed on dev."""
    store: Store


def write_report(folder: str | Path, out: str | Path | None = None) -> Path:
    """Write the report of a sweep's folder, `report.html` inside it unless told; whole or not at all.

    Raises SweepError when the folder holds no sweep.
    """
    results = read_results(folder)
    target = results.store.folder / "report.html" if out is None else Path(out).absolute()
    page = render_report(make_report(results))
    with written_whole(target) as draft:
        draft.write_text(page, encoding="utf-8")
    return target


def read_results(folder: str | Path) -> Results:
    """Everything that the report reads, from the finished tasks."""
    store = Store.existing(folder)
    tasks = store.records()
    measured = {}
    for task in tasks:
        if task["analysis"] == "structure":
            rows = [
                one
                for one in measured_settings(store.tasks / task["task"])
                if one.split == "dev" and one.probe in ("distance", "depth")
            ]
            rank, seed = max(one.rank or 0 for one in rows), min(one.seed or 0 for one in rows)
            measured[task["checkpoint"], task["treebank"]] = [
                one for one in rows if (one.rank, one.seed) == (rank, seed)
            ]
    return Results(load_results(folder), tasks, measured, store)


def make_report(results: Results) -> Report:
    """The report's content."""
    names = list(dict.fromkeys(task["checkpoint"] for task in results.tasks))
    banks = list(dict.fromkeys(task["treebank"] for task in results.tasks))
    failed = results.store.failed()
    sections = [
        headline_section(results),
        *(layers_section(results, bank) for bank in banks),
        training_section(results),
        ranks_section(results),
        relations_section(results, banks),
        comparison_section(results, banks),
        transfer_section(results),
        heads_section(results.store, results.tasks),
        convolution_section(results.store, results.tasks),
        failures_section(failed),
        provenance_section(results),
    ]
    found = f"{len(names)} checkpoint{'s' * (len(names) != 1)} on {', '.join(banks) or 'no treebank'}"
    return Report(
        title=f"Syntax in {', '.join(names) if 0 < len(names) <= 3 else f'{len(names)} checkpoints'}",
        summary=headline_sentence(results) or f"{found}; no structural results yet.",
        facts={
            "checkpoints": str(len(names)),
            "treebanks": ", ".join(banks) or "none",
            "tasks": f"{len(results.tasks)} done, {len(failed)} failed",
            "intervals": "95 %, by resampling sentences",
        },
        sections=[section for section in sections if section is not None],
        explorer=explorer(results),
    )


def structure_rows(results: Results, **kept: str) -> pd.DataFrame:
    """The rows of structural tasks on dev of the probes' largest rank and first seed, and of their baselines."""
    scores = results.scores
    rows = scores[(scores["analysis"] == "structure") & (scores["split"] == "dev")]
    for column, value in kept.items():
        rows = rows[rows[column] == value]
    largest = rows.groupby(["checkpoint", "treebank"])["rank"].transform("max")
    return rows[rows["rank"].isna() | (rows["rank"] == largest)]


def best_row(rows: pd.DataFrame) -> pd.Series | None:
    """The row of the highest value; None where there is none."""
    return None if rows.empty or rows["value"].isna().all() else rows.iloc[int(rows["value"].argmax())]


def headline_sentence(results: Results) -> str:
    """The one sentence that a reader takes along."""
    found = structure_rows(results, metric="uuas", probe="distance")
    best = best_row(found)
    if best is None:
        return ""
    chain = structure_rows(results, metric="uuas", probe="chain", treebank=best["treebank"])["value"].max()
    found_here = f"its distance probe finds {best['value']:.1%} of the edges of {best['treebank']}"
    if not best["value"] > chain:
        return (
            f"No checkpoint does better than joining each word to the next ({chain:.1%} of the edges): the best is "
            f"{best['checkpoint']}, and {found_here} at layer {int(best['layer'])}."
        )
    return (
        f"{best['checkpoint']} has the most syntax: at layer {int(best['layer'])}, {found_here}, against {chain:.1%} "
        "when each word is joined to the next."
    )


def headline_section(results: Results) -> Section:
    """Best layers of every checkpoint and treebank, baselines below them."""
    rows = structure_rows(results)
    tables = []
    for bank in dict.fromkeys(rows["treebank"]):
        here = rows[rows["treebank"] == bank]
        lines: list[list[Cell]] = []
        for name in dict.fromkeys(here["checkpoint"]):
            own = here[here["checkpoint"] == name]
            lines.append([Cell(name), *(score_cell(own, metric, PROBE_OF[metric]) for metric in METRICS)])
        mark_best(lines)
        quiet = len(lines)
        for probe, title in BASELINE_ROWS.items():
            own = here[here["probe"] == probe]
            if not own.empty:
                lines.append([Cell(title), *(score_cell(own, metric, probe) for metric in METRICS)])
        tables.append(
            Table(
                f"{bank}, development sentences: each checkpoint at its best layer [95 % interval]",
                ["checkpoint", *METRICS.values()],
                lines,
                frozenset(range(quiet, len(lines))),
            )
        )
    return Section(
        "headline",
        "Headline",
        "UUAS is the share of gold edges in the tree that a distance probe recovers, punctuation left out; DSpr. and "
        "NSpr. are rank correlations of distances and depths; root accuracy is how often the shallowest word is the "
        "root. Layers were chosen on these same sentences. Random weights stand at the best of their layers.",
        tables,
    )


def score_cell(rows: pd.DataFrame, metric: str, probe: str) -> Cell:
    """The best layer's value with its interval."""
    best = best_row(rows[(rows["metric"] == metric) & (rows["probe"] == probe)])
    if best is None:
        return Cell("–")
    layer = "" if pd.isna(best["layer"]) else f"layer {int(best['layer'])} "
    return Cell(
        f"{best['value']:.3f}", f"{layer}[{best['low']:.3f}, {best['high']:.3f}]", round(float(best["value"]), 6)
    )


def mark_best(lines: list[list[Cell]]) -> None:
    """Make the highest value of each column stand out, where there is something to compare."""
    for column in range(1, len(lines[0]) if len(lines) > 1 else 0):
        numbers = [line[column].number for line in lines]
        if any(number is not None for number in numbers):
            row = int(np.nanargmax([np.nan if number is None else number for number in numbers]))
            cell = lines[row][column]
            lines[row][column] = Cell(cell.text, cell.note, cell.number, best=True)


def layers_section(results: Results, bank: str) -> Section | None:
    """Curves of every metric over layers; a map too, where curves would be too many to tell apart."""
    rows = structure_rows(results, treebank=bank)
    if rows.empty:
        return None
    names = list(dict.fromkeys(rows["checkpoint"]))
    pictures = []
    if len(names) > MOST_CURVES:
        pictures += [layer_map(rows, names, metric) for metric in METRICS]
    shown = chosen_curves(rows, names)
    for metric, title in METRICS.items():
        own = rows[(rows["metric"] == metric) & rows["checkpoint"].isin(shown)]
        plain = own["probe"].isin(list(BASELINE_ROWS))
        # The chain is the same for every checkpoint, and random weights nearly so: one of each will do.
        once = own["checkpoint"] == own.groupby("probe")["checkpoint"].transform("first")
        own = own[~plain | once]
        own = own.assign(probe=own["probe"].where(own["probe"].isin(list(BASELINE_ROWS)), own["checkpoint"]))
        figure, axes = new_figure((5.2, 3.4))
        layer_curves(own[["layer", "probe", "metric", "value", "low", "high"]], axes, metric=metric)
        pictures.append(picture(figure, title=f"{title} by layer, {bank}", description=curve_text(own, metric, title)))
    text = "Bands are 95 % intervals; the hollow point is layer 0, the embeddings; grey lines are baselines."
    if len(shown) < len(names):
        text += f" Curves show {len(shown)} of {len(names)} checkpoints, spread over the range of their best scores."
    return Section(f"layers-{bank}", f"Layers: {bank}", text, pictures=pictures)


def chosen_curves(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Up to `MOST_CURVES` checkpoints, from the worst to the best."""
    if len(names) <= MOST_CURVES:
        return list(names)
    best = rows[(rows["metric"] == "uuas") & (rows["probe"] == "distance")].groupby("checkpoint")["value"].max()
    ordered = best.sort_values().index
    places = np.linspace(0, len(ordered) - 1, MOST_CURVES).round().astype(int)
    return [str(ordered[place]) for place in places]


def layer_map(rows: pd.DataFrame, names: Sequence[str], metric: str) -> Picture:
    """A metric of every checkpoint and layer, shaded."""
    own = rows[(rows["metric"] == metric) & (rows["probe"] == PROBE_OF[metric])]
    table = own.pivot_table(index="checkpoint", columns="layer", values="value").reindex(list(names))
    figure, axes = new_figure((5.4, 1.0 + 0.21 * len(names)))
    heat_map(
        table.to_numpy(dtype=float),
        axes,
        rows=[str(name) for name in table.index],
        columns=[str(layer) for layer in table.columns],
        label=METRICS[metric],
    )
    axes.set_xlabel("layer", fontsize=9)
    return picture(
        figure,
        title=f"{METRICS[metric]} of every checkpoint and layer",
        description=f"Heat map of {METRICS[metric]}, {len(names)} checkpoints by {table.shape[1]} layers",
    )


def curve_text(rows: pd.DataFrame, metric: str, title: str) -> str:
    """What the curves show, for those who cannot see them."""
    parts = []
    for name, own in rows[~rows["probe"].isin(list(BASELINE_ROWS))].groupby("probe", sort=False):
        best = best_row(own)
        if best is not None:
            parts.append(f"{name} peaks at layer {int(best['layer'])} with {best['value']:.3f}")
    return f"{title} by layer: {'; '.join(parts)}"


def training_section(results: Results) -> Section | None:
    """Scores over the steps of training runs, each step at its best layer."""
    rows = structure_rows(results)
    rows = rows[rows["step"].notna()]
    if rows.empty:
        return None
    pictures: list[Picture] = []
    for metric, title in METRICS.items():
        own = rows[(rows["metric"] == metric) & (rows["probe"] == PROBE_OF[metric])]
        best = own.loc[own.groupby(["family", "treebank", "step"])["value"].idxmax()]
        several = best["family"].nunique() * best["treebank"].nunique() > 1
        best = best.assign(probe=best["family"] + (", " + best["treebank"] if several else ""))
        chain = (
            rows[(rows["metric"] == metric) & (rows["probe"] == "chain")]
            .drop_duplicates("treebank")
            .astype({"step": "Int64"})
        )
        chain["step"] = None
        shown: pd.DataFrame = pd.concat([best, chain])[["step", "probe", "metric", "value", "low", "high"]]
        figure, axes = new_figure((5.2, 3.2))
        step_curves(shown, axes, metric=metric)
        if best["step"].max() > 0:
            axes.set_xscale("symlog", linthresh=max(float(best.loc[best["step"] > 0, "step"].min()), 1.0))
        text = "; ".join(f"step {step}: {value:.3f}" for step, value in zip(best["step"], best["value"]))
        pictures.append(picture(figure, title=f"{title} over training, at the best layer", description=text))
    return Section(
        "training",
        "Training",
        "Each step at the layer that is best for it; steps on a logarithmic scale.",
        (),
        pictures,
    )


def ranks_section(results: Results) -> Section | None:
    """Scores by the probes' rank, each checkpoint at its best layer."""
    scores = results.scores
    rows = scores[(scores["analysis"] == "structure") & (scores["split"] == "dev") & (scores["metric"] == "uuas")]
    rows = rows[rows["probe"] == "distance"]
    if rows["rank"].nunique() < 2:
        return None
    rows = rows[rows["checkpoint"].isin(chosen_curves(rows, list(dict.fromkeys(rows["checkpoint"]))))]
    best = rows.loc[rows.groupby(["checkpoint", "treebank", "rank"])["value"].idxmax()].drop(columns="layer")
    figure, axes = new_figure((5.2, 3.2))
    rank_curves(best.drop(columns=["split"]), axes, metric="uuas")
    text = "; ".join(f"{row.checkpoint}, rank {row.rank}: {row.value:.3f}" for row in best.itertuples())
    return Section(
        "ranks",
        "Ranks",
        "How many dimensions the tree needs: UUAS at the best layer, by the rank of the probe.",
        pictures=[picture(figure, title="UUAS by rank", description=text)],
    )


def best_uuas(results: Results, checkpoint: str, bank: str) -> tuple[Measured, Tally] | None:
    """The best layer of a checkpoint on dev, with its tally."""
    rows = [one for one in results.measured.get((checkpoint, bank), []) if one.metric == "uuas"]
    if not rows:
        return None
    tallies = [one.tally() for one in rows]
    place = int(np.argmax([tally.value for tally in tallies]))
    return rows[place], tallies[place]


def relations_section(results: Results, banks: Sequence[str]) -> Section | None:
    """The share of each relation's edges that every checkpoint's best layer finds."""
    pictures = []
    for bank in banks:
        frames = []
        for checkpoint, treebank in results.measured:
            found = best_uuas(results, checkpoint, bank) if treebank == bank else None
            if found is not None:
                table = table_of(read_edges(found[0].folder, "dev"), found[0])
                counted = table.groupby("relation", sort=False)["correct"].agg(value="mean", n="size").reset_index()
                frames.append(
                    counted.rename(columns={"relation": "category"}).assign(by="relation", checkpoint=checkpoint)
                )
        if not frames:
            continue
        shown = pd.concat(frames, ignore_index=True)
        relations = min(shown["category"].nunique(), 30)
        figure, axes = new_figure((max(4.4, 2.4 + 0.42 * len(frames)), 1.6 + 0.2 * relations))
        category_map(shown, axes, across="checkpoint")
        pictures.append(
            picture(
                figure,
                title=f"Edges found by relation, {bank}; how many there are in brackets",
                description=f"Heat map of edges recovered, {relations} relations by {len(frames)} checkpoints",
            )
        )
    if not pictures:
        return None
    return Section(
        "relations", "Relations", "Each checkpoint at its best layer, the commonest relations first.", (), pictures
    )


def comparison_section(results: Results, banks: Sequence[str]) -> Section | None:
    """Every checkpoint against the best one, on the same sentences."""
    pictures, tables = [], []
    for bank in banks:
        found = {name: best_uuas(results, name, treebank) for name, treebank in results.measured if treebank == bank}
        tallies = {name: one[1] for name, one in found.items() if one is not None}
        if len(tallies) < 2:
            continue
        best = max(tallies, key=lambda name: tallies[name].value)
        ordered = sorted((name for name in tallies if name != best), key=lambda name: -tallies[name].value)
        gaps = {name: paired_difference(tallies[name], tallies[best]) for name in ordered}
        figure, axes = new_figure((5.6, 0.9 + 0.26 * len(gaps)))
        paired_differences(gaps, axes, baseline=best)
        text = "; ".join(f"{name}: {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]" for name, gap in gaps.items())
        pictures.append(picture(figure, title=f"UUAS against {best}, {bank}", description=text))
        tables.append(relation_gaps(found[best], found[ordered[0]], best, ordered[0], bank))  # type: ignore[arg-type]
    if not pictures:
        return None
    return Section(
        "comparison",
        "Checkpoints compared",
        "Differences on the same resampled sentences, so that what is hard for all cancels out. A full point leaves no "
        "difference outside its 95 % interval; no correction is made for the number of comparisons.",
        tables,
        pictures,
    )


def relation_gaps(
    better: tuple[Measured, Tally], worse: tuple[Measured, Tally], best: str, second: str, bank: str
) -> Table:
    """The relations in which the two best checkpoints differ most, weighed by how many edges that makes."""
    first, other = (table_of(read_edges(one.folder, "dev"), one) for one in (better[0], worse[0]))
    joined = first[["relation", "correct"]].assign(other=other["correct"].to_numpy())
    grouped = joined.groupby("relation").agg(n=("correct", "size"), a=("correct", "mean"), b=("other", "mean"))
    grouped = grouped.assign(edges=((grouped["a"] - grouped["b"]) * grouped["n"]).round().astype(int))
    largest = grouped.reindex(grouped["edges"].abs().sort_values(ascending=False, kind="stable").index).head(10)
    rows = [
        [
            Cell(row["relation"]),
            Cell(f"{row['n']:,}", number=row["n"]),
            Cell(f"{row['a']:.3f}", number=round(row["a"], 6)),
            Cell(f"{row['b']:.3f}", number=round(row["b"], 6)),
            Cell(f"{row['edges']:+d}", number=row["edges"]),
        ]
        for row in largest.reset_index().to_dict("records")
    ]
    return Table(
        f"{bank}: where {best} and {second} differ most", ["relation", "edges", best, second, "more found"], rows
    )


def transfer_section(results: Results) -> Section | None:
    """Probes of one treebank scored on another."""
    scores = results.scores
    rows = scores[(scores["metric"] == "uuas") & (scores["split"] == "dev") & (scores["probe"] == "distance")]
    if not (rows["analysis"] == "transfer").any():
        return None
    best = rows.loc[rows.groupby(["checkpoint", "trained_on", "treebank"])["value"].idxmax()]
    pictures = []
    for name, own in best.groupby("checkpoint", sort=False):
        table = own.pivot_table(index="trained_on", columns="treebank", values="value")
        figure, axes = new_figure((2.6 + 0.7 * table.shape[1], 1.5 + 0.4 * len(table)))
        names = [[str(one) for one in axis] for axis in (table.index, table.columns)]
        heat_map(table.to_numpy(dtype=float), axes, rows=names[0], columns=names[1], label="UUAS", digits=3)
        axes.set_xlabel("scored on")
        axes.set_ylabel("trained on")
        pictures.append(picture(figure, title=str(name), description=table.round(3).to_string()))
    return Section(
        "transfer", "Transfer", "Probes trained on one treebank, scored on another, at the best layer.", (), pictures
    )


def failures_section(failed: Sequence[dict[str, Any]]) -> Section | None:
    """What could not be done, and why."""
    if not failed:
        return None
    rows = [[Cell(one["task"]), Cell(one["reason"])] for one in failed]
    return Section("failed", "Failed", tables=[Table("Tasks that failed", ["task", "reason"], rows)])


def provenance_section(results: Results) -> Section:
    """What was computed by what, and how long it took."""
    versions = results.tasks[0]["versions"] if results.tasks else {}
    rows = [
        [
            Cell(task["task"]),
            Cell(str(task["source"])),
            Cell(f"{task['seconds']['total']:.1f} s", number=task["seconds"]["total"]),
            Cell(task["identity"]["checkpoint"][:12]),
        ]
        for task in results.tasks
    ]
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    table = Table("Tasks", ["task", "checkpoint", "time", "digest"], rows)
    return Section("provenance", "How it was made", text, [table], folded=True)


def explorer(results: Results) -> dict[str, Any]:
    """The sample sentences and their recovered heads at every layer, for the script of the page."""
    treebanks: dict[str, Any] = {}
    views = []
    for task in results.tasks:
        found = read_json(results.store.tasks / task["task"] / "trees.json")
        if task["analysis"] != "structure" or found is None or not found["sentences"]:
            continue
        bank = treebanks.setdefault(task["treebank"], {"sentences": found["sentences"]})
        # Results of two versions of a treebank never meet in one sweep; this is for folders edited by hand.
        if bank["sentences"] == found["sentences"]:
            views.append(
                {
                    "checkpoint": task["checkpoint"],
                    "treebank": task["treebank"],
                    "layers": found["layers"],
                    "recovered": found["recovered"],
                }
            )
    return {"treebanks": treebanks, "views": views} if views else {}
