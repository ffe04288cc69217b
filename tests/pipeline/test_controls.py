"""Selectivity: high where vectors hold the gold trees, negative where they hold the control trees instead."""

from collections.abc import Iterator

import numpy as np
import pytest

from treeprobe.parsing import Sentence, Treebank, paired_difference
from treeprobe.parsing.scores import micro
from treeprobe.parsing.scores.intervals import resampling_weights
from treeprobe.parsing.stimuli import generate
from treeprobe.pipeline.record import Stopwatch
from treeprobe.pipeline.score_table import Setting
from treeprobe.pipeline.structural.analysis import Measurement, ProbeOptions, evaluate, layer_probes, train_probes
from treeprobe.pipeline.structural.controls import control_bank, measure_control, selectivity_rows
from treeprobe.pipeline.structural.tables import tabulate
from treeprobe.probes import ArrayStates, control_heads


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
def banks() -> dict[str, Treebank]:
    """Some sentences of the grammar to train on, others to score."""
    bank = generate(240, seed=3)
    short = [sentence for sentence in bank if len(sentence) <= 24]
    return {"train": Treebank(short[:120], name="toy"), "dev": Treebank(short[120:], name="toy")}


def measured(banks: dict[str, Treebank], trees: dict[str, Treebank]) -> dict[str, float]:
    """Selectivity by metric, of probes on vectors that hold `trees` exactly."""
    states = {split: ArrayStates([path_vectors(one) for one in bank]) for split, bank in trees.items()}
    options = ProbeOptions(rank=24, layers=(0,), training={"epochs": 60, "learning_rate": 0.01})
    probes = train_probes(states, banks, options=options, stopwatch=Stopwatch(), progress=False)
    found: list[Measurement] = []
    found += evaluate("toy", probes, states, banks, options=options, stopwatch=Stopwatch()).measurements
    untrained = layer_probes(states["train"], options, seeds=options.seeds)
    found += measure_control(
        "toy", untrained, states, banks, punctuation=options.punctuation, stopwatch=Stopwatch(), progress=False
    )
    table = tabulate(found)
    selectivity = table[table["metric"].str.startswith("selectivity_")]
    return dict(zip(selectivity["metric"], selectivity["value"]))


def test_vectors_that_hold_the_gold_trees_are_selective(banks: dict[str, Treebank]) -> None:
    found = measured(banks, banks)
    assert found["selectivity_uuas"] > 0.3
    assert found["selectivity_dspr"] > 0.2
    assert found["selectivity_nspr"] > 0.2


def test_vectors_that_hold_the_control_trees_are_the_opposite(banks: dict[str, Treebank]) -> None:
    found = measured(banks, {split: control_bank(bank) for split, bank in banks.items()})
    assert found["selectivity_uuas"] < -0.2
    assert found["selectivity_nspr"] < -0.2


def test_a_control_bank_has_the_same_words_and_trees_that_follow_from_them(banks: dict[str, Treebank]) -> None:
    control = control_bank(banks["dev"])
    assert control.words == banks["dev"].words
    for sentence in control:
        assert list(sentence.heads) == control_heads(sentence.words).tolist()
    by_words = {sentence.words: sentence.heads for sentence in control}
    assert all(by_words[sentence.words] == sentence.heads for sentence in control_bank(banks["dev"]))


def test_scores_without_a_control_have_no_selectivity() -> None:
    assert selectivity_rows([], np.empty((0, 10))) == []


def test_scores_and_selectivity_are_of_the_same_resampled_treebanks(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    draws: list[int] = []

    def counted(sentences: int, **options: int) -> Iterator[np.ndarray]:
        draws.append(sentences)
        return resampling_weights(sentences, **options)

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
