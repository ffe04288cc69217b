"""The polar probe against its equations in plain loops, and on trees whose labels only a difference of words shows."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.probes.corpora import Corpus, Tree, make_corpus
from treeprobe.probes import DepProbe, DistanceProbe, GoldTargets, PolarProbe
from treeprobe.probes.data import Examples, ordered_batches
from treeprobe.probes.families.labelled_trees import path_sums
from treeprobe.probes.states import as_states

RELATIONS = ("case", "nsubj", "obj")


def labelled(corpus: Corpus, *, own: bool, seed: int) -> tuple[list[np.ndarray], list[Tree]]:
    """Vectors from which trees follow exactly, with random relations that are told in one of two ways.

    With `own`, a word's vector has its own relation in three dimensions. Without, these hold the sum of the relations
    on the way to the root and a random vector of the sentence, five times as large: the difference of head and
    dependent is the relation, and no word's own vector says anything.
    """
    generator = np.random.default_rng(seed)
    vectors, trees = [], []
    for exact, heads, distances in zip(corpus.exact, corpus.heads, corpus.distances):
        kinds = generator.integers(len(RELATIONS), size=len(heads))
        told = np.eye(len(RELATIONS))[kinds] * (heads >= 0)[:, None]
        if not own:
            told = np.stack([path_sums(heads, column) for column in told.T], axis=1)
            told = told + 5 * generator.normal(size=len(RELATIONS))
        vectors.append(np.concatenate([exact, told], axis=1).astype(np.float32))
        relations = ["root" if head < 0 else RELATIONS[kind] for head, kind in zip(heads, kinds)]
        trees.append(Tree(distances, relations, heads))
    return vectors, trees


def attachment(predicted, trees) -> tuple[float, float]:
    """UAS and LAS, by counting."""
    words = attached = right = 0
    for found, gold in zip(predicted, trees):
        for word, head in enumerate(gold.heads):
            words += 1
            attached += found.heads[word] == head
            right += found.heads[word] == head and found.relations[word] == gold.relations[word]
    return attached / words, right / words


def test_labels_that_only_the_difference_shows_are_found_by_the_polar_probe_alone():
    """And where each word has its own relation, DepProbe finds them by the same training."""
    found = {}
    for own in (False, True):
        vectors, trees = labelled(make_corpus(200, seed=5), own=own, seed=6)
        held, gold = labelled(make_corpus(50, seed=7), own=own, seed=8)
        for kind in (PolarProbe, DepProbe):
            probe = kind(rank=27, epochs=20, batch_size=20, learning_rate=0.02)
            probe.fit(vectors, trees, validation=(held, gold))
            found[kind, own] = attachment(probe.predict(held), gold)
    assert min(found[PolarProbe, False]) > 0.95
    assert found[DepProbe, False][1] < 0.6, "no more than the tree, and relations by chance"
    assert min(found[DepProbe, True]) > 0.95


@pytest.mark.parametrize("contrast", ["prototypes", "pairs"])
def test_the_loss_is_that_of_its_equations_in_plain_loops(contrast):
    """With padding, roots, and a relation that training did not see."""
    corpus = make_corpus(5, seed=3)
    trees = corpus.trees
    trees[1].relations[int(np.flatnonzero(trees[1].heads >= 0)[0])] = "unseen"
    probe = PolarProbe(rank=4, contrast=contrast, angle_weight=0.7)
    probe.relations_ = ["even", "odd", "root"]
    generator = torch.Generator().manual_seed(2)
    parameters = {
        name: (value + 0.3 * torch.randn(value.shape, generator=generator)).double()
        for name, value in probe.initial(24, generator).items()
    }
    targets = probe.as_targets(trees)
    data = Examples.of(as_states(corpus.vectors, layer=None), {q: probe.column(q, targets) for q in probe.quantities})
    (batch,) = data.batches(ordered_batches(data.lengths, size=8), layers=[0], device=torch.device("cpu"))
    ((group, gold),) = batch.grouped()
    words = (batch.words[0][group.index] * group.mask[..., None]).double()
    found = probe.loss(parameters, words, gold, group)
    plain = {name: value.numpy() for name, value in parameters.items()}
    expected = slow_loss(plain, corpus, trees, probe.relations_, contrast)
    np.testing.assert_allclose(found.numpy(), [expected[0], 0.7 * expected[1], 0.7 * expected[2]], rtol=1e-5)


def slow_loss(p, corpus, trees, relations, contrast) -> tuple[float, float, float]:
    """The parts for distances, directions and the root, summed over sentences."""
    named = [relation for relation in relations if relation != "root"]
    prototypes = [row / np.linalg.norm(row) for row in p["prototypes"]]
    structural = surprise = of_root = 0.0
    edges = []
    for vectors, tree in zip(corpus.vectors, trees):
        placed = [p["matrix"].T @ vector.astype(float) for vector in vectors]
        for i, x in enumerate(placed):
            for j, y in enumerate(placed):
                structural += abs(np.sum((x - y) ** 2) - tree.distances[i, j]) / len(placed) ** 2
            if tree.heads[i] < 0:
                near = [np.exp(-np.exp(p["log_nearness"][0]) * np.sum((y - p["origin"]) ** 2)) for y in placed]
                of_root -= np.log(near[i] / sum(near)) / len(placed)
            if tree.heads[i] < 0 or tree.relations[i] not in named:
                continue
            direction = placed[tree.heads[i]] - x
            direction = direction / np.linalg.norm(direction)
            scores = [np.exp(p["log_scale"][0]) * direction @ row for row in prototypes]
            total = sum(np.exp(score) + np.exp(-score) for score in scores)
            place = named.index(tree.relations[i])
            surprise += (np.log(total) - scores[place]) / len(placed)
            edges.append((direction, place))
    if contrast == "prototypes":
        return structural, surprise, of_root
    pairs = [((a == b) - u @ v) ** 2 for u, a in edges for v, b in edges]
    return structural, len(trees) * float(np.mean(pairs)) + surprise, of_root


def test_in_pairs_the_directions_do_not_feel_the_prototypes():
    directions = []
    for bend in (0.0, 1.0):
        corpus = make_corpus(4, seed=3)
        probe = PolarProbe(rank=4, contrast="pairs", epochs=1, batch_size=4)
        first = probe.initial
        probe.initial = lambda dim, generator, first=first, bend=bend: {
            name: value + bend * (name == "prototypes") for name, value in first(dim, generator).items()
        }
        probe.fit(corpus.vectors, corpus.trees)
        directions.append(probe.parameters_["matrix"])
    np.testing.assert_array_equal(*directions)


def test_without_weight_on_angles_the_map_is_that_of_the_distance_probe(train):
    """To 1e-4 of its size, the sums run in another order; with weight on them it is another."""
    settings = {"rank": 4, "seed": 3, "epochs": 2}
    distance = DistanceProbe(**settings).fit(train.vectors, train.distances)
    size = np.abs(distance.matrix_).max()
    gaps = {}
    for weight in (0.0, 0.2):
        probe = PolarProbe(**settings, angle_weight=weight).fit(train.vectors, train.trees)
        learned = (probe.parameters_["matrix"] / probe.parameters_["scale"][:, None]).T
        gaps[weight] = np.abs(learned - distance.matrix_).max() / size
    assert gaps[0.0] < 1e-4
    assert gaps[0.2] > 1e-2


def test_the_root_is_the_best_of_all_when_each_is_tried():
    """Every word as the root of the same undirected tree, its edges' directions and its nearness summed by hand."""
    corpus = make_corpus(40, seed=4)
    probe = PolarProbe(rank=6, epochs=2).fit(corpus.vectors, corpus.trees)
    p = {name: value.astype(float) for name, value in probe.parameters_.items()}
    prototypes = p["prototypes"] / np.linalg.norm(p["prototypes"], axis=1, keepdims=True)
    scale = np.exp(p["log_scale"][0])
    roots = set()
    for vectors, tree in zip(corpus.vectors, probe.predict(corpus.vectors)):
        placed = vectors / p["scale"] @ p["matrix"]

        def directed_nats(child: int, head: int, placed=placed) -> tuple[float, list[float]]:
            direction = placed[head] - placed[child]
            scores = scale * prototypes @ (direction / np.linalg.norm(direction))
            return np.log(np.exp(scores).sum() / (np.exp(scores) + np.exp(-scores)).sum()), scores.tolist()

        edges = {frozenset((word, head)) for word, head in enumerate(tree.heads) if head >= 0}
        totals = []
        for root in range(len(placed)):
            heads, total = hang(edges, root), 0.0
            for child, head in heads.items():
                total += directed_nats(child, head)[0]
            totals.append(total - np.exp(p["log_nearness"][0]) * ((placed[root] - p["origin"]) ** 2).sum())
        assert tree.heads[int(np.argmax(totals))] == -1
        for word, head in enumerate(tree.heads):
            if head >= 0:
                assert tree.relations[word] == ["even", "odd"][int(np.argmax(directed_nats(word, head)[1]))]
        roots.add(tree.heads.index(-1))
    assert len(roots) > 1


def hang(edges: set[frozenset[int]], root: int) -> dict[int, int]:
    """The head of every word but the root, one step at a time."""
    heads: dict[int, int] = {}
    reached = [root]
    for word in reached:
        for other in {end for edge in edges if word in edge for end in edge} - set(reached):
            heads[other] = word
            reached.append(other)
    return heads


def test_gradients_are_finite_where_words_coincide():
    words = [np.zeros((3, 4), dtype=np.float32), np.ones((2, 4), dtype=np.float32)]
    words[1][0, 0] = 2
    chain = [[-1, 0, 1], [-1, 0]]
    trees = [
        Tree(abs(np.subtract.outer(np.arange(len(h)), np.arange(len(h)))), ["root", *["obj"] * (len(h) - 1)], h)
        for h in chain
    ]
    for contrast in ("prototypes", "pairs"):
        probe = PolarProbe(rank=2, contrast=contrast, epochs=2).fit(words, trees)
        assert all(np.isfinite(value).all() for value in probe.parameters_.values())
        assert [tree.heads.count(-1) for tree in probe.predict(words)] == [1, 1]


def test_relations_unseen_in_training_are_counted(train, dev):
    probe = PolarProbe(rank=4, epochs=1).fit(train.vectors, train.trees)
    assert not probe.unseen(dev.trees)
    renamed = [replace(tree, relations=[r.replace("odd", "new") for r in tree.relations]) for tree in dev.trees]
    expected = sum(relation == "odd" for relations in dev.relations for relation in relations)
    assert probe.unseen(renamed) == {"new": expected}
    # They carry no loss, so that training goes on.
    held_out = PolarProbe(rank=4, epochs=1).fit(train.vectors, train.trees, validation=(dev.vectors, renamed))
    assert np.isfinite(held_out.history_[0]["validation"])


@pytest.mark.parametrize("kind", [PolarProbe, DepProbe])
def test_a_treebank_without_relations_is_refused(kind, train):
    blank = [replace(tree, relations=["_"] * len(tree.relations)) for tree in train.trees]
    with pytest.raises(
        ValueError, match="no word has a relation to its head; found '_'; expected some such as 'nsubj'"
    ):
        kind(rank=4).fit(train.vectors, blank)
    with pytest.raises(ValueError, match="no word has a relation to its head; found none"):
        kind(rank=4).fit(train.vectors, [replace(tree, relations=()) for tree in train.trees])


def test_wrong_options_and_heads_are_refused(train):
    with pytest.raises(ValueError, match=r"contrast 'triplets' of weight 0\.05; expected prototypes or pairs"):
        PolarProbe(contrast="triplets").fit(train.vectors, train.trees)
    with pytest.raises(ValueError, match="of weight -1; expected prototypes or pairs, and a weight of 0 or more"):
        PolarProbe(angle_weight=-1).fit(train.vectors, train.trees)
    for wrong in ([-1, -1], [1, 0], [-1, 5], [-1, 1]):
        vectors = [np.eye(2, dtype=np.float32)]
        gold = GoldTargets([np.array([[0, 1], [1, 0]])], [np.array([0, 1])], [["root", "obj"]], [wrong])
        with pytest.raises(
            ValueError, match=r"sentence 1: heads .*; expected for each word the place of another, 0 to 1"
        ):
            PolarProbe(rank=2).column("head", gold)
    assert len(vectors) == 1
