"""Curves of a pre-training show each objective's own numbers."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from treeprobe.reporting import accuracy_by_step, loss_by_step, new_figure


@pytest.fixture
def ax() -> Axes:
    return new_figure((4, 3))[1]


def tables(*, next_sentence: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    steps = np.arange(1, 241)
    rows = [(step, "language_model", 6 / step) for step in steps]
    if next_sentence:
        rows += [(step, "next_sentence", 0.7) for step in steps]
    losses = pd.DataFrame(rows, columns=["step", "objective", "loss"])
    held_out = pd.DataFrame({"step": [0, 120, 240], "loss": [6.0, 3.0, 2.0], "accuracy": [0.0, 0.3, 0.4]})
    held_out["next_sentence_loss"] = [0.7, 0.6, 0.5] if next_sentence else None
    held_out["next_sentence_accuracy"] = [0.5, 0.6, 0.7] if next_sentence else None
    return losses, held_out


def test_losses_of_both_objectives(ax: Axes) -> None:
    losses, held_out = tables(next_sentence=True)
    assert loss_by_step(losses, held_out, ax) is ax
    drawn = {str(line.get_label()): line for line in ax.lines}
    assert list(drawn) == [
        "subwords, in training", "next sentence, in training", "subwords, held out", "next sentence, held out"
    ]  # fmt: skip
    assert drawn["subwords, held out"].get_ydata().tolist() == [6.0, 3.0, 2.0]
    means = drawn["subwords, in training"]
    assert len(means.get_xdata()) == 60
    assert np.mean(means.get_ydata()) == pytest.approx(losses["loss"][:240].mean())


def test_a_short_run_is_drawn_step_by_step(ax: Axes) -> None:
    losses, held_out = tables(next_sentence=False)
    loss_by_step(losses[:50], held_out.iloc[:0], ax)
    assert [line.get_label() for line in ax.lines] == ["subwords, in training"]
    assert ax.lines[0].get_ydata().tolist() == losses["loss"][:50].tolist()


@pytest.mark.parametrize("next_sentence", [True, False])
def test_chance_is_drawn_where_there_is_something_to_guess(next_sentence: bool, ax: Axes) -> None:
    accuracy_by_step(tables(next_sentence=next_sentence)[1], ax)
    labels = [line.get_label() for line in ax.lines]
    assert ("next sentence, by chance" in labels) == next_sentence
    assert len(labels) == (3 if next_sentence else 1)
    assert ax.get_ylim() == (0, 1)
