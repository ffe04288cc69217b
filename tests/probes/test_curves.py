"""Curves and intervals over seeds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from tests.probes.corpora import LayeredStates
from treeprobe.probes import DepthProbe, DistanceProbe, PoincareProbe, curves, over_seeds


def test_curves_are_tidy_and_agree_with_lone_probes(train, dev):
    states, held = LayeredStates([train.vectors, train.exact]), LayeredStates([dev.vectors, dev.exact])
    table = curves(
        states,
        train,
        validation=(held, dev),
        ranks=(2, 6),
        seeds=(0, 1),
        score=lambda probe, predicted: {"mean": float(np.mean([each.mean() for each in predicted]))},
        epochs=1,
    )
    assert len(table) == 2 * 2 * 2 * 2 * 2
    row = table.query("probe == 'depth' and layer == 1 and rank == 6 and seed == 1 and metric == 'loss'")
    alone = DepthProbe(1, 6, 1, epochs=1).fit(states, train.depths, validation=(held, dev.depths))
    assert row["value"].item() == pytest.approx(alone.history_[0]["validation"], rel=1e-4)


def test_curves_are_of_any_family(train, dev):
    table = curves(train.vectors, train, validation=(dev.vectors, dev), kinds=(PoincareProbe,), ranks=(2, 6), epochs=1)
    alone = PoincareProbe(rank=6, epochs=1).fit(train.vectors, train.distances, validation=(dev.vectors, dev.distances))
    assert table["probe"].tolist() == ["poincare", "poincare"]
    assert table["value"].iloc[1] == pytest.approx(-alone.score(dev.vectors, dev.distances), rel=1e-4)


@dataclass(frozen=True)
class Estimate:
    """A score with its interval, as `treeprobe.parsing.Score`."""

    value: float
    low: float
    high: float
    n: int


def test_curves_keep_intervals_where_there_are_any(train, dev):
    table = curves(
        train.vectors,
        train,
        validation=(dev.vectors, dev),
        kinds=(DistanceProbe,),
        ranks=(3,),
        score=lambda probe, predicted: {"uuas": Estimate(0.5, 0.4, 0.6, len(predicted))},
        epochs=1,
    )
    loss, uuas = table.to_dict("records")
    assert (uuas["value"], uuas["low"], uuas["high"], uuas["n"]) == (0.5, 0.4, 0.6, 60)
    assert np.isnan(loss["low"])
    assert pd.isna(loss["n"])


def test_over_seeds_is_students_interval():
    table = pd.DataFrame({"layer": [1, 1, 1, 2], "seed": [0, 1, 2, 0], "value": [0.5, 0.6, 0.7, 0.9]})
    first, second = over_seeds(table).to_dict("records")
    assert (first["value"], first["deviation"], first["n"]) == (pytest.approx(0.6), pytest.approx(0.1), 3)
    assert first["high"] - first["value"] == pytest.approx(4.302653 * 0.1 / np.sqrt(3), rel=1e-5)
    assert second["n"] == 1
    assert np.isnan(second["low"])
    with pytest.raises(ValueError, match="more than once"):
        over_seeds(pd.concat([table, table]))
    with pytest.raises(ValueError, match="lacks the columns seed"):
        over_seeds(table.drop(columns="seed"))
