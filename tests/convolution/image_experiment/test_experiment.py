"""Short trainings of every variant, and the table of the experiment."""

import numpy as np
import pytest

from treeprobe.convolution.image_experiment import (
    Images,
    TrainingOptions,
    Trunk,
    digits,
    experiment_table,
    run_experiment,
)
from treeprobe.convolution.image_experiment.classifier import VARIANTS


@pytest.fixture(scope="module")
def few() -> Images:
    whole = digits()
    return Images("few", whole.train[:96], whole.train_classes[:96], whole.test[:32], whole.test_classes[:32])


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_learns_and_can_be_repeated(few, variant):
    training = TrainingOptions(epochs=3, batch_size=16)
    one, again = (
        run_experiment(few, variants=[variant], trunk=Trunk(8, depth=1), training=training)[0] for _ in range(2)
    )
    assert one.history.loss.iloc[-1] < one.history.loss.iloc[1]
    assert one.history.equals(again.history)
    if variant == "convolution":
        assert one.centres is one.attention is None
        return
    assert one.centres.shape == (4, 2, 9, 2)
    assert np.abs(one.centres[-1] - one.centres[0]).max() > 1e-3, "centres move"
    np.testing.assert_allclose(one.attention.sum((2, 3)), 1.0, rtol=1e-5)


def test_the_table_sets_the_papers_numbers_beside(few):
    runs = run_experiment(few, variants=["convolution"], trunk=Trunk(4, depth=1), training=TrainingOptions(epochs=1))
    table = experiment_table(runs)
    assert table.source.tolist() == ["here"] + ["Cordonnier et al. (2020)"] * 4
    assert table.accuracy.tolist()[1:] == [0.938, 0.938, 0.918, 0.871]
