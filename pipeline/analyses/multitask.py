"""Sharing between the tasks of probes: when does it help?"""

from pathlib import Path

import pandas as pd

from treeprobe.pipeline.closing_table import aligned
from treeprobe.pipeline.multitask.comparison import PLACE, gains_table, rungs_of, sharing_table
from treeprobe.pipeline.multitask.training import HEADLINES, Ladder
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import read_states
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.reporting import save_formats, sharing_figure

LEGEND = """\
Scores on test: UUAS of distances, NSpr. of depths, accuracy of relations.
shared, separate: what dev prefers among the ways to share, and among separate
probes with and without the trace norm of their own map. p is adjusted (Holm)."""


def multitask(subject: Subject, options: Options) -> Findings:
    """Train distance, depth and relation probes apart and shared in every way, on samples of several sizes.

    The epoch of a probe, the strength of a penalty, the weighting of the losses and the way to share are chosen on dev;
    test compares. Each seed draws a sample of its own.

    Raises:
        OptionsError: there is no such way of sharing or weighting.
    """
    rungs = rungs_of(list(Ladder(subject, read_states(subject, options), options).fitted()))
    with subject.stage("resample"):
        table, gains = sharing_table(rungs), gains_table(rungs)
    return Findings(
        summary=f"{subject.encoder.name} on {subject.treebank}: {sharing_sentence(gains)}.",
        tables={"sharing": table, "gains": gains},
        figures=lambda folder: _draw(table, folder),
        details={"verdicts": gains[[*PLACE, "task", "verdict"]].to_dict("records")},
        closing=Closing(f"{_closing_text(gains)}\n\n{LEGEND}", rows=gains),
    )


def sharing_sentence(gains: pd.DataFrame) -> str:
    """When sharing helps, task by task, in a part of a sentence."""
    parts = []
    for task in HEADLINES:
        rows = gains[gains["task"] == task]
        said = [
            f"{verdict} {task} {_where(rows[rows['verdict'] == verdict], len(rows))}"
            for verdict in ("helps", "hurts")
            if (rows["verdict"] == verdict).any()
        ]
        largest = rows["difference"].iloc[int(rows["difference"].abs().argmax())]
        parts += said or [f"makes no difference to {task} that is beyond chance (at most {largest:+.3f})"]
    return f"beside the best separate probes, sharing {'; '.join(parts)}"


def _where(rows: pd.DataFrame, compared: int) -> str:
    """Where a verdict holds, with its greatest difference."""
    sizes = sorted(rows["sentences"].unique().tolist())
    most = rows.iloc[int(rows["difference"].abs().argmax())]
    return (
        f"in {len(rows)} of {compared} comparisons ({', '.join(f'{size:,}' for size in sizes)} sentences; most "
        f"{most['difference']:+.3f}, {most['low']:+.3f} to {most['high']:+.3f}, by {most['sharing']} at "
        f"{most['sentences']:,})"
    )


def _closing_text(gains: pd.DataFrame) -> str:
    """The comparisons as a terminal shows them."""
    several = [name for name in ("layer", "rank") if gains[name].nunique() > 1]
    lines = [[*several, "sentences", "task", "separate", "shared", "difference", "p", "shared by"]]
    for _, row in gains.iterrows():
        difference = f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
        lines.append(
            [
                *(str(row[name]) for name in several),
                f"{row['sentences']:,}",
                str(row["task"]),
                f"{row['separate']:.3f}",
                f"{row['shared']:.3f}",
                difference,
                f"{row['p_holm']:.3f}",
                f"{row['sharing']}, {row['weighting']}",
            ]
        )
    return "\n".join(aligned(lines))


def _draw(table: pd.DataFrame, folder: Path) -> None:
    """A figure for each layer and rank."""
    places = table[["layer", "rank"]].drop_duplicates()
    for layer, rank in places.itertuples(index=False):
        own = table[(table["layer"] == layer) & (table["rank"] == rank)]
        name = "sharing" if len(places) == 1 else f"sharing-layer-{layer}-rank-{rank}"
        save_formats(sharing_figure(own), folder / name)
