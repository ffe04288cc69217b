"""The options of commands that pre-train, declared once: the fields of `PretrainingOptions`."""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from treeprobe.pipeline.commands.options import integers, parameter

if TYPE_CHECKING:
    from treeprobe.training import PretrainingOptions

PRETRAINING: Mapping[str, tuple[Any, Any]] = {
    "steps": (Annotated[int, typer.Option(min=1, help="Training steps.")], 6000),
    "save_steps": (
        Annotated[
            str, typer.Option(help="Steps whose checkpoints are saved, separated by commas; 0 is the untrained model.")
        ],
        "0,300,1000,2000,3000,6000",
    ),
    "layers": (Annotated[int, typer.Option(min=1, help="Transformer layers.")], 4),
    "dim": (Annotated[int, typer.Option(min=1, help="Width of the hidden states.")], 128),
    "heads": (Annotated[int, typer.Option(min=1, help="Attention heads per layer.")], 4),
    "vocabulary_size": (Annotated[int, typer.Option(min=10, help="Most subwords in the vocabulary.")], 4000),
    "max_subwords": (Annotated[int, typer.Option(min=8, help="Longest example; longer ones are truncated.")], 96),
    "batch_size": (Annotated[int, typer.Option(min=1, help="Examples per step.")], 32),
    "learning_rate": (
        Annotated[float, typer.Option(min=0.0, help="Peak learning rate, reached after a tenth of the steps.")],
        1e-3,
    ),
    "mask_share": (Annotated[float, typer.Option(help="Share of the subwords that are predicted.")], 0.15),
    "mask_replace_prob": (
        Annotated[float, typer.Option(help="Share of the subwords to predict that are shown as [MASK].")],
        0.8,
    ),
    "random_replace_prob": (
        Annotated[float, typer.Option(help="Share of them that are shown as a random subword.")],
        0.1,
    ),
    "next_sentence": (
        Annotated[bool, typer.Option(help="Also predict whether the second sentence follows.")],
        True,
    ),
    "left_to_right": (
        Annotated[
            bool, typer.Option("--left-to-right", help="Predict each subword from those before it, not masked ones.")
        ],
        False,
    ),
    "bilstm": (
        Annotated[
            bool,
            typer.Option(
                "--bilstm", help="Save left-to-right checkpoints with an untrained BiLSTM on top, for fine-tuning."
            ),
        ],
        False,
    ),
    "position_code": (
        Annotated[
            Literal["learned", "sinusoidal", "none"], typer.Option(help="What tells the model where a subword stands.")
        ],
        "learned",
    ),
    "neighbour_heads": (
        Annotated[
            bool,
            typer.Option(
                "--neighbour-heads",
                help="Begin with heads that attend to neighbours, by which a small model uses the context sooner.",
            ),
        ],
        False,
    ),
    "embedding_scale": (
        Annotated[
            float,
            typer.Option(
                min=0.0, help="How many times as large as BERT's the embeddings of words and positions are drawn."
            ),
        ],
        1.0,
    ),
    "dropout": (Annotated[float, typer.Option(min=0.0, help="Dropout in training.")], 0.0),
    "evaluations": (
        Annotated[int, typer.Option(min=0, help="Evaluations on held-out text, besides those at the steps to save.")],
        10,
    ),
    "seed": (Annotated[int, typer.Option(min=0, help="Seed of weights, order, sentence pairs and masks.")], 0),
}
"""The fields as the command line takes them, with their defaults as it writes them."""


def pretraining_parameters(*, without: tuple[str, ...] = ()) -> list[inspect.Parameter]:
    """The parameters of a command that pre-trains."""
    return [parameter(name, *declared) for name, declared in PRETRAINING.items() if name not in without]


def pretraining_options(given: Mapping[str, Any]) -> "PretrainingOptions":
    """The options that a command was given; those that it does not have keep their defaults."""
    from treeprobe.training import PretrainingError, PretrainingOptions

    read = {name: given[name] for name in PRETRAINING if name in given}
    read["save_steps"] = _save_steps(read["save_steps"], read["steps"])
    try:
        return PretrainingOptions(**read)
    except PretrainingError as error:
        raise typer.BadParameter(str(error)) from error


def _save_steps(text: str, steps: int) -> tuple[int, ...]:
    """The steps to save; of the default ones those that are reached, and the last step."""
    asked = integers(text, least=0)
    if text == PRETRAINING["save_steps"][1]:
        return (*(step for step in asked if step < steps), steps)
    return asked
