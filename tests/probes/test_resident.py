"""Examples held on a device give the batches that are read one by one, and train the same probes."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.probes.corpora import Corpus, LayeredStates
from treeprobe.probes import (
    DepProbe,
    DepthProbe,
    DistanceProbe,
    MultitaskProbe,
    PolarProbe,
    estimator,
    fit_all,
    resident,
)
from treeprobe.probes.data import Batch, Examples, ordered_batches, shuffled_batches
from treeprobe.probes.linear_learner import LinearLearner
from treeprobe.probes.resident import ResidentExamples, held_on, stored_format

CPU = torch.device("cpu")


class Kernels(TorchDispatchMode):
    """Counts the operations of torch that start a kernel on a card; views of tensors do not."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        free = (
            func.is_view or func.namespace != "aten" or func.overloadpacket.__name__ in ("empty_like", "_unsafe_view")
        )
        self.count += not free
        return func(*args, **(kwargs or {}))


def examples(corpus: Corpus) -> Examples:
    states = LayeredStates([corpus.vectors, corpus.exact, corpus.vectors])
    return Examples.of(states, {"distance": corpus.distances, "depth": corpus.depths})


def arrays(batch: Batch) -> dict[str, Any]:
    """Every number of a batch, by name."""
    found: dict[str, Any] = {"sentences": batch.sentences, "words": batch.words, "weights": batch.word_weights}
    for number, (group, gold) in enumerate(batch.grouped()):
        found |= {f"{number} {field.name}": getattr(group, field.name) for field in fields(group)}
        # At padding gold distances are arbitrary.
        found |= {
            f"{number} gold {quantity}": values * (group.pair_weights > 0) if quantity == "distance" else values
            for quantity, values in gold.items()
        }
    found |= {f"packed {quantity}": values for quantity, values in batch.gold.items() if quantity != "distance"}
    return found


@pytest.mark.parametrize("layers", [[0, 1, 2], [1], [0, 2]])
@pytest.mark.parametrize(("sentences", "pairs"), [(1 << 20, 1 << 40), (1, 1)], ids=["one group", "a group each"])
@pytest.mark.parametrize("laid_out", [3, 1000])
def test_a_batch_put_together_on_the_device_is_the_batch_that_is_read(
    dev: Corpus, layers: list[int], sentences: int, pairs: int, laid_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treeprobe.probes.data.GROUP_SENTENCES", sentences)
    monkeypatch.setattr("treeprobe.probes.layouts.GROUP_PAIRS", pairs)
    monkeypatch.setattr(resident, "LAID_OUT", laid_out)
    data = examples(dev)
    held = ResidentExamples.read(data, layers=[0, 1, 2], device=CPU)
    for order in (
        ordered_batches(data.lengths, size=64),
        shuffled_batches(data.lengths, size=7, generator=np.random.default_rng(0)),
        [np.array([3])],
    ):
        read = list(data.batches(order, layers=layers, device=CPU))
        made = list(held.batches(order, layers=layers, device=CPU))
        assert len(read) == len(made) == len(order)
        for one, other in zip(read, made):
            expected, found = arrays(one), arrays(other)
            assert expected.keys() == found.keys()
            for name, value in expected.items():
                if isinstance(value, slice):
                    assert value == found[name], name
                else:
                    np.testing.assert_allclose(found[name], value, rtol=1e-6, err_msg=name)
    assert list(held.batches([], layers=layers, device=CPU)) == []


def test_probes_trained_on_examples_held_are_those_trained_on_examples_read(
    train: Corpus, dev: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fitted() -> list[Any]:
        states, held_out = LayeredStates([train.vectors, train.exact]), LayeredStates([dev.vectors, dev.exact])
        probes = [kind(layer, 6, epochs=3) for kind in (DistanceProbe, DepthProbe, MultitaskProbe) for layer in (0, 1)]
        fit_all(probes, states, train.bank, validation=(held_out, dev.bank))
        directed = [kind(1, 6, epochs=2).fit(states, train.trees) for kind in (DepProbe, PolarProbe)]
        return [*probes, *directed, states]

    def hold(data: Examples, *, layers: list[int], device: torch.device) -> Examples:
        return ResidentExamples.read(data, layers=layers, device=device)

    *read, _ = fitted()
    monkeypatch.setattr(estimator, "held_on", hold)
    *held, states = fitted()
    for one, other in zip(read, held):
        expected, found = ([entry["training"] for entry in probe.history_] for probe in (one, other))
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    # Each layer once for all epochs; the scales of the vectors and the second call read it too.
    assert states.sentences_read(0) <= 2 * len(states)


def test_vectors_are_held_in_the_format_in_which_they_are_stored(dev: Corpus) -> None:
    data = examples(dev)
    assert ResidentExamples.read(data, layers=[0], device=CPU).vectors.dtype == torch.float32
    for name, number in (("float16", torch.float16), ("bfloat16", torch.bfloat16)):
        data.states.identity = {"settings": {"storage": name}}  # type: ignore[misc]
        assert stored_format(data.states) == number
        held = ResidentExamples.read(data, layers=[0], device=CPU)
        assert held.vectors.dtype == number
        (batch,) = held.batches([np.arange(2)], layers=[0], device=CPU)
        assert batch.words.dtype == torch.float32


def test_examples_stay_where_they_are_on_the_processor_and_where_a_card_has_no_room(
    dev: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, asked = examples(dev), []
    assert held_on(data, layers=[0], device=CPU) is data

    def has_room(_torch: Any, _device: torch.device, size: int) -> bool:
        asked.append(size)
        return False

    monkeypatch.setattr(resident, "has_room", has_room)
    assert held_on(data, layers=[0, 2], device=torch.device("cuda")) is data
    words = int(data.lengths.sum())
    assert asked == [2 * words * 24 * 4 + int((data.lengths**2).sum()) + words]


def test_a_step_on_examples_held_takes_few_operations(dev: Corpus) -> None:
    """On a card each of them takes longer to begin than to do."""
    data = examples(dev)
    held = ResidentExamples.read(data, layers=[0, 1, 2], device=CPU)
    order = shuffled_batches(data.lengths, size=7, generator=np.random.default_rng(0))[:6]
    probes = {layer: [DistanceProbe(layer, 6), DepthProbe(layer, 6)] for layer in (0, 1, 2)}
    (learner,) = LinearLearner.for_layers(probes, {layer: torch.ones(24, 1) for layer in probes})

    def operations(steps: int) -> int:
        with Kernels() as kernels:
            for batch in held.batches(order[:steps], layers=[0, 1, 2], device=CPU):
                learner.step(batch, learn=True)
                learner.update(1.0)
        return kernels.count

    assert 20 < (operations(6) - operations(2)) / 4 <= 40
