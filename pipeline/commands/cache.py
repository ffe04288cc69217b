"""`treeprobe cache`: list, verify and remove caches of hidden states.

`extraction` is imported when a command runs, so that help answers at once.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from treeprobe.exit_codes import ExitCode
from treeprobe.pipeline.commands.options import DEFAULT_CACHE

if TYPE_CHECKING:
    from treeprobe.extraction import CacheEntry

Result = TypeVar("Result")

app = typer.Typer(help="List, verify and remove caches of hidden states.", no_args_is_help=True, rich_markup_mode=None)

Root = Annotated[Path, typer.Option("--cache", help="The folder that holds the caches.", envvar="TREEPROBE_CACHE")]
Names = Annotated[list[str] | None, typer.Argument(help="Caches, by name or the end of it.")]


@app.command("ls")
def list_command(root: Root = DEFAULT_CACHE) -> None:
    """List the caches in a folder."""
    from treeprobe.extraction import list_caches

    entries = _or_exit(lambda: list_caches(root.expanduser()))
    for entry in entries:
        typer.echo(f"{entry.name}\n    {_described(entry)}")
    for entry in entries:
        if entry.problem is not None:
            typer.echo(entry.problem, err=True)


@app.command("verify")
def verify_command(names: Names = None, root: Root = DEFAULT_CACHE) -> None:
    """Compare every file of some caches (all of them where none is named) with its digest."""
    from treeprobe.extraction import CacheError, find_cache, verify_cache

    folders = _or_exit(lambda: [find_cache(root.expanduser(), name) for name in names or []] or _all(root))
    if not folders:
        typer.echo(f"there are no caches in {root.expanduser()}")
    damaged = 0
    for folder in folders:
        try:
            verify_cache(folder)
            typer.echo(f"{folder.name}: every file is as it was written")
        except CacheError as error:
            damaged += 1
            typer.echo(str(error), err=True)
    if damaged:
        raise typer.Exit(ExitCode.FAILED)


@app.command("rm")
def remove_command(
    names: Annotated[list[str], typer.Argument(help="Caches, by name or the end of it.")],
    root: Root = DEFAULT_CACHE,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
) -> None:
    """Remove caches."""
    from treeprobe.extraction import find_cache, remove_cache

    folders = _or_exit(lambda: [find_cache(root.expanduser(), name) for name in names])
    for folder in folders:
        if yes or typer.confirm(f"Remove {folder}?"):
            _or_exit(partial(remove_cache, folder))
            typer.echo(f"removed {folder}")


def _or_exit(action: Callable[[], Result]) -> Result:
    """What `action` returns; its `CacheError` becomes one line on the terminal and exit code 2."""
    from treeprobe.extraction import CacheError

    try:
        return action()
    except CacheError as error:
        typer.echo(f"treeprobe: {error}", err=True)
        raise typer.Exit(error.exit_code) from error


def _all(root: Path) -> list[Path]:
    from treeprobe.extraction import list_caches

    return [entry.folder for entry in list_caches(root.expanduser())]


def _described(entry: "CacheEntry") -> str:
    """What a cache holds, in a line; of a manifest that cannot be read the size alone."""
    size = f"{entry.bytes / 1e6:,.1f} MB"
    if entry.problem is not None:
        return f"unreadable, {size}"
    text = f"{entry.sentences:,} sentences, {entry.words:,} words; {entry.layers} layers of {entry.storage}, {size}"
    return text if entry.complete else f"{text}; incomplete"
