"""`treeprobe finetune-together`: one encoder trained for several tasks, beside one for each."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from treeprobe.pipeline.commands import finetuning_options as declared
from treeprobe.pipeline.commands.options import Device, Model, Quiet
from treeprobe.pipeline.commands.showing import progress_of

if TYPE_CHECKING:
    import pandas as pd


_TASKS = f"With commas between: {', '.join(get_args(declared.TaskName))}. {declared.TASKS}"


def finetune_together_command(
    model: Model,
    tasks: Annotated[str, typer.Option(help=_TASKS)],
    data: declared.Data,
    out: Annotated[
        Path, typer.Option(help="The folder to write: the models together and apart, and what sharing gained.")
    ],
    sharing: Annotated[
        Literal["hard", "l2"],
        typer.Option(help="One encoder for all tasks (hard), or one for each, drawn towards their mean (l2)."),
    ] = "hard",
    strength: Annotated[
        float, typer.Option(min=0.0, help="How strongly l2 draws encoders together, in steps of the optimizer.")
    ] = 1.0,
    weighting: Annotated[
        Literal["equal", "uncertainty"], typer.Option(help="How the tasks' losses are weighted.")
    ] = "equal",
    epochs: declared.Epochs = 3.0,
    steps: declared.Steps = None,
    batch_size: declared.BatchSize = 32,
    learning_rate: declared.LearningRate = 2e-4,
    max_subwords: declared.MaxSubwords = 128,
    max_train: declared.MaxTrain = None,
    max_dev: declared.MaxDev = None,
    test: declared.Test = False,
    random_weights: declared.RandomWeights = False,
    seed: declared.Seed = 0,
    device: Device = "cpu",
    overwrite: declared.Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fine-tune one encoder for several tasks, and one for each apart by as many steps: what does sharing gain?"""
    from treeprobe.training.finetuning import SharingOptions, compare_with_apart

    options = declared.finetuning_options(
        epochs=epochs,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_subwords=max_subwords,
        random_weights=random_weights,
        seed=seed,
    )
    chosen = [
        declared.read_task(name, data, test=test).shortened(max_train, max_dev, seed=seed)
        for name in declared.read_task_names(tasks)
    ]
    progress = progress_of(quiet=quiet)
    if progress == "stages":
        typer.echo(f"fine-tuning on {', '.join(map(str, chosen))} …", err=True)
    gains = compare_with_apart(
        chosen,
        model,
        out,
        options=options,
        sharing=SharingOptions(sharing, strength, weighting),
        device=device,
        overwrite=overwrite,
        progress=progress is True,
    )
    typer.echo(_shown(gains))
    typer.echo(f"\nTogether: {out}/together; apart, by as many steps of each task: {out}/apart; this: {out}/gains.csv")


def _shown(gains: "pd.DataFrame") -> str:
    """The gains as a table: a line a task and split."""
    from treeprobe.parsing.scores import p_text
    from treeprobe.pipeline.closing_table import aligned

    lines = [
        [
            row["task"], row["split"], row["metric"], f"{row['apart']:.3f}", f"{row['together']:.3f}",
            f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]", p_text(row["p"], row["least_p"]),
        ]
        for row in gains.to_dict("records")
    ]  # fmt: skip
    table = aligned([["", "split", "metric", "apart", "together", "gain", "p"], *lines])
    return "\n".join([*table, "In brackets: the 95 % interval of the difference on the same examples."])
