"""`treeprobe sweep`: many checkpoints and treebanks, as one thin command over `treeprobe.pipeline.sweeping.sweep`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from treeprobe.pipeline.commands.options import DEV, TEST, TRAIN, Punctuation, whole_numbers

if TYPE_CHECKING:
    import pandas as pd

    from treeprobe.pipeline.sweeping import Splits, Sweep

FAILED = 1


def sweep_command(
    models: Annotated[
        list[str],
        typer.Option("--models", help="A folder, a pattern, a hub name[@revision], or a folder of step-numbered ones."),
    ],
    out: Annotated[Path, typer.Option(help="The folder of the sweep; it may hold one that was begun.")],
    more_models: Annotated[list[str] | None, typer.Argument(metavar="[MODEL]...", help="More of --models.")] = None,
    train: Annotated[str | None, TRAIN] = None,
    dev: Annotated[str | None, DEV] = None,
    test: Annotated[str | None, TEST] = None,
    treebanks: Annotated[
        Path | None, typer.Option(help="A file of treebanks, NAME TRAIN DEV [TEST] a line, for --train and --dev.")
    ] = None,
    analyses: Annotated[
        str, typer.Option(help="Any of structure, heads, convolution, transfer, with commas between.")
    ] = "structure",
    ranks: Annotated[str, typer.Option(help="Ranks of the probes, with commas between.")] = "128",
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to train each probe with.")] = 1,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Passes of the probes over the training treebank; as in a run unless given."),
    ] = None,
    punctuation: Punctuation = "xpos",
    random_baseline: Annotated[bool, typer.Option(help="Also probe each architecture with random weights.")] = True,
    control: Annotated[bool, typer.Option(help="Also train on control trees, for the selectivity of scores.")] = False,
    samples: Annotated[int, typer.Option(min=0, help="Sentences whose trees are kept for the report.")] = 50,
    max_sentences: Annotated[int | None, typer.Option(min=1, help="Read no more of each split.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Tasks at once; one, or all that a cluster takes.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="A Dask scheduler, tcp://HOST:PORT, to send tasks to.")] = None,
    engine: Annotated[Literal["local", "dask", "ray"], typer.Option(help="What tasks are spread by.")] = "local",
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of one task; a fair share of the cores.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where hidden states are kept; in OUT unless told.")] = None,
    drop_cache: Annotated[
        bool, typer.Option("--drop-cache", help="Drop a checkpoint's hidden states after its last task.")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Take up failed tasks again.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Redo tasks whose inputs or options changed.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan, its disk and its time; do nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Analyse every checkpoint on every treebank; what is finished already is not done again."""
    from treeprobe.pipeline.sweeping import Backend, SweepOptions, plan, sweep

    names = [*models, *(more_models or [])]
    banks = chosen_banks(train, dev, test, treebanks)
    chosen: Any = tuple(part.strip() for part in analyses.split(",") if part.strip())
    options = SweepOptions(
        ranks=whole_numbers(ranks, least=1),
        seeds=tuple(range(seeds)),
        punctuation=punctuation,
        training={"epochs": epochs},
        random_baseline=random_baseline,
        control=control,
        samples=samples,
        max_sentences=max_sentences,
    )
    on_cluster = scheduler is not None or engine != "local"
    backend = Backend(jobs or (None if on_cluster else 1), engine, scheduler, threads)
    if dry_run:
        table, line = plan(
            names, banks, out, analyses=chosen, options=options, backend=backend, retry=retry, keep_cache=not drop_cache
        )
        typer.echo(plan_text(table))
        typer.echo(line)
        return
    done = sweep(
        names,
        banks,
        out,
        analyses=chosen,
        options=options,
        backend=backend,
        retry=retry,
        replace=replace,
        keep_cache=not drop_cache,
        cache=cache,
        progress=not quiet,
    )
    typer.echo(closing_lines(done))
    if done.failed or done.failed_before:
        raise typer.Exit(FAILED)


def chosen_banks(train: str | None, dev: str | None, test: str | None, treebanks: Path | None) -> "list[Splits]":
    """The treebanks asked for. Raises typer.BadParameter unless they are given in exactly one of the two ways."""
    from treeprobe.pipeline.sweeping import read_list, splits_of

    if treebanks is not None and train is None and dev is None and test is None:
        return read_list(treebanks)
    if treebanks is None and train is not None and dev is not None:
        return [splits_of(train, dev, test)]
    raise typer.BadParameter("expected --train and --dev, or --treebanks with a file that lists them")


def plan_text(plan: "pd.DataFrame") -> str:
    """The plan as a table for the terminal."""
    from pandas import isna

    from treeprobe.pipeline.sweeping.estimate import duration

    shown = plan.assign(
        time=["?" if isna(seconds) else duration(seconds) for seconds in plan["seconds"]],
        disk=["?" if isna(size) else f"{size / 1e6:,.0f} MB" for size in plan["cache_bytes"]],
    )
    return shown[["task", "state", "time", "disk"]].to_string(index=False)


def closing_lines(done: "Sweep") -> str:
    """What a person reads when a sweep ends."""
    counts = f"{len(done.done)} tasks done now, {len(done.skipped)} done before, {len(done.failed)} failed"
    if done.failed_before:
        counts += f", {len(done.failed_before)} failed before and were left"
    lines = [counts, *(f"  {name}: {reason}" for name, reason in {**done.failed_before, **done.failed}.items())]
    if done.failed or done.failed_before:
        lines.append("Take the failed ones up again with --retry")
    return "\n".join([*lines, f"Everything is in {done.out}; read it with `treeprobe report {done.out}`"])
