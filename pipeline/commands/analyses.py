"""One command for each analysis of the registry, made from what the registry says that it reads."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from treeprobe.pipeline.analyses import Analysis, Need
from treeprobe.pipeline.commands import options as declared
from treeprobe.pipeline.commands.logs import logged
from treeprobe.pipeline.commands.showing import progress_of, show

NEXT = {"structure": 'To parse a sentence with its probe:  treeprobe parse --probe {out} "A sentence."'}
"""What to do next, by analysis."""


def command_of(analysis: Analysis) -> Callable[..., None]:
    """The command of an analysis: its options are those that the analysis reads, and the ones that all have."""

    @declared.takes(_parameters(analysis))
    def command(**given: Any) -> None:
        with logged(given["log_file"], given["log_json"]):
            _run(analysis, given)

    command.__doc__ = analysis.help
    return command


def _run(analysis: Analysis, given: Mapping[str, Any]) -> None:
    """Run an analysis as the command was asked to, and print how it ended."""
    from treeprobe.pipeline.analysis import analyse
    from treeprobe.pipeline.subjects.subject import Sources

    sources = Sources(
        model=given["model"],
        probes=given.get("probes"),
        before=given.get("before"),
        device=given["device"],
        cache=given["cache"],
        max_sentences=given["max_sentences"],
        **{split: _source(given[split], languages=analysis.languages) for split in analysis.splits},
    )
    out = given["out"]
    findings = analyse(
        analysis.name,
        sources,
        out,
        options=declared.options_of(given),
        figures=given["figures"],
        overwrite=given["overwrite"],
        progress=progress_of(quiet=given["quiet"]),
    )
    notes = [f"Everything is in {out}; `treeprobe report {out}` makes a page of it"]
    notes += [NEXT[analysis.name].format(out=out)] if analysis.name in NEXT else []
    show(findings, out, verbose=given["verbose"], as_json=given["json"], notes=notes)


def _source(given: str | None, *, languages: bool) -> Any:
    """A treebank, or one for each language where an analysis reads several."""
    if given is None or not languages:
        return given
    return tuple(part.strip() for part in given.split(",") if part.strip())


def _parameters(analysis: Analysis) -> list[inspect.Parameter]:
    """The parameters that typer makes options of."""
    found = [declared.parameter("model", declared.Model)]
    told = declared.LANGUAGE_SPLITS if analysis.languages else declared.SPLITS
    found += [_optional(name, str, need, told[name]) for name, need in analysis.splits.items()]
    if analysis.before:
        found.append(declared.parameter("before", declared.Before))
    if analysis.probes != "none":
        found.append(_optional("probes", Path, analysis.probes, declared.PROBES))
    return [
        *found,
        declared.parameter("out", declared.Out),
        *declared.analysis_parameters(analysis.options),
        declared.parameter("max_sentences", declared.MaxSentences, None),
        declared.parameter("device", declared.Device, "cpu"),
        declared.parameter("cache", declared.Cache, declared.DEFAULT_CACHE),
        declared.parameter("figures", declared.Figures, True),
        declared.parameter("overwrite", declared.Overwrite, False),
        declared.parameter("quiet", declared.Quiet, False),
        declared.parameter("verbose", declared.Verbose, False),
        declared.parameter("json", declared.Json, False),
        declared.parameter("log_file", declared.LogFile, None),
        declared.parameter("log_json", declared.LogJson, None),
    ]


def _optional(name: str, kind: type, need: Need, help_text: str) -> inspect.Parameter:
    """An option that an analysis requires, or can do without."""
    option = typer.Option(help=help_text)
    if need == "required":
        return declared.parameter(name, Annotated[kind, option])
    return declared.parameter(name, Annotated[kind | None, option], None)
