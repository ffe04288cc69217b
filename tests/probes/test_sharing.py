"""Sharing between tasks: its oracles, its limits, and planted data on which it must help, and on which it must not."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.probes.corpora import Bank, Corpus, exact_embedding, random_heads, walk_distances
from treeprobe.probes import GoldTargets, MultitaskProbe, fit_all
from treeprobe.probes.families.sharing import SHARING, coupled, initial_mixture, task_maps
from treeprobe.probes.families.weighting import constant_error, constant_surprise
from treeprobe.sharing import uncertain_sum

TASKS = ("distance", "depth", "relation")
QUICK: dict[str, Any] = {"epochs": 3, "learning_rate": 0.005, "batch_size": 20, "patience": None}


def task_map(parameters: dict[str, NDArray[Any]], place: int, sharing: str) -> NDArray[Any]:
    """A task's map, by the definition of each scheme."""
    maps = parameters["maps"]
    if sharing == "hard":
        return maps[0]
    if sharing == "cross-stitch":
        return sum(share * one for share, one in zip(parameters["mixture"][place], maps))
    return maps[place]


@pytest.mark.parametrize("sharing", SHARING)
def test_predictions_are_those_of_the_equations_word_by_word(sharing: Any, train: Corpus, dev: Corpus) -> None:
    probe = MultitaskProbe(rank=6, sharing=sharing, weighting="uncertainty", **QUICK).fit(train.vectors, train.bank)
    learned = probe.parameters_
    words = dev.vectors[0] / learned["scale"]
    first, second, third = (task_map(learned, place, sharing) for place in range(3))
    found = probe.predict(dev.vectors[:1])[0]
    for i, x in enumerate(words):
        for j, y in enumerate(words):
            assert found.distances[i, j] == pytest.approx(np.sum(((x - y) @ first) ** 2), abs=1e-3)
        assert found.depths[i] == pytest.approx(np.sum((x @ second - learned["offset"]) ** 2), rel=1e-4)
        logits = x @ third @ learned["labels"]
        np.testing.assert_allclose(found.log_probabilities[i], logits - np.log(np.exp(logits).sum()), atol=1e-4)
        assert found.relations[i] == probe.relations_[int(logits.argmax())]


@pytest.mark.parametrize("sharing", ["l2", "trace-norm"])
@pytest.mark.parametrize("amount", [0.0, 0.3, 2.0])
def test_a_coupling_step_is_the_least_of_its_penalty_and_the_distance_moved(sharing: Any, amount: float) -> None:
    """Both are convex: what no small change improves is the least. The penalties are computed plainly here."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(3, 5, 2, generator=generator, dtype=torch.float64)

    def penalty(x: torch.Tensor) -> float:
        if sharing == "l2":
            return float(sum(((one - sum(x) / 3) ** 2).sum() for one in x))
        return float(np.linalg.svd(np.concatenate(list(x.numpy()), axis=1), compute_uv=False).sum())

    def objective(x: torch.Tensor) -> float:
        return 0.5 * float(((x - maps) ** 2).sum()) + amount * penalty(x)

    found = coupled(maps, sharing, amount=amount)
    for size in (1e-3, 1e-1):
        for _ in range(50):
            move = size * torch.randn(maps.shape, generator=generator, dtype=torch.float64)
            assert objective(found) <= objective(found + move) + 1e-12
    if amount == 0:
        torch.testing.assert_close(found, maps)


def test_the_trace_norm_leaves_fewer_directions() -> None:
    maps = torch.randn(3, 12, 4, generator=torch.Generator().manual_seed(0))
    ranks = [
        int(torch.linalg.matrix_rank(coupled(maps, "trace-norm", amount=amount).transpose(0, 1).reshape(12, 12)))
        for amount in (0.0, 2.0, 4.0, 100.0)
    ]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] == 12
    assert 0 < ranks[2] < 8
    assert ranks[3] == 0


def test_sharing_of_no_strength_is_a_probe_for_each_task(train: Corpus) -> None:
    """And no weighting changes it: Adam moves numbers that no other loss reaches equally far, whatever the weight."""
    alone = [MultitaskProbe(rank=5, tasks=(task,), **QUICK) for task in TASKS]
    loose = [
        MultitaskProbe(rank=5, sharing="l2", strength=0.0, **QUICK),
        MultitaskProbe(rank=5, sharing="l2", strength=0.0, weighting="fixed", weights=(3.0, 0.5, 7.0), **QUICK),
    ]
    tied = MultitaskProbe(rank=5, sharing="l2", strength=3.0, **QUICK)
    fit_all([*alone, *loose, tied], train.vectors, train.bank)
    for place, one in enumerate(alone):
        expected = one.parameters_["maps"][0]
        for probe in loose:
            np.testing.assert_allclose(probe.parameters_["maps"][place], expected, atol=2e-3 * np.abs(expected).max())
        assert np.abs(tied.parameters_["maps"][place] - expected).max() > 0.02 * np.abs(expected).max()


def test_sharing_of_great_strength_is_one_map(train: Corpus) -> None:
    strong, weak = (MultitaskProbe(rank=5, sharing="l2", strength=each, **QUICK) for each in (1e9, 1.0))
    fit_all([strong, weak], train.vectors, train.bank)
    spread = [np.abs(each.parameters_["maps"].std(axis=0)).max() for each in (strong, weak)]
    assert spread[0] < 1e-5 < 1e-2 < spread[1]


def test_cross_stitch_units_reach_exactly_what_separate_maps_reach() -> None:
    """Any maps are a mixture of some maps, since the mixture has an inverse: units add no function of the states."""
    wanted = torch.randn(3, 6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mixture = initial_mixture(3).double()
    assert mixture.sum(dim=1).tolist() == pytest.approx([1.0] * 3)
    own = torch.einsum("ts,sdr->tdr", torch.linalg.inv(mixture), wanted)
    torch.testing.assert_close(task_maps(own, mixture, tasks=3), wanted)


@pytest.mark.parametrize("term", [1.0, 0.5])
def test_the_noise_that_is_learned_is_the_loss(term: float) -> None:
    """A Laplace scale of the mean error; for a softmax twice the loss. Found by search; the gradient there is none."""
    losses, terms = torch.tensor([0.3, 2.0]), torch.full((2,), term)
    noise = torch.log(losses / term).requires_grad_()
    least = uncertain_sum(losses, noise, terms)
    least.backward()
    np.testing.assert_allclose(noise.grad, 0, atol=1e-6)
    for shift in (-0.5, 0.5):
        assert uncertain_sum(losses, noise.detach() + shift, terms) > least


def test_training_finds_that_noise(train: Corpus, dev: Corpus) -> None:
    probe = MultitaskProbe(rank=8, weighting="uncertainty", epochs=30, learning_rate=0.002, batch_size=20)
    probe.fit(train.vectors, train.bank)
    losses = [-MultitaskProbe.score(only(probe, task), train.vectors, train.bank) for task in TASKS]
    expected = np.log(np.array(losses) / [1.0, 1.0, 0.5])
    np.testing.assert_allclose(probe.parameters_["log_noise"], expected, atol=0.15)


def only(probe: MultitaskProbe, task: Any) -> MultitaskProbe:
    """The same hard-shared probe, scored on one of its tasks."""
    one = MultitaskProbe(**{**probe.get_params(), "tasks": (task,), "weighting": "equal"})
    one.relations_, one.parameters_ = probe.relations_, probe.parameters_
    return one


def test_losses_of_constants_are_those_of_a_search() -> None:
    generator = np.random.default_rng(0)
    column = [generator.integers(0, 9, size=size) for size in (3, 12, 5)]
    tried = [np.mean([np.abs(each - c).mean() for each in column]) for c in range(9)]
    assert constant_error(column) == pytest.approx(min(tried))
    assert constant_surprise([["a", "b"], ["a", "a", "a", "a"]]) == pytest.approx(
        -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": ()}, r"tasks \[\]; expected some of distance, depth, relation"),
        ({"tasks": ("depth", "depth")}, "each once"),
        ({"sharing": "none"}, "sharing 'none' of strength 1.0; expected hard, l2"),
        ({"strength": -1.0}, "of strength -1.0; expected"),
        ({"weighting": "best"}, "weighting 'best'; expected equal, fixed, uncertainty"),
        ({"weighting": "fixed"}, "weights None with fixed weighting of 3 tasks; expected a positive weight"),
        ({"weights": (1.0, 1.0, 1.0)}, "with equal weighting"),
        ({"weighting": "fixed", "weights": (1.0, 2.0)}, "expected a positive weight for each task"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: Any, message: str, train: Corpus) -> None:
    with pytest.raises(ValueError, match=message):
        MultitaskProbe(rank=3, **options).fit(train.vectors, train.bank)


def test_distances_and_depths_need_no_relations(train: Corpus) -> None:
    probe = MultitaskProbe(rank=3, tasks=("depth", "distance"), epochs=1)
    probe.fit(train.vectors, GoldTargets(train.distances, train.depths))
    assert probe.predict(train.vectors)[0].relations is None


@dataclass(frozen=True)
class Planted:
    """Vectors and trees whose relations are read off the directions of the tree, or off others."""

    vectors: list[NDArray[Any]]
    bank: Bank


def planted(sentences: int, *, seed: int, same_space: bool, dim: int = 48) -> Planted:
    """Words are known directions of a tree of at most 7 words, as many others of no tree, and noise, all rotated.

    Four relations are the likeliest of four linear functions of the one or of the other directions.
    """
    generator, fixed = np.random.default_rng(seed), np.random.default_rng(99)
    rotation = np.linalg.qr(fixed.normal(size=(dim, dim)))[0]
    functions = fixed.normal(size=(8, 4))
    heads = [random_heads(int(generator.integers(4, 8)), generator) for _ in range(sentences)]
    trees = [exact_embedding(each, width=8) for each in heads]
    others = [(generator.random(each.shape) < 0.3).astype(np.float32) for each in trees]
    read = trees if same_space else others
    kinds = [((each - 0.3) @ functions).argmax(axis=1) for each in read]
    relations = [["root" if kind == 0 else f"r{kind}" for kind in each] for each in kinds]
    vectors = [
        (np.concatenate([a, b, 0.3 * generator.normal(size=(len(a), dim - 16))], axis=1) @ rotation).astype(np.float32)
        for a, b in zip(trees, others)
    ]
    distances = [walk_distances(each) for each in heads]
    depths = [each.sum(axis=1) for each in trees]
    return Planted(vectors, Bank(Corpus(heads, relations, trees, vectors, distances, depths)))


def losses_by_task(probes: dict[str, list[MultitaskProbe]], test: Planted) -> dict[str, dict[str, float]]:
    """Mean loss on test by name and task, over the probes of a name."""
    found: dict[str, dict[str, float]] = {}
    for name, several in probes.items():
        found[name] = {}
        for task in TASKS:
            own = [probe for probe in several if task in probe.tasks]
            found[name][task] = float(np.mean([task_loss(probe, task, test) for probe in own]))
    return found


def task_loss(probe: MultitaskProbe, task: Any, test: Planted) -> float:
    """One task's loss on test."""
    predicted = probe.predict(test.vectors)
    if task == "relation":
        gold = probe.column("relation", test.bank)
        return float(
            np.mean([-each.log_probabilities[np.arange(len(g)), g].mean() for each, g in zip(predicted, gold)])
        )
    column = test.bank.distances if task == "distance" else test.bank.depths
    values = [each.distances if task == "distance" else each.depths for each in predicted]
    return float(np.mean([np.abs(one - gold).mean() for one, gold in zip(values, column)]))


def ladder(train: Planted, dev: Planted, *, rank: int, seeds: int) -> dict[str, list[MultitaskProbe]]:
    """Probes of a few rungs."""
    options: dict[str, Any] = {"epochs": 60, "learning_rate": 0.01, "batch_size": 10}
    found: dict[str, list[MultitaskProbe]] = {"separate": [], "hard": [], "l2": []}
    for seed in range(seeds):
        found["separate"] += [MultitaskProbe(None, rank, seed, tasks=(task,), **options) for task in TASKS]
        found["hard"].append(MultitaskProbe(None, rank, seed, **options))
        found["l2"].append(MultitaskProbe(None, rank, seed, sharing="l2", strength=1.0, **options))
    every = [probe for several in found.values() for probe in several]
    fit_all(every, train.vectors, train.bank, validation=(dev.vectors, dev.bank))
    return found


def test_sharing_helps_where_tasks_read_the_same_few_directions_and_data_are_few() -> None:
    """Distances have a value for every pair, depths for every word: twelve trees show the directions to the former."""
    train, dev, test = (planted(size, seed=seed, same_space=True) for seed, size in ((1, 12), (2, 40), (3, 100)))
    losses = losses_by_task(ladder(train, dev, rank=8, seeds=2), test)
    assert losses["hard"]["depth"] < losses["separate"]["depth"] - 0.05
    assert losses["l2"]["depth"] < losses["separate"]["depth"] - 0.03


def test_sharing_hurts_where_tasks_read_other_directions_and_the_map_has_room_for_those_of_one() -> None:
    """The trees need eight directions and the relations as many others; separate maps of rank 8 hold either."""
    train, dev, test = (planted(size, seed=seed, same_space=False) for seed, size in ((1, 60), (2, 40), (3, 100)))
    losses = losses_by_task(ladder(train, dev, rank=8, seeds=1), test)
    assert losses["hard"]["distance"] > 5 * losses["separate"]["distance"]
    assert losses["hard"]["relation"] > losses["separate"]["relation"] + 0.1
    assert losses["separate"]["relation"] - 0.05 < losses["l2"]["relation"] < losses["hard"]["relation"] - 0.1
