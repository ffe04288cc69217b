"""`treeprobe atlas`: several checkpoints on several languages, and one page of what their probes share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from treeprobe.exit_codes import ExitCode
from treeprobe.pipeline.commands import options as declared
from treeprobe.pipeline.commands.logs import LOG, logged
from treeprobe.pipeline.commands.showing import progress_of

_OPTIONS = (
    "ranks", "seeds", "layers", "epochs", "precision", "text", "pooling", "context", "random_baseline", "control"
)  # fmt: skip
_SHOWN = 8
"""Failures that are printed; all are on the page."""

PARAMETERS = [
    declared.parameter(
        "models",
        Annotated[
            list[str],
            typer.Option(help="Checkpoints with commas between: folders, patterns, hub names, NAME=FOLDER."),
        ],
    ),
    declared.parameter(
        "languages",
        Annotated[
            list[str],
            typer.Option(
                help="Treebanks with commas between, one a language: UD names, UD folders, NAME=TREEBANK, or a file of "
                "them, NAME TRAIN DEV [TEST] a line."
            ),
        ],
    ),
    declared.parameter(
        "out", Annotated[Path, typer.Option(help="The folder of the sweep and of the atlas; it may hold one begun.")]
    ),
    *declared.analysis_parameters(_OPTIONS),
    declared.parameter("punctuation", declared.OPTIONS["punctuation"], "upos"),
    declared.parameter(
        "joint", Annotated[bool, typer.Option(help="Also fit spaces of all languages, and of all but each.")], True
    ),
    declared.parameter("max_sentences", declared.MaxSentences, None),
    declared.parameter("device", declared.Device, "cpu"),
    declared.parameter(
        "cache",
        Annotated[Path | None, typer.Option(help="Where hidden states are kept; in OUT unless given.")],
        None,
    ),
    declared.parameter("figures", declared.Figures, True),
    declared.parameter("jobs", Annotated[int, typer.Option(min=1, help="Tasks at once.")], 1),
    declared.parameter("retry", Annotated[bool, typer.Option("--retry", help="Try failed tasks again.")], False),
    declared.parameter(
        "replace", Annotated[bool, typer.Option("--replace", help="Redo tasks whose inputs or options changed.")], False
    ),
    declared.parameter("quiet", declared.Quiet, False),
    declared.parameter("log_file", declared.LogFile, None),
    declared.parameter("log_json", declared.LogJson, None),
]


@declared.takes(PARAMETERS)
def atlas_command(**given: Any) -> None:
    """Analyse many languages with several checkpoints, and map languages by what their probes share."""
    with logged(given["log_file"], given["log_json"]):
        _make(given)


def _make(given: Mapping[str, Any]) -> None:
    """Make the atlas as the command was asked to, and print how it ended."""
    from treeprobe.pipeline.atlas.making import AtlasPlan, make_atlas
    from treeprobe.pipeline.sweeps import Workers

    plan = AtlasPlan(
        models=_parts(given["models"]),
        languages=_parts(given["languages"]),
        options=declared.options_of(given),
        **{name: given[name] for name in ("out", "joint", "device", "cache", "max_sentences", "figures")},
    )
    made = make_atlas(
        plan,
        workers=Workers(given["jobs"]),
        retry=given["retry"],
        replace_changed=given["replace"],
        progress=progress_of(quiet=given["quiet"]),
    )
    lines = [made.atlas.summary, *_told(made.failures), f"The atlas is in {made.page}; its tables are beside it"]
    LOG.info("%s", "\n".join(lines))
    typer.echo("\n".join(lines))
    if made.failures:
        raise typer.Exit(ExitCode.FAILED)


def _told(failures: Mapping[str, str]) -> list[str]:
    """What could not be done and why, a line each; those that wait for another are not told again."""
    own = {name: reason for name, reason in failures.items() if not reason.startswith("it needs the probes of ")}
    if not failures:
        return []
    lines = [f"{len(failures)} left out or failed; everything else is in the atlas"]
    lines += [f"  {name}: {reason}" for name, reason in list(own.items())[:_SHOWN]]
    more = len(failures) - min(len(own), _SHOWN)
    return [*lines, *([f"  and {more} more, on the page"] if more else [])]


def _parts(texts: Sequence[str]) -> list[str]:
    """Names with commas between; a file or folder whose name has commas stays whole."""
    found = (
        [text] if Path(text).expanduser().exists() else [part.strip() for part in text.split(",")] for text in texts
    )
    return [part for parts in found for part in parts if part]
