"""`treeprobe sweep`: many checkpoints and treebanks, as one thin command over `treeprobe.pipeline.sweeps`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treeprobe.pipeline.analyses import ANALYSES
from treeprobe.pipeline.commands import options as declared
from treeprobe.pipeline.commands.showing import LOG, logged, progress_of

if TYPE_CHECKING:
    import pandas as pd

    from treeprobe.pipeline.subjects.treebanks import Splits
    from treeprobe.pipeline.sweeps import Sweep

FAILED = 1
NAMES = ", ".join(analysis.name for analysis in ANALYSES)

Models = Annotated[
    list[str],
    typer.Option("--models", help="A folder, a pattern, a hub name[@revision], or a folder of step-numbered ones."),
]
PARAMETERS = [
    declared.parameter("models", Models),
    declared.parameter(
        "more_models", Annotated[list[str] | None, typer.Argument(metavar="MODEL", help="More of --models.")], None
    ),
    declared.parameter(
        "out", Annotated[Path, typer.Option(help="The folder of the sweep; it may hold one that was begun.")]
    ),
    *(
        declared.parameter(split, Annotated[str | None, typer.Option(help=text)], None)
        for split, text in declared.SPLITS.items()
    ),
    declared.parameter(
        "treebanks",
        Annotated[
            Path | None, typer.Option(help="A file of treebanks, NAME TRAIN DEV [TEST] a line, for --train and --dev.")
        ],
        None,
    ),
    declared.parameter(
        "analyses", Annotated[str, typer.Option(help=f"Any of {NAMES}, with commas between.")], "structure"
    ),
    declared.parameter(
        "before",
        Annotated[str | None, typer.Option(help="For moved: the checkpoint before training; else a run's first step.")],
        None,
    ),
    *declared.analysis_parameters(list(declared.OPTIONS)),
    declared.parameter("max_sentences", declared.MaxSentences, None),
    declared.parameter("device", declared.Device, "cpu"),
    declared.parameter("figures", declared.Figures, False),
    declared.parameter(
        "jobs",
        Annotated[int | None, typer.Option(min=1, help="Tasks at once; one, or all that a cluster takes.")],
        None,
    ),
    declared.parameter(
        "scheduler",
        Annotated[str | None, typer.Option(help="A Dask scheduler, tcp://HOST:PORT, to send tasks to.")],
        None,
    ),
    declared.parameter(
        "threads",
        Annotated[int | None, typer.Option(min=1, help="Threads of one task; a fair share of the cores.")],
        None,
    ),
    declared.parameter(
        "cache",
        Annotated[Path | None, typer.Option(help="Where hidden states are kept; in OUT unless given.")],
        None,
    ),
    declared.parameter(
        "drop_cache",
        Annotated[bool, typer.Option("--drop-cache", help="Drop a checkpoint's hidden states after its last task.")],
        False,
    ),
    declared.parameter("retry", Annotated[bool, typer.Option("--retry", help="Try failed tasks again.")], False),
    declared.parameter(
        "replace",
        Annotated[bool, typer.Option("--replace", help="Redo tasks whose inputs or options changed.")],
        False,
    ),
    declared.parameter(
        "verify",
        Annotated[
            bool, typer.Option("--verify", help="Redo tasks with damaged files, found by digests; else by sizes alone.")
        ],
        False,
    ),
    declared.parameter(
        "dry_run",
        Annotated[bool, typer.Option("--dry-run", help="Print the tasks, their states and their disk; do nothing.")],
        False,
    ),
    declared.parameter("quiet", declared.Quiet, False),
    declared.parameter("log_file", declared.LogFile, None),
]


@declared.takes(PARAMETERS)
def sweep_command(**given: Any) -> None:
    """Analyse every checkpoint on every treebank; what is finished already is not done again."""
    with logged(given["log_file"]):
        _sweep(given)


def _sweep(given: Mapping[str, Any]) -> None:
    """Sweep as the command was asked to, and print how it ended."""
    from treeprobe.pipeline.sweeps import Plan, Workers, dry_run, sweep

    plan = Plan(
        models=[*given["models"], *(given["more_models"] or [])],
        treebanks=_chosen_treebanks(given),
        out=given["out"],
        analyses=tuple(part.strip() for part in given["analyses"].split(",") if part.strip()),
        options=declared.options_of(given),
        before=given["before"],
        cache=given["cache"],
        device=given["device"],
        max_sentences=given["max_sentences"],
        figures=given["figures"],
    )
    if given["dry_run"]:
        typer.echo(_plan_text(dry_run(plan, retry=given["retry"], verify=given["verify"])))
        return
    scheduler = given["scheduler"]
    jobs = given["jobs"] or (None if scheduler is not None else 1)
    done = sweep(
        plan,
        workers=Workers(jobs, scheduler, given["threads"]),
        retry=given["retry"],
        replace=given["replace"],
        verify=given["verify"],
        keep_cache=not given["drop_cache"],
        progress=progress_of(quiet=given["quiet"]),
    )
    LOG.info("%s", _closing_lines(done))
    typer.echo(_closing_lines(done))
    if done.failed or done.failed_before or done.damaged:
        raise typer.Exit(FAILED)


def _chosen_treebanks(given: Mapping[str, Any]) -> "list[Splits]":
    """The treebanks asked for. Raises typer.BadParameter unless they are given in exactly one of the two ways."""
    from treeprobe.pipeline.subjects.treebanks import read_list, splits_of

    splits = [given["train"], given["dev"], given["test"]]
    if given["treebanks"] is not None and splits == [None, None, None]:
        return read_list(given["treebanks"])
    if given["treebanks"] is None and None not in splits[:2]:
        return [splits_of(*splits)]
    raise typer.BadParameter("expected --train and --dev, or --treebanks with a file that lists them")


def _plan_text(tasks: "pd.DataFrame") -> str:
    """The dry run as a table for the terminal, and a line that sums it up."""
    from pandas import isna

    shown = tasks.assign(
        time=["?" if isna(seconds) else _duration(seconds) for seconds in tasks["seconds"]],
        disk=["?" if isna(size) else f"{size / 1e6:,.0f} MB" for size in tasks["cache_bytes"]],
    )
    todo = int(tasks["state"].isin(["to do", "damaged"]).sum())
    explained = tasks[tasks["reason"] != ""]
    return "\n".join(
        [
            shown[["task", "state", "time", "disk"]].to_string(index=False),
            *(f"  {task}: {state}: {reason}" for task, state, reason in explained[["task", "state", "reason"]].values),
            f"{todo} of {len(tasks)} tasks to do. time: the median of the finished tasks of the same analysis; disk: "
            "hidden states, which the tasks of one checkpoint and treebank share.",
        ]
    )


def _duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _closing_lines(done: "Sweep") -> str:
    """What a person reads when a sweep ends."""
    counts = f"{len(done.done)} tasks done now, {len(done.skipped)} done before, {len(done.failed)} failed"
    if done.failed_before:
        counts += f", {len(done.failed_before)} failed before and were left"
    lines = [counts, *(f"  {name}: {reason}" for name, reason in {**done.failed_before, **done.failed}.items())]
    if done.failed or done.failed_before:
        lines.append("Try the failed ones again with --retry")
    lines += [f"damaged: {problem}" for problem in done.damaged.values()]
    return "\n".join([*lines, f"Everything is in {done.out}; read it with `treeprobe report {done.out}`"])
