"""Erasure: nothing linear is left, no smaller change would do, and as much taken at random leaves it."""

import json

import numpy as np
import pytest
import torch
from concept_erasure import LeaceEraser
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from tests.extraction import zoo
from tests.interventions import planted
from treeprobe.extraction import Encoder, Reading, edit_states, embedded_checkpoint, extract
from treeprobe.interventions import (
    Counterfactual,
    Eraser,
    InterventionError,
    ProbeEraser,
    RandomEraser,
    Swap,
    intervention,
    word_labels,
)
from treeprobe.parsing import Sentence, read_conllu
from treeprobe.parsing.stimuli import generate
from treeprobe.probes import DepthProbe, DistanceProbe, SomeStates

CLASSES = 5


@pytest.fixture(scope="module")
def corpus():
    """Sentences of 7 words, their labels, all words, and the label of each."""
    vectors, labels = planted.labelled(7 * 600, CLASSES)
    return np.split(vectors, 600), [one.astype(str) for one in np.split(labels, 600)], vectors, labels


def accuracy(kind, vectors, labels) -> float:
    return float(kind.fit(vectors, labels).score(vectors, labels))


def test_after_erasure_class_means_are_equal_and_linear_probes_are_at_chance(corpus) -> None:
    sentences, names, vectors, labels = corpus
    eraser = Eraser().fit(sentences, names)
    assert eraser.classes_ == [str(number) for number in range(CLASSES)]
    assert eraser.rank_ == CLASSES - 1
    erased = eraser.apply(vectors)
    scale = vectors.std()
    means = np.stack([erased[labels == number].mean(0, dtype=np.float64) for number in range(CLASSES)])
    before = np.stack([vectors[labels == number].mean(0, dtype=np.float64) for number in range(CLASSES)])
    assert np.abs(means - vectors.mean(0, dtype=np.float64)).max() < 1e-5 * scale
    assert np.abs(before - vectors.mean(0, dtype=np.float64)).max() > 0.1 * scale
    chance = np.bincount(labels).max() / len(labels)
    for probe in (LogisticRegression(max_iter=2000), RidgeClassifier()):
        assert accuracy(probe, vectors, labels) > chance + 0.2
        assert accuracy(probe, erased, labels) == pytest.approx(chance, abs=0.002)


def test_erasure_is_the_closed_form_and_the_least_change_among_those_that_erase(corpus) -> None:
    sentences, names, vectors, labels = corpus
    eraser = Eraser().fit(sentences, names)
    features = np.eye(CLASSES)[labels]
    projection, mean = planted.leace(vectors, features)
    wide = vectors.astype(np.float64)
    np.testing.assert_allclose(eraser.apply(wide), mean + (wide - mean) @ projection.T, atol=1e-8)
    least = ((eraser.apply(wide) - wide) ** 2).sum(1).mean()
    assert eraser.removed_variance(np.cov(wide.T, bias=True)) == pytest.approx(least)
    # Every other map that erases: the same plus what any matrix makes of what is left, or another oblique projection.
    draw, crossed = np.random.default_rng(0), (wide - mean).T @ (features - features.mean(0))
    for _ in range(20):
        other = projection + 0.01 * draw.normal(size=projection.shape) @ projection
        assert np.abs(other @ crossed).max() < 1e-6 * np.abs(crossed).max()
        assert (((wide - mean) @ other.T - (wide - mean)) ** 2).sum(1).mean() > least
    basis, _ = np.linalg.qr(crossed[:, 1:])
    orthogonal = wide - (wide - mean) @ basis @ basis.T
    assert ((orthogonal - wide) ** 2).sum(1).mean() > least


def test_states_may_come_in_batches_of_any_size_and_memory_is_that_of_one(corpus, monkeypatch) -> None:
    sentences, names, vectors, _ = corpus
    whole = Eraser().fit(sentences, names)
    for batch in (1, 37):
        monkeypatch.setattr(intervention, "BATCH", batch)
        np.testing.assert_allclose(Eraser().fit(sentences, names).apply(vectors), whole.apply(vectors), atol=1e-4)


def test_numbers_are_erased_as_labels_are(corpus) -> None:
    sentences, _, vectors, _ = corpus
    direction = np.random.default_rng(0).normal(size=(planted.DIM, 1))
    numbers = [sentence.astype(np.float64) @ direction for sentence in sentences]
    eraser = Eraser().fit(sentences, numbers)
    assert eraser.rank_ == 1
    left = eraser.apply(vectors.astype(np.float64)) @ direction
    assert left.std() < 1e-6 * np.concatenate(numbers).std()


@pytest.mark.ewt
def test_erasing_upos_on_ewt_is_what_the_package_does(ewt) -> None:
    bank = read_conllu(ewt / "en_ewt-dev.conllu")[:150]
    states = extract(
        Encoder.from_pretrained(embedded_checkpoint()), [each.words for each in bank], reading=Reading(layers=[3])
    )
    labels = word_labels(bank, "upos")
    eraser = Eraser(3).fit(states, labels)
    x = torch.from_numpy(states.read(slice(None))[0]).double()
    column = {name: number for number, name in enumerate(eraser.classes_)}
    z = torch.eye(len(column))[[column[label] for sentence in labels for label in sentence]].double()
    theirs = LeaceEraser.fit(x, z, shrinkage=False, svd_tol=1e-8, constrain_cov_trace=False)
    np.testing.assert_allclose(eraser.apply(x), theirs(x), atol=1e-9)
    # Its defaults keep the covariance away from 0, and leave rare labels; the difference is small.
    defaults = LeaceEraser.fit(x, z)
    assert float((defaults(x) - eraser.apply(x)).norm() / (x - eraser.apply(x)).norm()) < 0.5
    ids = z.argmax(1).numpy()
    chance = np.bincount(ids).max() / len(ids)
    assert accuracy(RidgeClassifier(), x.numpy(), ids) > chance + 0.4
    assert accuracy(RidgeClassifier(), eraser.apply(x).numpy(), ids) == pytest.approx(chance, abs=0.002)


def test_a_probe_s_distances_are_all_zero_once_its_row_space_is_removed() -> None:
    draw = np.random.default_rng(0)
    sentences = [draw.normal(size=(words, 12)).astype(np.float32) + 3 for words in (4, 9, 1)]
    probes = []
    for kind, rank in ((DistanceProbe, 3), (DistanceProbe, 4), (DepthProbe, 2)):
        probe = kind(rank=rank)
        probe.matrix_, probe.best_epoch_, probe.history_, probe.identity_ = (
            draw.normal(size=(rank, 12)).astype(np.float32),
            0,
            [],
            {},
        )
        probes.append(probe)
    eraser = ProbeEraser().fit(probes)
    assert eraser.rank_ == 9
    erased = [eraser.apply(one) for one in sentences]
    for probe in probes:
        assert max(np.abs(one).max() for one in probe.predict(sentences)) > 1
        assert max(np.abs(one).max() for one in probe.predict(erased)) < 1e-8
    assert [np.linalg.matrix_rank(one - erased[1]) for one in sentences[1:2]] == [9]
    kept = ProbeEraser().fit(probes[:2], sentences)
    np.testing.assert_allclose(
        kept.apply(np.concatenate(sentences)).mean(0), np.concatenate(sentences).mean(0), atol=1e-5
    )
    assert max(np.abs(one).max() for one in probes[0].predict([kept.apply(one) for one in sentences])) < 1e-8


@pytest.mark.parametrize("rank", [1, 5])
def test_random_erasure_of_rank_r_removes_r_dimensions_and_not_the_labels(corpus, rank: int) -> None:
    sentences, names, vectors, labels = corpus
    eraser = Eraser().fit(sentences, names)
    eraser.left_, eraser.right_ = eraser.left_[:, :rank], eraser.right_[:rank]
    control = RandomEraser(seed=1).fit(sentences, eraser)
    assert control.rank_ == eraser.rank_
    erased = control.apply(vectors.astype(np.float64))
    values = np.linalg.eigvalsh(np.cov(erased.T))
    assert (values < 1e-8 * values.max()).sum() == control.rank_
    np.testing.assert_allclose(erased.mean(0), vectors.mean(0, dtype=np.float64), atol=1e-6)
    assert accuracy(RidgeClassifier(), erased, labels) > np.bincount(labels).max() / len(labels) + 0.1
    assert not np.allclose(RandomEraser(seed=2).fit(sentences, eraser).left_, control.left_)


def test_random_erasure_of_equal_variance_moves_vectors_as_far(corpus) -> None:
    sentences, names, vectors, _ = corpus
    eraser, wide = Eraser().fit(sentences, names), vectors.astype(np.float64)
    moved = ((eraser.apply(wide) - wide) ** 2).sum(1).mean()
    for seed in range(5):
        control = RandomEraser(match="variance", seed=seed).fit(sentences, eraser)
        assert ((control.apply(wide) - wide) ** 2).sum(1).mean() == pytest.approx(moved, rel=1e-6)


def test_an_eraser_as_an_edit_erases_the_words_of_its_layer() -> None:
    """The mean of edited subwords is the edited mean of the subwords."""
    bank, encoder = generate(30, seed=0), zoo.encoder("bert")
    words = [sentence.words for sentence in bank]
    states = extract(encoder, words)
    eraser = Eraser(2).fit(states, word_labels(bank, "upos"))
    with edit_states(encoder, eraser.edit(), layers=2):
        edited = extract(encoder, words)
    np.testing.assert_allclose(
        edited.read(slice(None), [2])[0], eraser.apply(states.read(slice(None), [2])[0]), atol=1e-5
    )
    with (
        edit_states(encoder, eraser.edit(), layers=1),
        pytest.raises(InterventionError, match="layer 2 was applied to"),
    ):
        extract(encoder, words)


def test_labels_say_where_the_head_is_and_what_it_is() -> None:
    sentence = Sentence(
        words=("The", "keys", "here", "vanished"),
        heads=(1, 3, 1, -1),
        relations=("det", "nsubj", "advmod", "root"),
        upos=("DET", "NOUN", "ADV", "VERB"),
        xpos=("_",) * 4,
        space_after=(True,) * 4,
        identifier="one",
        metadata={},
    )
    found = {label: word_labels([sentence], label)[0] for label in ("depth", "head_upos", "head_offset", "word")}
    assert found == {
        "depth": ["2", "1", "2", "0"],
        "head_upos": ["NOUN", "VERB", "NOUN", "root"],
        "head_offset": ["+1", "+2", "-1", "root"],
        "word": ["the", "keys", "here", "vanished"],
    }
    with pytest.raises(ValueError, match="label must be one of upos"):
        word_labels([sentence], "tense")


def test_every_intervention_is_saved_and_read_back_bit_by_bit(corpus, tmp_path) -> None:
    sentences, names, vectors, _ = corpus
    eraser = Eraser().fit(sentences, names)
    probe = planted.oracle_probe()
    heads = [planted.random_heads(7, np.random.default_rng(number)) for number in range(600)]
    made = [
        eraser,
        ProbeEraser().fit([probe]),
        RandomEraser(seed=3, match="variance").fit(sentences, eraser),
        Swap(seed=2).fit(sentences),
        Counterfactual(step=0.1, margin=0.5).fit([probe, probe]),
    ]
    for one in made:
        folder = tmp_path / one.kind
        one.save_pretrained(folder)
        again = type(one).from_pretrained(folder)
        assert again.get_params() == one.get_params()
        if isinstance(one, Swap):
            assert np.array_equal(again.apply(sentences, 4), one.apply(sentences, 4))
        elif isinstance(one, Counterfactual):
            assert torch.equal(
                *(each.apply(torch.from_numpy(vectors[:70]), heads[:10]).vectors for each in (one, again))
            )
        else:
            assert np.array_equal(again.apply(vectors), one.apply(vectors))
    assert Eraser.from_pretrained(tmp_path / "leace").classes_ == eraser.classes_
    with pytest.raises(InterventionError, match="holds a swap intervention; expected leace"):
        Eraser.from_pretrained(tmp_path / "swap")
    with pytest.raises(InterventionError, match=r"holds no intervention\.json"):
        Eraser.from_pretrained(tmp_path)
    content = bytearray((tmp_path / "leace" / "intervention.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "leace" / "intervention.safetensors").write_bytes(content)
    with pytest.raises(InterventionError, match="SHA-256"):
        Eraser.from_pretrained(tmp_path / "leace")
    record = json.loads((tmp_path / "swap" / "intervention.json").read_text())
    record["parameters"]["seed"] = 9
    (tmp_path / "swap" / "intervention.json").write_text(json.dumps(record))
    with pytest.raises(InterventionError, match="not that of its content"):
        Swap.from_pretrained(tmp_path / "swap")


def test_what_cannot_be_fitted_is_refused(corpus) -> None:
    sentences, names, vectors, _ = corpus
    with pytest.raises(InterventionError, match="sentences 1 to 256 have 1792 words and 1791 labels"):
        Eraser().fit(sentences, [names[0][1:], *names[1:]])
    with pytest.raises(InterventionError, match="no labels"):
        Eraser().fit(sentences, [])
    broken = [*sentences[:2], np.full((3, planted.DIM), np.nan, np.float32)]
    with pytest.raises(InterventionError, match="layer 0 of sentence 3 is not finite"):
        Eraser().fit(broken, [*names[:2], ["0"] * 3])
    eraser = Eraser().fit(sentences, names)
    with pytest.raises(InterventionError, match="width 5; the eraser is of width 24"):
        eraser.apply(vectors[:, :5])
    with pytest.raises(InterventionError, match="match must be one of rank, variance"):
        RandomEraser(match="norm").fit(sentences, eraser)
    with pytest.raises(InterventionError, match="expected some of one width"):
        ProbeEraser().fit([])
    states = extract(zoo.encoder("bert"), [["keys", "here"]])
    with pytest.raises(InterventionError, match="expected an intervention of one of them"):
        Eraser().fit(states, [["a", "b"]])
    with pytest.raises(InterventionError, match="layer 9 is not in the states"):
        Eraser(9).fit(SomeStates(states, slice(None)), [["a", "b"]])
