"""One command for each analysis of the registry, made from what the registry says that it reads."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from treeprobe.pipeline.analyses import Analysis, Need
from treeprobe.pipeline.commands import options as declared

NEXT = {"structure": 'To parse a sentence with its probe:  treeprobe parse --probe {out} "A sentence."'}
"""What to do next, by analysis."""


def command_of(analysis: Analysis) -> Callable[..., None]:
    """The command of an analysis: its options are those that the analysis reads, and the ones that all have."""

    @declared.takes(_parameters(analysis))
    def command(**given: Any) -> None:
        from treeprobe.pipeline.analysis import analyse
        from treeprobe.pipeline.subject import Sources

        sources = Sources(
            model=given["model"],
            probes=given.get("probes"),
            device=given["device"],
            cache=given["cache"],
            max_sentences=given["max_sentences"],
            **{split: given[split] for split in analysis.splits},
        )
        findings = analyse(
            analysis.name,
            sources,
            given["out"],
            options=declared.options_of(given),
            figures=given["figures"],
            overwrite=given["overwrite"],
            progress=not given["quiet"],
        )
        if findings.closing:
            typer.echo(f"{findings.closing}\n")
        typer.echo(findings.summary)
        typer.echo(f"Everything is in {given['out']}; `treeprobe report {given['out']}` makes a page of it")
        if analysis.name in NEXT:
            typer.echo(NEXT[analysis.name].format(out=given["out"]))

    command.__doc__ = analysis.help
    return command


def _parameters(analysis: Analysis) -> list[inspect.Parameter]:
    """The parameters that typer makes options of."""
    found = [declared.parameter("model", declared.Model)]
    found += [_optional(name, str, need, declared.SPLITS[name]) for name, need in analysis.splits.items()]
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
    ]


def _optional(name: str, kind: type, need: Need, help_text: str) -> inspect.Parameter:
    """An option that an analysis requires, or can do without."""
    option = typer.Option(help=help_text)
    if need == "required":
        return declared.parameter(name, Annotated[kind, option])
    return declared.parameter(name, Annotated[kind | None, option], None)
