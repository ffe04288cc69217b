"""`treeprobe demo`: the main job on what the package carries."""

from pathlib import Path
from typing import Annotated

import typer

from treeprobe.pipeline.commands.logs import logged
from treeprobe.pipeline.commands.options import (
    DEFAULTS,
    Device,
    Json,
    Layers,
    LogFile,
    LogJson,
    Out,
    Overwrite,
    Quiet,
    Seeds,
    Verbose,
    options_of,
)
from treeprobe.pipeline.commands.showing import progress_of, show


def demo_command(
    out: Out = Path("demo-output"),
    sentences: Annotated[int, typer.Option(min=100, help="How many grammar sentences to train on.")] = 3000,
    seeds: Seeds = DEFAULTS["seeds"],
    layers: Layers = None,
    device: Device = "cpu",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
    log_file: LogFile = None,
    log_json: LogJson = None,
) -> None:
    """Run the main job on the embedded checkpoint and treebank; no network, no files of your own."""
    from treeprobe.pipeline.demonstration import MEANING, demo

    with logged(log_file, log_json):
        findings = demo(
            out,
            sentences=sentences,
            options=options_of({"seeds": seeds, "layers": layers}),
            device=device,
            overwrite=overwrite,
            progress=progress_of(quiet=quiet),
        )
        notes = ["", MEANING, "", f"Everything is in {out}: start with figures/layers-uuas.png"]
        show(findings, out, verbose=verbose, as_json=json, notes=notes)
