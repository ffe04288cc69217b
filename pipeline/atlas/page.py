"""The page of an atlas, section by section; what a report has sections for is shown by those."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pandas as pd

from treeprobe.pipeline.atlas.association import ENOUGH
from treeprobe.pipeline.atlas.charts import Atlas
from treeprobe.pipeline.atlas.covariates import TOKENIZER, TREEBANK
from treeprobe.pipeline.atlas.figures import Drawn, angles_of, maps_of, transfers_of
from treeprobe.pipeline.atlas.tables import ABOVE_CHAIN
from treeprobe.pipeline.report.closing import failures_section, provenance_section, tokenizer_warning
from treeprobe.pipeline.report.covariates import covariates_section, interval_cell
from treeprobe.pipeline.report.languages import languages_section
from treeprobe.pipeline.report.results import MOST_DRAWN, evenly
from treeprobe.pipeline.results.scores import CHAIN, CHOSEN_ON, RANDOM_WEIGHTS
from treeprobe.reporting.html import Cell, Picture, Report, Section, Table, picture, render_report

_MOST_PAIRS = 400
"""Rows of a table of pairs that a page shows; all are in its CSV file."""


def render_atlas(atlas: Atlas) -> str:
    """The text of the HTML file."""
    return render_report(make_page(atlas))


def make_page(atlas: Atlas) -> Report:
    """The content of the page."""
    names = atlas.languages.names
    lost = tokenizer_warning(atlas.results)
    return Report(
        title=f"An atlas of {len(names)} languages",
        summary=atlas.summary,
        facts={
            "checkpoints": ", ".join(one.checkpoint for one in atlas.charted) or "none",
            "languages": ", ".join(names),
            **({"left out": ", ".join(atlas.languages.left_out)} if atlas.languages.left_out else {}),
            "analyses": f"{len(atlas.results.finished)} done, {len(atlas.results.failed)} failed",
            "intervals": "95 %, by resampling documents, or sentences where documents are unknown",
            **({"words unknown to the tokenizer": lost} if lost else {}),
        },
        sections=list(sections(atlas)),
    )


def sections(atlas: Atlas) -> Iterator[Section]:
    """The parts of the page in order, without those that there is nothing to say in."""
    found = (
        _map_section(atlas),
        _score_section(atlas),
        _transfer_section(atlas),
        _angle_section(atlas),
        languages_section(atlas.results),
        covariates_section(atlas.results),
        _association_section(atlas),
        _left_out_section(atlas),
        failures_section(atlas.results),
    )
    yield from (section for section in found if section is not None)
    yield provenance_section(atlas.results)


def _map_section(atlas: Atlas) -> Section | None:
    """Two maps of each checkpoint; None where there are fewer than three languages."""
    pictures = _pictures(maps_of, atlas)
    if not pictures:
        return None
    losses = atlas.tables["transfer"].dropna(subset="loss_low")
    width = float((losses["loss_high"] - losses["loss_low"]).median() / 2) * 100
    text = (
        "Languages near each other share what their probes read. By transfer loss: the distance of two is the mean, "
        "over both directions, of how many points of UUAS the probes of one lose on the other against its own; losses "
        f"below 0 count as 0, and the interval of a loss is ± {width:.1f} points (median). By angle: the mean "
        "principal angle between the subspaces that their probes read. Both are brought into a plane by classical "
        "multidimensional scaling, which keeps the share of the squared distances given below each; orientation means "
        "nothing. Read a map beside that of the same architecture with random weights, where word order and spelling "
        "alone make neighbours."
    )
    if len(atlas.charted) > MOST_DRAWN:
        text += f" Figures here are of {MOST_DRAWN} of {len(atlas.charted)} checkpoints; all are files in figures/."
    return Section("map", "Map of languages", text, pictures=pictures)


def _score_section(atlas: Atlas) -> Section | None:
    """UUAS of each language by its own probes, with baselines."""
    scores = atlas.tables["scores"]
    if scores.empty:
        return None
    twins = [RANDOM_WEIGHTS] if (scores["probe"] == RANDOM_WEIGHTS).any() else []
    columns = ["checkpoint", "language", "layer", "own probes", "chain", "above the chain, points", *twins]
    rows = []
    for one in atlas.charted:
        for language in one.languages:
            found = scores[(scores["checkpoint"] == one.checkpoint) & (scores["treebank"] == language)]
            if found.empty:
                continue
            layer = Cell(str(one.layer), number=one.layer)
            scored = [_found(found, "distance"), _found(found, CHAIN), _found(found, "distance", ABOVE_CHAIN, 100)]
            rows.append(
                [Cell(one.checkpoint), Cell(language), layer, *scored, *(_found(found, name) for name in twins)]
            )
    text = (
        f"UUAS on {atlas.split}, with 95 % intervals. One layer serves all languages of a checkpoint: the one at which "
        f"their own probes are best on dev, averaged over them ({CHOSEN_ON[atlas.split]}). Scores of languages differ "
        "as their treebanks do; the chain, which joins each word to the next, says how far words' order alone leads."
    )
    return Section("scores", "Each language by its own probes", text, [Table("UUAS by language", columns, rows)])


def _transfer_section(atlas: Atlas) -> Section | None:
    """Losses as matrices, and every pair with its intervals; None where nothing was transferred."""
    pairs = atlas.tables["transfer"].dropna(subset="loss_low")
    if pairs.empty:
        return None
    columns = ["checkpoint", "trained on", "scored on", "UUAS", "points lost"]
    rows = [
        [
            Cell(str(row["checkpoint"])),
            Cell(str(row["trained_on"])),
            Cell(str(row["treebank"])),
            interval_cell(row["value"], row["low"], row["high"]),
            interval_cell(row["loss"] * 100, row["loss_low"] * 100, row["loss_high"] * 100, digits=1),
        ]
        for row in pairs.sort_values("loss", kind="stable").head(_MOST_PAIRS).to_dict("records")
    ]
    cut = (
        f" The table has the {_MOST_PAIRS} least of {len(pairs):,}; all are in transfer.csv."
        if len(pairs) > len(rows)
        else ""
    )
    text = (
        "Probes of the language of a row, scored on the language of a column: points of UUAS that they lose against "
        f"that language's own probes, on the same sentences of {atlas.split}.{cut}"
    )
    table = Table("Transfer, with paired 95 % intervals", columns, rows)
    return Section("transfer", "Transfer", text, [table], _pictures(transfers_of, atlas))


def _angle_section(atlas: Atlas) -> Section | None:
    """Angles as matrices; None where there are no two languages."""
    pictures, table = _pictures(angles_of, atlas), atlas.tables["angles"]
    if not pictures:
        return None
    same = table[table["first"] == table["second"]]
    seeds = (
        f"Probes of one language and different seeds, on the diagonal, are {same['angle'].mean():.0f}° apart."
        if len(same)
        else "There is one seed, and probes of one seed begin at the same matrix: angles are too small."
    )
    text = (
        "Mean principal angle between the directions that carry nine tenths of two probes' squared norm: 0° where they "
        f"read the same subspace. {seeds} Random subspaces of as many directions are {table['chance'].mean():.0f}° "
        "apart."
    )
    return Section("angles", "Angles between subspaces", text, pictures=pictures)


def _association_section(atlas: Atlas) -> Section:
    """Which measures go with scores; where there are too few languages, that there are."""
    table, title = atlas.tables["associations"], "What goes with scores"
    if table.empty:
        text = (
            f"Spearman's rho between measures of languages and scores takes {ENOUGH} languages or more: of {ENOUGH}, "
            f"the 95 % interval of a rho below .68 still holds 0. Here are {len(atlas.languages.names)}."
        )
        return Section("associations", title, text)
    names = {**TREEBANK, **TOKENIZER}
    columns = ["checkpoint", "score", "measure", "languages", "rho", "p, adjusted"]
    rows = [
        [
            Cell(str(row["checkpoint"])),
            Cell("UUAS" if row["score"] == "uuas" else str(row["score"])),
            Cell(names[str(row["measure"])]),
            Cell(str(row["languages"]), number=row["languages"]),
            interval_cell(row["rho"], row["low"], row["high"], digits=2),
            Cell(f"{row['p_holm']:.3f}", number=row["p_holm"]),
        ]
        for row in table.to_dict("records")
    ]
    text = (
        "Spearman's rho over languages, with 95 % intervals; p is adjusted for all measures beside one score (Holm). "
        "Languages that are related are no independent cases, so that intervals are too narrow."
    )
    return Section("associations", title, text, [Table("Rank correlations over languages", columns, rows)])


def _left_out_section(atlas: Atlas) -> Section | None:
    """Languages whose treebanks could not be read; None where there are none."""
    if not atlas.languages.left_out:
        return None
    rows = [[Cell(name), Cell(reason)] for name, reason in atlas.languages.left_out.items()]
    text = "These languages were asked for and have no treebank that can be read; all others are above."
    return Section("left-out", "Left out", text, [Table("Why", ["language", "reason"], rows)])


def _found(table: pd.DataFrame, probe: str, metric: str = "uuas", scale: float = 1.0) -> Cell:
    """A score of one language with its interval; a dash where there is none."""
    rows = table[(table["probe"] == probe) & (table["metric"] == metric)]
    if rows.empty:
        return Cell("–")
    value, low, high = (float(rows[name].iloc[0]) * scale for name in ("value", "low", "high"))
    return interval_cell(value, low, high, digits=3 if scale == 1 else 1)


def _pictures(figures: Callable[[Atlas], Iterable[Drawn]], atlas: Atlas) -> list[Picture]:
    """Figures as pictures of the page: of all checkpoints, or of some where they are many."""
    few = replace(atlas, charted=evenly(atlas.charted, MOST_DRAWN))
    return [
        picture(one.figure, title=f"{one.checkpoint}: {one.kind}", description=one.description, shaded=True)
        for one in figures(few)
    ]
