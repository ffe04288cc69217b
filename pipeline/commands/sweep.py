"""`treeprobe sweep`: many checkpoints and treebanks, as one thin command over `treeprobe.pipeline.sweeps`."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from treeprobe.errors import TreeprobeError
from treeprobe.exit_codes import ExitCode
from treeprobe.pipeline.analyses import ANALYSES
from treeprobe.pipeline.commands import options as declared
from treeprobe.pipeline.commands.logs import LOG, logged
from treeprobe.pipeline.commands.rank import ranking_lines
from treeprobe.pipeline.commands.showing import in_words, progress_of

if TYPE_CHECKING:
    import pandas as pd

    from treeprobe.pipeline.subjects.treebanks import Splits
    from treeprobe.pipeline.sweeps import Ended, Plan

_ENDING_SECONDS = 2.0
"""How long a sweep that leaves may take to end once its tasks were given up."""

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
    declared.parameter(
        "task",
        Annotated[
            str | None,
            typer.Option(
                "--task",
                metavar="I/N",
                help="Begin with the I-th of N shares of the tasks, then help with the rest; a job of a Slurm array "
                "knows its own.",
            ),
        ],
        None,
    ),
    declared.parameter(
        "submit",
        Annotated[
            Literal["slurm", "local"] | None,
            typer.Option(help="Submit the sweep as an array of jobs to Slurm, or start them here as submitit does."),
        ],
        None,
    ),
    declared.parameter("array", Annotated[int, typer.Option(min=1, help="For --submit: how many jobs.")], 8),
    declared.parameter("partition", Annotated[str | None, typer.Option(help="For --submit: Slurm's partition.")], None),
    declared.parameter(
        "time",
        Annotated[int, typer.Option(min=1, help="For --submit: minutes of each job; it goes on in another.")],
        240,
    ),
    declared.parameter(
        "memory", Annotated[float | None, typer.Option(help="For --submit: gigabytes of each job.")], None
    ),
    declared.parameter("gpus", Annotated[int, typer.Option(min=0, help="For --submit: GPUs of each job.")], 0),
    declared.parameter("retry", Annotated[bool, typer.Option("--retry", help="Try failed tasks again.")], False),
    declared.parameter(
        "failed_only",
        Annotated[bool, typer.Option("--failed-only", help="Try failed tasks again, and do nothing else.")],
        False,
    ),
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
    declared.parameter("log_json", declared.LogJson, None),
]


@declared.takes(PARAMETERS)
def sweep_command(**given: Any) -> None:
    """Analyse every checkpoint on every treebank; what is finished already is not done again."""
    with logged(given["log_file"], given["log_json"]), _leaving_at_once():
        _sweep(given)


@contextmanager
def _leaving_at_once() -> Iterator[None]:
    """While the command starts and ends, the signals that ask a sweep to leave end it: there is no task to finish.

    While tasks are at work the sweep watches for them itself (`treeprobe.pipeline.sweeps.leaving`, which is imported
    only then).
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: sys.exit(ExitCode.LEFT)) for number in numbers}
    try:
        yield
    except TreeprobeError as error:
        if error.exit_code == ExitCode.LEFT:
            # Python waits for worker processes before it ends, which may be busy with their imports for long.
            limit = threading.Timer(_ENDING_SECONDS, os._exit, (ExitCode.LEFT,))
            limit.daemon = True
            limit.start()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sweep(given: Mapping[str, Any]) -> None:
    """Sweep as the command was asked to, and print how it ended."""
    from treeprobe.pipeline.sweeps import Plan, Share, Sweep, Workers, dry_run, sweep, sweep_share

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
    workers = Workers(given["jobs"] or (None if scheduler is not None else 1), scheduler, given["threads"])
    conduct = {
        "workers": workers,
        "retry": "only" if given["failed_only"] else given["retry"],
        "replace": given["replace"],
        "keep_cache": not given["drop_cache"],
    }
    if given["submit"] is not None:
        typer.echo(_submit(plan, conduct, given))
        return
    share = Share.of_array(os.environ) if given["task"] is None else Share.parse(given["task"])
    conduct |= {"verify": given["verify"], "progress": progress_of(quiet=given["quiet"])}
    done = sweep(plan, **conduct) if share is None else sweep_share(plan, share, **conduct)
    ranked = ranking_lines(done.out, plan.analyses, labelled=plan.options.labelled) if isinstance(done, Sweep) else []
    closing = "\n".join([*ranked, _closing_lines(done)])
    LOG.info("%s", closing)
    typer.echo(closing)
    if done.failed or done.failed_before or (isinstance(done, Sweep) and done.damaged):
        raise typer.Exit(ExitCode.FAILED)


def _submit(plan: "Plan", conduct: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Submit the sweep as an array; returns what to say about it."""
    from treeprobe.pipeline.sweeps import Share
    from treeprobe.pipeline.sweeps.submission import ArrayJob, Resources, submit

    count, workers = given["array"], conduct["workers"]
    jobs = [ArrayJob(plan=plan, share=Share(number, count), **conduct) for number in range(1, count + 1)]
    cpus = (workers.threads or 1) * (workers.jobs or 1)
    asked = Resources(
        partition=given["partition"], minutes=given["time"], memory=given["memory"], gpus=given["gpus"], cpus=cpus
    )
    numbers = submit(jobs, cluster=given["submit"], resources=asked)
    folder = plan.folder.path
    return f"submitted {', '.join(numbers)}; logs in {folder / 'jobs'}\nHow it stands: treeprobe status {folder}"


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
        time=["?" if isna(seconds) else in_words(seconds) for seconds in tasks["seconds"]],
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


def _closing_lines(done: "Ended") -> str:
    """What a person reads when a sweep ends."""
    counts = f"{len(done.done)} tasks done now, {len(done.skipped)} done before, {len(done.failed)} failed"
    if done.failed_before:
        counts += f", {len(done.failed_before)} failed before and were left"
    lines = [counts, *(f"  {name}: {reason}" for name, reason in {**done.failed_before, **done.failed}.items())]
    if done.failed or done.failed_before:
        lines.append("Try the failed ones again with --retry, or alone with --failed-only")
    lines += [f"damaged: {problem}" for problem in getattr(done, "damaged", {}).values()]
    return "\n".join([*lines, f"Everything is in {done.out}; read it with `treeprobe report {done.out}`"])
