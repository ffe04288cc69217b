"""Selectivity: high where vectors hold the gold trees, negative where they hold the control trees instead."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from treeprobe.parsing import Sentence, Treebank, paired_difference
from treeprobe.parsing.scores import micro
from treeprobe.parsing.scores.resampling import resampling_weights
from treeprobe.parsing.stimuli import generate
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline import Sources, analyse
from treeprobe.pipeline.options import Options, OptionsError
from treeprobe.pipeline.probing.baselines import control_bank
from treeprobe.pipeline.probing.probes import measure
from treeprobe.pipeline.results.scores import CONTROL, Measurement, Setting, tabulate
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.probes import ArrayStates, DepthProbe, DistanceProbe, fit_all
from treeprobe.probes.control import ENGLISH


def path_vectors(sentence: Sentence, dim: int = 24) -> np.ndarray:
    """An exact oracle: each word as one unit vector for every edge on its path to the root."""
    vectors = np.zeros((len(sentence), dim), dtype=np.float32)
    for word in range(len(sentence)):
        at = word
        while sentence.heads[at] >= 0:
            vectors[word, at] = 1
            at = sentence.heads[at]
    return vectors


@pytest.fixture(scope="module")
def banks() -> dict[Split, Treebank]:
    """Some sentences of the grammar to train on, others to score."""
    bank = generate(240, seed=3)
    short = [sentence for sentence in bank if len(sentence) <= 24]
    return {"train": Treebank(short[:120], name="toy"), "dev": Treebank(short[120:], name="toy")}


def controlled(banks: dict[Split, Treebank]) -> dict[Split, Treebank]:
    """The control trees of both splits."""
    return {split: control_bank(bank, ENGLISH) for split, bank in banks.items()}


def measured(banks: dict[Split, Treebank], trees: dict[Split, Treebank]) -> dict[str, float]:
    """Selectivity by metric, of probes on vectors that hold `trees` exactly."""
    states = {split: ArrayStates([path_vectors(one) for one in bank]) for split, bank in trees.items()}
    subject = Subject(cast(Any, SimpleNamespace(name="toy")), "", "toy", banks)
    found: list[Measurement] = []
    for name, gold in (("distance", banks), (CONTROL, controlled(banks))):
        probes = [kind(0, 24, epochs=60, learning_rate=0.01) for kind in (DistanceProbe, DepthProbe)]
        fit_all(probes, states["train"], gold["train"], validation=(states["dev"], gold["dev"]))
        rows = measure(subject.with_splits(gold), probes, cast(Any, states), Options())
        found += rows if name != CONTROL else [row.as_baseline("toy", CONTROL) for row in rows]
    table = tabulate(found)
    selectivity = table[table["metric"].str.startswith("selectivity_")]
    return dict(zip(selectivity["metric"], selectivity["value"]))


def test_vectors_that_hold_the_gold_trees_are_selective(banks: dict[Split, Treebank]) -> None:
    found = measured(banks, banks)
    assert found["selectivity_uuas"] > 0.3
    assert found["selectivity_dspr"] > 0.2
    assert found["selectivity_nspr"] > 0.2


def test_vectors_that_hold_the_control_trees_are_the_opposite(banks: dict[Split, Treebank]) -> None:
    found = measured(banks, controlled(banks))
    assert found["selectivity_uuas"] < -0.2
    assert found["selectivity_nspr"] < -0.2


def test_control_trees_follow_from_the_words_alone(banks: dict[Split, Treebank]) -> None:
    """Whatever the gold trees are, the same words have the same control tree; and it is not the gold one."""
    bank = banks["dev"]
    chained = [replace(one, heads=tuple(range(-1, len(one) - 1))) for one in bank]
    control = control_bank(bank, ENGLISH)
    assert control.words == bank.words
    assert [one.heads for one in control] == [one.heads for one in control_bank(Treebank(chained), ENGLISH)]
    shared = np.mean([mine == gold for ours, one in zip(control, bank) for mine, gold in zip(ours.heads, one.heads)])
    assert 0 < shared < 0.4
    assert {relation for one in control for relation in one.relations} == {"root", "dep"}


def test_scores_without_a_control_have_no_selectivity() -> None:
    tally = micro("uuas", np.ones(5), np.ones(5))
    table = tabulate([Measurement(Setting("a", "toy", "dev", "distance", 1, 8, 0), {"uuas": tally})])
    assert table["metric"].tolist() == ["uuas"]


def test_scores_and_selectivity_are_of_the_same_resampled_treebanks(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    draws: list[int] = []

    def counted(clusters: np.ndarray, **options: int) -> Iterator[np.ndarray]:
        draws.append(len(clusters))
        return resampling_weights(clusters, **options)

    monkeypatch.setattr("treeprobe.parsing.scores.intervals.resampling_weights", counted)
    gold, control = (micro("uuas", generator.integers(0, 5, 30), np.full(30, 5)) for _ in range(2))
    place = {"checkpoint": "a", "treebank": "toy", "split": "dev", "layer": 1, "rank": 8, "seed": 0}
    table = tabulate(
        [
            Measurement(Setting(probe="distance", **place), {"uuas": gold}),
            Measurement(Setting(probe="control", **place), {"uuas": control}),
        ]
    ).set_index("metric")
    assert draws == [30]
    expected = paired_difference(gold, control)
    found = table.loc["selectivity_uuas"]
    assert (found["value"], found["low"], found["high"]) == (expected.value, expected.low, expected.high)
    assert table.loc["uuas"].iloc[0]["low"] == gold.score().low


def test_each_twin_is_another_draw_of_weights_and_probes(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    sources = Sources(model=checkpoint, train=treebank_files["train"], dev=treebank_files["dev"])
    options = Options(ranks=(2, 4), seeds=(5,), epochs=1, layers=(1,), samples=0, control=False)

    def twins(count: int) -> pd.DataFrame:
        out = tmp_path / str(count)
        found = analyse("structure", sources, out, options=replace(options, twins=count), figures=False, progress=False)
        return found.tables["scores"].query("probe == 'random weights' and metric == 'dspr'")

    three = twins(3)
    assert three["seed"].tolist() == [0, 1, 2]
    assert set(three["rank"]) == {4}
    assert three["value"].nunique() == 3
    assert twins(1)["value"].item() == three["value"].iloc[0]
    with pytest.raises(OptionsError, match="twins: found 0; expected at least 1"):
        Options(twins=0)
