"""Checkpoints against the best one, on the same sentences."""

import warnings
from collections.abc import Mapping, Sequence

from treeprobe.parsing import Difference, paired_difference
from treeprobe.pipeline.comparisons.signatures import SignatureWarning, most_alike
from treeprobe.pipeline.report.results import MOST_LISTED, Results
from treeprobe.pipeline.results.measured import Measured
from treeprobe.reporting import new_figure, paired_differences
from treeprobe.reporting.html import Cell, Picture, Section, Table, picture

MOST_DIFFERENCES = 10
_NEAREST, _LAST = 20, 10
"""Checkpoints that are drawn where not all can be: those that come nearest to the best one, and the last."""


def comparison_section(results: Results) -> Section | None:
    """Every checkpoint against the best one; None where there is nothing to compare."""
    pictures, tables, left_out, told = [], [], [], ""
    for bank in results.treebanks:
        best, others = _comparable(results.best_on(bank))
        left_out += others
        chosen = {name: measured for name, measured in results.best_on(bank, "dev").items() if name in best}
        ordered = sorted(chosen, key=lambda name: -chosen[name].tally().value)
        if len(ordered) > 1:
            first, *rest = ordered
            tally = best[first].tally()
            gaps = {name: paired_difference(best[name].tally(), tally) for name in rest}
            place = f"{bank}, {results.reported_split(bank)}"
            pictures.append(_difference_picture(gaps, first, place))
            if len(gaps) > MOST_LISTED:
                tables.append(_difference_table(gaps, first, place))
                told += _count(gaps, first, place)
            tables.append(_relation_differences(best[first], best[ordered[1]], bank))
    if not pictures:
        return None
    return Section(
        "comparison",
        "Checkpoints compared",
        "Differences on the same resampled sentences, so that what is hard for all cancels out; on test where all "
        "were scored there. Layers, and the checkpoint that the others are compared with, are the best on dev. Filled "
        "points: the 95 % interval excludes zero. No correction is made for the number of comparisons."
        + told
        + _said_of(left_out),
        tables,
        pictures,
    )


def _comparable(best: Mapping[str, Measured]) -> tuple[dict[str, Measured], list[str]]:
    """Most of the checkpoints, whose scores may be subtracted; and the others, with what is different of each.

    Scores that were made otherwise, by another rule of punctuation or on other sentences, differ by that too.
    """
    kept, others = most_alike({name: measured.signature for name, measured in best.items()})
    told = [f"{name} on {best[name].setting.treebank}, {problem}" for name, problem in others.items()]
    if told:
        warnings.warn(
            f"not compared, since their scores have other signatures than the rest: {'; '.join(told)}",
            SignatureWarning,
            stacklevel=2,
        )
    return {name: best[name] for name in kept}, told


def _said_of(left_out: Sequence[str]) -> str:
    """A sentence on the checkpoints that are left out; empty where none is."""
    return f" Not compared, as their scores were made in another way: {'; '.join(left_out)}." if left_out else ""


def _count(gaps: Mapping[str, Difference], best: str, bank: str) -> str:
    """How many of many checkpoints are below the best one, and above it."""
    below, above = sum(gap.high < 0 for gap in gaps.values()), sum(gap.low > 0 for gap in gaps.values())
    found = f" On {bank}, {below} of {len(gaps)} checkpoints are below {best} by an interval that excludes zero"
    return f"{found}, {above} above it." if above else f"{found}."


def _difference_picture(gaps: Mapping[str, Difference], best: str, bank: str) -> Picture:
    """The difference of every checkpoint from the best one; of very many, the nearest and the last."""
    names = list(gaps)
    shown = names if len(names) <= MOST_LISTED else [*names[:_NEAREST], *names[-_LAST:]]
    figure, axes = new_figure((5.6, 0.9 + 0.26 * len(shown)))
    paired_differences({name: gaps[name] for name in shown}, axes, baseline=best)
    text = "; ".join(f"{name}: {_change(gaps[name])} {_interval(gaps[name])}" for name in shown)
    part = "" if len(shown) == len(names) else f": the {_NEAREST} nearest and the last {_LAST} of {len(names)}"
    return picture(figure, title=f"UUAS against {best}, {bank}{part}", description=text)


def _difference_table(gaps: Mapping[str, Difference], best: str, bank: str) -> Table:
    """A line for each checkpoint, those first that come nearest."""
    rows = [
        [Cell(name), Cell(_change(gap), number=round(gap.value, 6)), Cell(_interval(gap))] for name, gap in gaps.items()
    ]
    return Table(f"{bank}: UUAS less that of {best}", ["checkpoint", "difference", "95 % interval"], rows)


def _change(gap: Difference) -> str:
    return f"{gap.value:+.3f}"


def _interval(gap: Difference) -> str:
    return f"[{gap.low:+.3f}, {gap.high:+.3f}]"


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
