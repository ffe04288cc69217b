"""`treeprobe ablations`: the four ablations of Devlin et al. (2019) on small models, in one command that goes on."""

from pathlib import Path
from typing import Annotated

import typer

from treeprobe.pipeline.commands.logs import LOG, logged
from treeprobe.pipeline.commands.options import Device, LogFile, LogJson, MaxSentences, Quiet, Verbose
from treeprobe.pipeline.commands.showing import progress_of

EXPERIMENTS = "masking,objectives,sizes,steps"
SIZES = "1x128x4,2x128x1,2x128x4,4x128x4,4x192x6,8x192x6"


def ablations_command(
    train: Annotated[str, typer.Option(help="Treebank whose text is pre-trained on, and whose trees train probes.")],
    dev: Annotated[str, typer.Option(help="Treebank that is predicted and probed.")],
    out: Annotated[Path, typer.Option(help="The folder of the ablations; it may hold some that were begun.")],
    experiments: Annotated[str, typer.Option(help=f"Any of {EXPERIMENTS}, with commas between.")] = EXPERIMENTS,
    seeds: Annotated[int, typer.Option(min=1, help="Pre-training runs of each variant.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Training steps of each run.")] = 3000,
    points: Annotated[int, typer.Option(min=1, help="Checkpoints on each curve of the experiment steps.")] = 6,
    sizes: Annotated[
        str, typer.Option(help="Layers, width and heads of the models of the experiment sizes, as 4x128x4.")
    ] = SIZES,
    size: Annotated[str, typer.Option(help="That of all others.")] = "4x128x4",
    vocabulary_size: Annotated[int, typer.Option(min=10, help="Most subwords in the vocabulary.")] = 4000,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Examples per step; twice as many where they are no pairs.")
    ] = 32,
    learning_rate: Annotated[
        float, typer.Option(min=0.0, help="Peak learning rate, reached after a tenth of the steps.")
    ] = 1e-3,
    neighbour_heads: Annotated[
        bool,
        typer.Option(help="Begin with heads that attend to neighbours, to learn from the context sooner."),
    ] = True,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes of the probes over the training treebank.")] = None,
    finetuning_steps: Annotated[
        int, typer.Option(min=0, help="Steps of fine-tuning on parts of speech; 0 for none.")
    ] = 300,
    max_sentences: MaxSentences = None,
    jobs: Annotated[int, typer.Option(min=1, help="Runs and analyses at once.")] = 1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of each; a fair share of the cores unless given.")
    ] = None,
    device: Device = "cpu",
    quiet: Quiet = False,
    log_file: LogFile = None,
    log_json: LogJson = None,
    verbose: Verbose = False,
) -> None:
    """Pre-train small models as in Devlin's four ablations, compare what they learn, and draw four figures.

    Where it was cut off, the same command goes on.
    """
    from dataclasses import replace

    from treeprobe.pipeline.ablations import AblationPlan, Size, ablate
    from treeprobe.pipeline.ablations.plan import PROBES
    from treeprobe.pipeline.ablations.variants import read_experiments
    from treeprobe.pipeline.sweeps import Workers
    from treeprobe.training import PretrainingOptions

    shape = Size.read(size)
    plan = AblationPlan(
        train=train,
        dev=dev,
        out=out,
        experiments=read_experiments(experiments),
        seeds=seeds,
        base=PretrainingOptions(
            layers=shape.layers,
            dim=shape.dim,
            heads=shape.heads,
            vocabulary_size=vocabulary_size,
            steps=steps,
            save_steps=(steps,),
            batch_size=batch_size,
            learning_rate=learning_rate,
            neighbour_heads=neighbour_heads,
        ),
        sizes=tuple(Size.read(part) for part in sizes.split(",")),
        points=points,
        probes=replace(PROBES, epochs=epochs),
        finetuning_steps=finetuning_steps,
        max_sentences=max_sentences,
        device=device,
    )
    with logged(log_file, log_json):
        found = ablate(plan, workers=Workers(jobs, threads=threads), progress=progress_of(quiet=quiet))
        LOG.info("%s", found.text)
        typer.echo(f"{found.text}\n")
        if verbose:
            typer.echo(f"{found.table.to_string(index=False, float_format='{:.4f}'.format)}\n")
        typer.echo(f"Figures: {found.out}/figures; every number: {found.out}/variants.csv, {found.out}/measures.csv")
