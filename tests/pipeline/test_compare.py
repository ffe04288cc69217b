"""Comparisons between the layers and checkpoints of a sweep are those of the scores themselves."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from treeprobe.extraction import Encoder
from treeprobe.pipeline import (
    Options,
    Plan,
    Splits,
    compare_by,
    compare_checkpoints,
    compare_layers,
    probe_angles,
    scores_by,
    sweep,
    training_curve,
)
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.finished import structure_of
from treeprobe.pipeline.results.scores import best_layer
from treeprobe.pipeline.sweeps import Sweep
from treeprobe.probes import DistanceProbe


@pytest.fixture(scope="module")
def done(checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A sweep over a training run of three steps."""
    folder = tmp_path_factory.mktemp("results")
    for step in (0, 5, 50):
        shutil.copytree(checkpoint, folder / "run" / f"step-{step}")
        twin = Encoder.from_pretrained(checkpoint).with_random_weights(seed=step)
        twin.model.save_pretrained(folder / "run" / f"step-{step}")
    splits = Splits("toy", treebank_files["train"], treebank_files["dev"])
    options = Options(ranks=(2, 4), seeds=(0, 1), epochs=1, samples=0, random_baseline=False, control=False)
    plan = Plan(models=[folder / "run"], treebanks=[splits], out=folder / "out", options=options)
    return sweep(plan, progress=False)


def best(done: Sweep, checkpoint: str) -> int:
    layer = best_layer(done.scores[done.scores["checkpoint"] == checkpoint])
    assert layer is not None
    return layer


def value(done: Sweep, checkpoint: str, layer: int, metric: str = "uuas") -> float:
    """The mean over the two seeds."""
    rows = done.scores.query("checkpoint == @checkpoint and layer == @layer and metric == @metric and rank == 4")
    assert rows["seed"].tolist() == [0, 1]
    return float(rows["value"].mean())


def test_layers_are_compared_with_the_best(done: Sweep) -> None:
    table = compare_layers(done.out, "run/step-5")
    assert sorted(table["layer"]) == [0, 1, 2]
    for row in table.itertuples():
        assert row.value == pytest.approx(value(done, "run/step-5", row.layer))
        assert row.difference == pytest.approx(row.value - table["value"].max())
        assert row.low <= row.difference <= row.high
    assert table["difference"].iloc[0] == 0


def test_the_best_layer_is_the_best_row(done: Sweep) -> None:
    layer = best(done, "run/step-0")
    assert value(done, "run/step-0", layer) == max(value(done, "run/step-0", one) for one in range(3))


def test_a_difference_is_that_of_the_scores_and_turns_round(done: Sweep) -> None:
    one = compare_checkpoints(done.out, "run/step-0", "run/step-50", layers=(1, 2), metric="dspr")
    other = compare_checkpoints(done.out, "run/step-50", "run/step-0", layers=(2, 1), metric="dspr")
    assert one.value == pytest.approx(value(done, "run/step-0", 1, "dspr") - value(done, "run/step-50", 2, "dspr"))
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
    assert (one.split, one.layers, one.chosen_on) == ("dev", (1, 2), None)


def test_relations_add_up_to_the_whole(done: Sweep) -> None:
    table = compare_by(done.out, "run/step-0", "run/step-5")
    for name, column in (("run/step-0", "first"), ("run/step-5", "second")):
        whole = value(done, name, best(done, name))
        assert np.average(table[column], weights=table["n"]) == pytest.approx(whole)
    np.testing.assert_allclose(table["difference"], table["first"] - table["second"])
    scores = scores_by(done.out, "run/step-0").set_index("category")["value"]
    np.testing.assert_allclose(table["first"], scores.loc[table["category"]])


def test_a_checkpoint_does_not_differ_from_itself(done: Sweep) -> None:
    same = compare_checkpoints(done.out, "run/step-0", "run/step-0")
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    # Without a test split the sentences that chose the layers are those that are compared, and the result says so.
    assert (same.split, same.chosen_on, same.layers) == ("dev", "dev", (best(done, "run/step-0"),) * 2)
    assert (compare_by(done.out, "run/step-0", "run/step-0")["difference"] == 0).all()
    angles = probe_angles(done.out, "run/step-0", "run/step-0")
    assert angles["largest"].max() < 0.1


def test_angles_are_those_of_the_singular_values(done: Sweep) -> None:
    angles = probe_angles(done.out, "run/step-0", "run/step-50")
    assert len(angles) == 3 * 2 * 2
    for row in angles.itertuples():
        place = f"probes/distance-layer-{row.layer}-rank-{row.rank}-seed-{row.seed}"
        bases = [
            np.linalg.qr(DistanceProbe.from_pretrained(done.out / "tasks" / task / place).matrix_.T.astype(float))[0]
            for task in ("run-step-0--toy--structure", "run-step-50--toy--structure")
        ]
        cosines = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
        assert row.largest == pytest.approx(np.degrees(np.arccos(cosines.min())), abs=0.05)
        assert row.largest > 0.1


def test_curves_over_training(done: Sweep) -> None:
    curve = training_curve(done.scores, "run")
    curve = curve[curve["rank"] == 4]
    assert curve["step"].tolist() == [0, 5, 50]
    for row in curve.itertuples():
        assert row.value == pytest.approx(max(value(done, f"run/step-{row.step}", layer) for layer in range(3)))


def test_a_curve_is_of_the_treebank_that_is_asked_for(done: Sweep) -> None:
    other = done.scores.assign(treebank="other", value=done.scores["value"] / 2)
    both = pd.concat([done.scores, other], ignore_index=True)
    curve = training_curve(done.scores, "run")
    assert len(training_curve(both, "run")) == 2 * len(curve)
    pd.testing.assert_frame_equal(training_curve(both, "run", treebank="toy"), curve, check_dtype=False)


def test_what_was_not_measured_is_named(done: Sweep) -> None:
    with pytest.raises(FindingsError, match="0 structural analyses of run/step-9"):
        structure_of(done.out, "run/step-9")
    with pytest.raises(FindingsError, match="no las on dev"):
        compare_layers(done.out, "run/step-0", metric="las")
    with pytest.raises(FindingsError, match=r"no layer 7; measured \[0, 1, 2\]"):
        compare_checkpoints(done.out, "run/step-0", "run/step-5", layers=(7, 0))
    with pytest.raises(FindingsError, match="found runs run"):
        training_curve(done.scores, "walk")
    with pytest.raises(FindingsError, match="on dev of elsewhere"):
        training_curve(done.scores, "run", split="dev", treebank="elsewhere")
