"""Trees without training: what is drawn is what the table says."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from treeprobe.reporting import new_figure, untrained_figure, untrained_layers, untrained_points
from treeprobe.reporting.style.palette import GREY


@pytest.fixture
def table() -> pd.DataFrame:
    """Two methods of two layers each on two splits, their chosen layers, and the chain."""
    rows = []
    for split, shift in (("dev", 0.0), ("test", 0.1)):
        for trees, values in {"perturbed masking, Dist": (0.2, 0.4), "substitution, same tags": (0.5, 0.3)}.items():
            best = int(np.argmax(values))
            for layer, value in enumerate(values):
                rows.append(
                    (split, trees, f"layer {layer}", layer, "spanning tree", layer == best, "uuas", value + shift)
                )
            rows.append((split, trees, f"layer {best}, x", best, "projective", True, "uas", values[best] / 2))
        rows.append((split, "chain", "", None, "spanning tree", True, "uuas", 0.45 + shift))
        rows.append((split, "random trees", "", None, "random", True, "uuas", 0.1 + shift))
    columns = ["split", "trees", "setting", "layer", "decoder", "chosen", "metric", "value"]
    frame = pd.DataFrame(rows, columns=columns).astype({"layer": "Int64"})
    return frame.assign(low=frame["value"] - 0.02, high=frame["value"] + 0.03)


def test_points_are_the_chosen_scores_of_test_methods_first_and_best_first(table: pd.DataFrame) -> None:
    _, ax = new_figure()
    untrained_points(table, ax)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [
        "substitution, same tags layer 0: spanning tree",
        "perturbed masking, Dist layer 1: spanning tree",
        "chain",
        "random trees",
    ]
    points = [line for line in ax.lines if len(line.get_xdata()) == 1]
    np.testing.assert_allclose([line.get_xdata()[0] for line in points], [0.6, 0.5, 0.55, 0.2])
    assert [to_hex(line.get_color()) == to_hex(GREY) for line in points] == [False, False, True, True]
    bars = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(bars[0], [0.58, 0.63])


def test_curves_are_every_layer_of_every_method(table: pd.DataFrame) -> None:
    _, ax = new_figure()
    untrained_layers(table, ax)
    found = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_allclose(found["perturbed masking, Dist"], [0.3, 0.5])
    np.testing.assert_allclose(found["substitution, same tags"], [0.6, 0.4])
    np.testing.assert_allclose(found["chain"], [0.55, 0.55])


def test_the_figure_has_a_panel_for_each_metric_that_there_is(table: pd.DataFrame) -> None:
    assert [ax.get_xlabel() for ax in untrained_figure(table).axes] == ["UUAS", "UAS", "layer (0: embeddings)"]


def test_a_metric_that_is_not_there_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no scores of 'bracket_f1'; found uuas, uas"):
        untrained_points(table, new_figure()[1], metric="bracket_f1")
