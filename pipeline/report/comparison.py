"""Checkpoints against the best one, on the same sentences."""

from collections import Counter
from collections.abc import Mapping, Sequence

from treeprobe.parsing import Tally, paired_difference
from treeprobe.pipeline.report.results import Results
from treeprobe.pipeline.results.measured import Measured
from treeprobe.pipeline.subjects.punctuation import warn_of_rules
from treeprobe.reporting import new_figure, paired_differences
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

MOST_DIFFERENCES = 10


def comparison_section(results: Results) -> Section | None:
    """Every checkpoint against the best one; None where there is nothing to compare."""
    pictures, tables, left_out = [], [], []
    for bank in results.treebanks:
        best, others = _of_one_rule(results.best_on(bank))
        left_out += others
        chosen = {name: measured for name, measured in results.best_on(bank, "dev").items() if name in best}
        ordered = sorted(chosen, key=lambda name: -chosen[name].tally().value)
        if len(ordered) > 1:
            tallies = {name: measured.tally() for name, measured in best.items()}
            pictures.append(_difference_picture(tallies, ordered, f"{bank}, {results.reported_split(bank)}"))
            tables.append(_relation_differences(best[ordered[0]], best[ordered[1]], bank))
    if not pictures:
        return None
    return Section(
        "comparison",
        "Checkpoints compared",
        "Differences on the same resampled sentences, so that what is hard for all cancels out; on test where all "
        "were scored there. Layers, and the checkpoint that the others are compared with, are the best on dev. Filled "
        "points: the 95 % interval excludes zero. No correction is made for the number of comparisons."
        + _said_of(left_out),
        tables,
        pictures,
    )


def _of_one_rule(best: Mapping[str, Measured]) -> tuple[dict[str, Measured], list[Measured]]:
    """The checkpoints whose scores leave out punctuation by the rule that most of them have; and the others.

    Scores by different rules count different edges.
    """
    warn_of_rules(one.setting for one in best.values())
    rules = Counter(one.setting.punctuation for one in best.values())
    common = rules.most_common(1)[0][0] if rules else None
    kept = {name: one for name, one in best.items() if one.setting.punctuation == common}
    return kept, [one for name, one in best.items() if name not in kept]


def _said_of(left_out: Sequence[Measured]) -> str:
    """A sentence on the checkpoints that are left out; empty where none is."""
    told = [f"{one.setting.checkpoint} on {one.setting.treebank} ({one.setting.punctuation})" for one in left_out]
    return f" Not compared, as they leave out punctuation by another rule: {', '.join(told)}." if told else ""


def _difference_picture(tallies: Mapping[str, Tally], ordered: list[str], bank: str) -> Picture:
    """The difference of every checkpoint from the first."""
    best, *others = ordered
    gaps = {name: paired_difference(tallies[name], tallies[best]) for name in others}
    figure, axes = new_figure((5.6, 0.9 + 0.26 * len(gaps)))
    paired_differences(gaps, axes, baseline=best)
    text = "; ".join(f"{name}: {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]" for name, gap in gaps.items())
    return picture(figure, title=f"UUAS against {best}, {bank}", description=text)


def _relation_differences(first: Measured, second: Measured, bank: str) -> Table:
    """The relations in which two checkpoints differ most, weighed by how many edges that makes."""
    joined = first.edges()[["relation", "correct"]].assign(other=second.edges()["correct"].to_numpy())
    grouped = joined.groupby("relation").agg(n=("correct", "size"), a=("correct", "mean"), b=("other", "mean"))
    grouped = grouped.assign(edges=((grouped["a"] - grouped["b"]) * grouped["n"]).round().astype(int))
    largest = grouped.reindex(grouped["edges"].abs().sort_values(ascending=False, kind="stable").index)
    rows = [
        [
            Cell(row["relation"]),
            Cell(f"{row['n']:,}", number=row["n"]),
            Cell(f"{row['a']:.3f}", number=round(row["a"], 6)),
            Cell(f"{row['b']:.3f}", number=round(row["b"], 6)),
            Cell(f"{row['edges']:+d}".replace("-", "−"), number=row["edges"]),
        ]
        for row in largest.head(MOST_DIFFERENCES).reset_index().to_dict("records")
    ]
    names = [one.setting.checkpoint for one in (first, second)]
    caption = f"{bank}: where {names[0]} and {names[1]} differ most"
    return Table(caption, ["relation", "edges", *names, "more found"], rows)
