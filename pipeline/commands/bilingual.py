"""`treeprobe bilingual`: small models of a text and its shifted twin, and what they share."""

from pathlib import Path
from typing import Annotated

import typer

from treeprobe.pipeline.commands.options import SPLITS, Device, MaxSentences, Quiet, integers
from treeprobe.pipeline.commands.showing import progress_of

CONDITIONS = "same,apart,mlm,mlm-languages,tlm,tlm-languages"


def bilingual_command(
    train: Annotated[str, typer.Option(help=SPLITS["train"])],
    dev: Annotated[str, typer.Option(help=SPLITS["dev"])],
    out: Annotated[Path, typer.Option(help="The folder to write; each model in it appears when it is complete.")],
    conditions: Annotated[
        str,
        typer.Option(
            help="Models to make, with commas between: one vocabulary in two spellings (same), two models (apart), "
            "masked LM on both languages (mlm), with pairs of translations (tlm); -languages: with language embeddings."
        ),
    ] = CONDITIONS,
    steps: Annotated[int, typer.Option(min=1, help="Training steps of each model.")] = 6000,
    layers: Annotated[int, typer.Option(min=1, help="Transformer layers.")] = 4,
    dim: Annotated[int, typer.Option(min=1, help="Width of the hidden states.")] = 128,
    heads: Annotated[int, typer.Option(min=1, help="Attention heads per layer.")] = 4,
    vocabulary_size: Annotated[int, typer.Option(min=10, help="Most subwords in the vocabulary of a language.")] = 4000,
    batch_size: Annotated[int, typer.Option(min=2, help="Sentences per step.")] = 32,
    learning_rate: Annotated[
        float, typer.Option(min=0.0, help="Peak learning rate, reached after a tenth of the steps.")
    ] = 1e-3,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and masks.")] = 0,
    ranks: Annotated[str, typer.Option(help="Rank of the probes.")] = "64",
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to train each probe with.")] = 3,
    random_baseline: Annotated[bool, typer.Option(help="Also probe each architecture with random weights.")] = True,
    max_sentences: MaxSentences = None,
    device: Device = "cpu",
    quiet: Quiet = False,
) -> None:
    """Make small models of a text and its shifted twin, and measure what they share.

    Where it was cut off, the same command goes on.
    """
    from treeprobe.pipeline.languages.sharing import draw_sharing, measure_sharing, write_languages, write_table
    from treeprobe.pipeline.options import Options
    from treeprobe.pipeline.subjects.subject import Sources
    from treeprobe.training import PretrainingError, PretrainingOptions, make_bilingual

    try:
        options = PretrainingOptions(
            steps=steps,
            save_steps=(steps,),
            layers=layers,
            dim=dim,
            heads=heads,
            vocabulary_size=vocabulary_size,
            batch_size=batch_size,
            learning_rate=learning_rate,
            next_sentence=False,
            seed=seed,
        )
    except PretrainingError as error:
        raise typer.BadParameter(str(error)) from error
    progress = progress_of(quiet=quiet)
    splits = Sources(model="", train=train, dev=dev, max_sentences=max_sentences).read()
    files = write_languages(splits, out / "treebanks")
    names = [name.strip() for name in conditions.split(",") if name.strip()]
    if progress == "stages":
        typer.echo(f"pre-training {', '.join(names)}, {steps} steps each …", err=True)
    models = make_bilingual(
        list(splits["train"]),
        out / "models",
        options=options,
        conditions=names,
        device=device,
        progress=progress is True,
    )
    table = measure_sharing(
        models,
        files,
        out / "analyses",
        options=Options(ranks=integers(ranks, least=1), seeds=tuple(range(seeds)), random_baseline=random_baseline),
        device=device,
        progress=progress,
    )
    write_table(table, out / "sharing.csv")
    draw_sharing(table, out / "sharing")
    shown = table[table["probe"] == "distance"].drop(columns="probe")
    typer.echo(f"{shown.to_string(index=False, float_format='{:.3f}'.format)}\n")
    twin = "The same with random weights" if random_baseline else "The same"
    typer.echo(f"{twin}: {out}/sharing.csv. Each model's own analysis: {out}/analyses")
