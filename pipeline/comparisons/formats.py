"""The table of a comparison in print: for a terminal, a paper (LaTeX with booktabs), a page (Markdown) or a program."""

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from treeprobe.parsing.drawing.tikz import escape_latex
from treeprobe.parsing.scores import p_text
from treeprobe.pipeline.closing_table import WIDTH, aligned
from treeprobe.reporting import metric_name
from treeprobe.signature import Signature, shared_text

ComparisonFormat = Literal["text", "latex", "markdown", "csv", "json"]
HEADINGS = ("A", "B", "A − B", "95 % interval", "p")
"""What a table has of each metric; A is the first of the two and B the second."""
BOLD = "Bold: the higher of two scores whose interval excludes 0."
MARKS = "±: half the width of the interval; *: the interval excludes 0."


def print_comparison(table: pd.DataFrame, form: ComparisonFormat = "text") -> str:
    """The table of `compare_runs` in one of the formats, without a line break at its end."""
    writers: Mapping[str, Callable[[pd.DataFrame], str]] = {
        "text": comparison_text,
        "latex": comparison_latex,
        "markdown": comparison_markdown,
        "csv": lambda rows: rows.to_csv(index=False).rstrip("\n"),
        "json": lambda rows: rows.to_json(orient="records", indent=1, force_ascii=False),
    }
    return writers[form](table)


def comparison_text(table: pd.DataFrame) -> str:
    """The table in 80 columns: the best layers with intervals and p, then a line a layer, or the one pair asked for."""
    first = table.iloc[0]
    metrics = _metrics(table)
    lines = [f"{first['split']} of {first['treebank']}"]
    lines += [
        f"{letter}  {first[side]}, layer {first[f'{side}_layer']}{' (best on dev)' * bool(first['best'])}, "
        f"rank {first[f'{side}_rank']}"
        for letter, side in zip("AB", ("first", "second"))
    ]
    rows = [[metric_name(metric), *_in_print(first, metric)] for metric in metrics]
    lines += ["", *aligned([["", *HEADINGS], *rows])]
    others = table[~table["best"]]
    if first["best"] and not others.empty:
        rows = [
            [f"{row['first_layer']:>5}", *(_short(row, metric) for metric in metrics)] for _, row in others.iterrows()
        ]
        lines += ["", "A − B at the layers that both have", *aligned([["layer", *map(metric_name, metrics)], *rows])]
    marks = [MARKS] if len(table) > 1 else []
    legend = textwrap.wrap(" ".join([*_legend(table), *marks]), WIDTH)
    return "\n".join([*lines, "", *legend, *_wrapped_signature(table)])


def comparison_latex(table: pd.DataFrame) -> str:
    """A LaTeX table with the package booktabs, a row a layer, the higher score bold where the interval excludes 0.

    A, B and the abbreviations are in its caption; the signatures of the first row are comments above it.
    """
    metrics = _metrics(table)
    columns = len(HEADINGS) - 1
    heads = [rf"\multicolumn{{{columns}}}{{c}}{{{escape_latex(metric_name(metric))}}}" for metric in metrics]
    ranges = [(2 + columns * place, 1 + columns * (place + 1)) for place in range(len(metrics))]
    rules = " ".join(rf"\cmidrule(lr){{{start}-{end}}}" for start, end in ranges)
    rows = [
        " & ".join([_place(row), *(cell for metric in metrics for cell in _latex_cells(row, metric))])
        + (r" \\ \addlinespace" if row["best"] else r" \\")
        for _, row in table.iterrows()
    ]
    caption = re.sub(r"<[\d.]+", r"$\g<0>$", escape_latex(" ".join([_about(table), *_legend(table), BOLD])))
    return "\n".join(
        [
            *(f"% {letter} {signature}" for letter, signature in _signatures(table)),
            r"\begin{table*}",
            r"\centering",
            rf"\begin{{tabular}}{{l{'rrlr' * len(metrics)}}}",
            r"\toprule",
            " & ".join(["", *heads]) + r" \\",
            rules,
            " & ".join(["Layer", *["A", "B", "$A - B$", "$p$"] * len(metrics)]) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            rf"\caption{{{caption}}}",
            r"\end{table*}",
        ]
    )


def comparison_markdown(table: pd.DataFrame) -> str:
    """A Markdown table, a row a layer, the higher score bold where the interval excludes 0.

    It stands between a line that names A and B and one that says what the numbers are, and the signatures of its first
    row.
    """
    metrics = _metrics(table)
    heads = ["layer", *(f"{metric_name(metric)} {head}" for metric in metrics for head in HEADINGS)]
    rows = [
        [_place(row), *(cell for metric in metrics for cell in _markdown_cells(row, metric))]
        for _, row in table.iterrows()
    ]
    lines = [heads, ["---"] * len(heads), *rows]
    escaped = ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines]
    signatures = [f"- {letter} `{signature}`" for letter, signature in _signatures(table)]
    return "\n".join([_about(table), "", *escaped, "", " ".join([*_legend(table), BOLD]), "", *signatures])


def _about(table: pd.DataFrame) -> str:
    """What is compared, on what."""
    first = table.iloc[0]
    return f"{first['split']} of {first['treebank']}. A: {first['first']}; B: {first['second']}."


def _metrics(table: pd.DataFrame) -> list[str]:
    """The metrics of a comparison, in order."""
    return [name.removesuffix("_difference") for name in table.columns if name.endswith("_difference")]


def _place(row: "pd.Series[Any]") -> str:
    """The layers of a row: `3`, or `3 / 1`; and whether they are the best ones."""
    layers = [row["first_layer"], row["second_layer"]]
    return " / ".join(map(str, dict.fromkeys(layers))) + " (best)" * bool(row["best"])


def _in_print(row: "pd.Series[Any]", metric: str) -> list[str]:
    """A metric's cells: both values, their difference, its interval and p."""
    first, second, gap, low, high, p = _values(row, metric)
    interval = f"[{low:+.3f}, {high:+.3f}]"
    return [f"{first:.3f}", f"{second:.3f}", f"{gap:+.3f}", interval, p_text(p, row["least_p"])]


def _latex_cells(row: "pd.Series[Any]", metric: str) -> list[str]:
    """The same in LaTeX, numbers as mathematics, the interval beside the difference."""
    first, second, gap, interval, p = _in_print(row, metric)
    best = _best_of(row, metric)
    scores = [rf"$\mathbf{{{cell}}}$" if place == best else f"${cell}$" for place, cell in enumerate((first, second))]
    return [*scores, f"${gap}$ ${interval}$", f"${p}$"]


def _markdown_cells(row: "pd.Series[Any]", metric: str) -> list[str]:
    """The same in Markdown."""
    best = _best_of(row, metric)
    return [f"**{cell}**" if place == best else cell for place, cell in enumerate(_in_print(row, metric))]


def _best_of(row: "pd.Series[Any]", metric: str) -> int | None:
    """Which of the two scores is the higher, 0 or 1; None where the interval of the difference holds 0."""
    _, _, _, low, high, _ = _values(row, metric)
    return 0 if low > 0 else 1 if high < 0 else None


def _signatures(table: pd.DataFrame) -> list[tuple[str, str]]:
    """The signatures of the scores in the first row, with what they belong to: `A:`, `B:`."""
    first = table.iloc[0]
    return [
        (f"{letter}:", first[f"{metric}_{side}_signature"])
        for metric in _metrics(table)
        for letter, side in zip("AB", ("first", "second"))
    ]


def _wrapped_signature(table: pd.DataFrame) -> list[str]:
    """What the signatures of all scores of the first row have in common, in lines that break between keys."""
    parts = shared_text(Signature.parse(signature) for _, signature in _signatures(table)).split("|")
    lines = ["All scores: "]
    for part in parts:
        if len(lines[-1]) + len(part) >= WIDTH:
            lines.append("  ")
        lines[-1] += f"{part}|"
    return [*lines[:-1], lines[-1].rstrip("|")]


def _short(row: "pd.Series[Any]", metric: str) -> str:
    """A difference in few columns, with half the width of its interval, and a star where that leaves out 0."""
    _, _, gap, low, high, _ = _values(row, metric)
    if np.isnan(gap):
        return "–"
    return f"{gap:+.3f} ±{(high - low) / 2:.3f}{'*' * bool(low > 0 or high < 0)}"


def _values(row: "pd.Series[Any]", metric: str) -> Sequence[float]:
    """The numbers of a metric in a row."""
    return [float(row[f"{metric}_{name}"]) for name in ("first", "second", "difference", "low", "high", "p")]


def _legend(table: pd.DataFrame) -> list[str]:
    """What the numbers are, in sentences."""
    least = float(table["least_p"].max())
    chosen = bool(table["best"].any()) and table["split"].iloc[0] == "dev"
    differing = table["differing"].iloc[0]
    return [
        *([f"Of different signatures: {differing}."] if differing else []),
        *(["The best layers were chosen on these sentences, by UUAS."] if chosen else []),
        f"95 % intervals by paired bootstrap, resampling {table['resampled'].iloc[0]}.",
        "p: two-sided, of no difference, not corrected for the number of comparisons; "
        f"{p_text(0, least)} is the least that {round(2 / least) - 1:,} resamples can show.",
    ]
