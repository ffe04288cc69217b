"""What a model learns in pre-training, by step: losses in training, and losses and accuracies on held-out text."""

import pandas as pd
from matplotlib.axes import Axes

from treeprobe.reporting.style.axes import clean_axes, legend_above
from treeprobe.reporting.style.palette import BLACK, BLUE, GREY, VERMILLION, LineStyle

_STYLES = {
    "language_model": LineStyle(BLUE, "solid", marker="o"),
    "next_sentence": LineStyle(VERMILLION, (0, (5, 2)), marker="s"),
}
_NAMES = {"language_model": "subwords", "next_sentence": "next sentence"}
_HELD_OUT = {
    "loss": {"language_model": "loss", "next_sentence": "next_sentence_loss"},
    "accuracy": {"language_model": "accuracy", "next_sentence": "next_sentence_accuracy"},
}
_POINTS = 60
"""How many means of the training loss are drawn; that of single steps jumps up and down."""


def loss_by_step(losses: pd.DataFrame, held_out: pd.DataFrame, ax: Axes) -> Axes:
    """Draw the loss of each objective by step: pale in training, with markers on held-out text.

    Args:
        losses: step, objective and loss, in nats, as `TrainingRecord.losses`; drawn as means of neighbouring steps.
        held_out: step, loss and next_sentence_loss, as `TrainingRecord.held_out`; may be empty.
        ax: The axes, returned.
    """
    for objective, rows in losses.groupby("objective", sort=False):
        style = _STYLES[str(objective)]
        window = -(-len(rows) // _POINTS)
        means = rows.groupby((rows["step"] - 1) // window)[["step", "loss"]].mean()
        label = f"{_NAMES[str(objective)]}, in training"
        ax.plot(means["step"], means["loss"], color=style.color, alpha=0.35, linewidth=1.2, label=label)
    _held_out(held_out, ax, "loss")
    ax.set_ylabel("loss (nats)")
    return _finish(ax)


def accuracy_by_step(held_out: pd.DataFrame, ax: Axes) -> Axes:
    """Draw how often the first choice is right on held-out text, by step, with the chance of a next sentence.

    Args:
        held_out: step, accuracy and next_sentence_accuracy, as `TrainingRecord.held_out`.
        ax: The axes, returned.
    """
    _held_out(held_out, ax, "accuracy")
    if held_out["next_sentence_accuracy"].notna().any():
        ax.axhline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)), label="next sentence, by chance")
    ax.set_ylim(0, 1)
    ax.set_ylabel("right on held-out text")
    return _finish(ax)


def _held_out(table: pd.DataFrame, ax: Axes, measure: str) -> None:
    """A curve for each objective that the table has values of."""
    for objective, column in _HELD_OUT[measure].items():
        rows = table[["step", column]].dropna()
        if len(rows):
            style = _STYLES[objective]
            label = f"{_NAMES[objective]}, held out"
            ax.plot(rows["step"], rows[column], **style.line, marker=style.marker, markersize=3.5, label=label)


def _finish(ax: Axes) -> Axes:
    ax.set_xlabel("training step", color=BLACK)
    clean_axes(ax)
    legend_above(ax)
    return ax
