"""The whole analysis on a small model: files, figures, and bad input met at the door."""

import numpy as np
import pandas as pd
import pytest

from treeprobe.extraction import CheckpointError, extract
from treeprobe.parsing import Treebank, TreebankError, score_heads
from treeprobe.parsing.decoding import arborescence, decode
from treeprobe.pipeline.attention_heads.ablation import ablation_measures
from treeprobe.pipeline.attention_heads.analysis import heads
from treeprobe.pipeline.attention_heads.trees import attachment, score_probes
from treeprobe.probes import DistanceProbe, ProbeError

RELATION_COLUMNS = "layer head relation direction n accuracy low high baseline offset".split()


@pytest.fixture
def saved(small_encoder, tmp_path):
    """The small model's folder."""
    small_encoder.model.save_pretrained(tmp_path / "model")
    small_encoder.tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.slow
def test_everything_is_written(saved, sentences, small_encoder, tmp_path) -> None:
    done = heads(saved, Treebank(sentences, name="random"), tmp_path / "out", progress=False)
    relations = pd.read_csv(tmp_path / "out" / "relations.csv")
    assert relations.columns.tolist() == RELATION_COLUMNS
    assert len(relations) == len(done.relations) == 3 * 2 * 4
    assert len(pd.read_csv(tmp_path / "out" / "heads.csv")) == 4
    assert (tmp_path / "out" / "figures" / "map.png").stat().st_size > 0
    assert list((tmp_path / "out" / "figures").glob("attention-*.svg"))


def test_probes_are_scored_with_and_without_words(sentences, small_encoder) -> None:
    table = score_probes(small_encoder, Treebank(sentences[:40]), Treebank(sentences[40:60]), punctuation="xpos")
    assert table["trees"].tolist() == [
        "attention-only probe", "attention-only probe, no tree",
        "attention-and-words probe", "attention-and-words probe, no tree",
    ]  # fmt: skip
    assert table["value"].between(0, 1).all()


def test_nothing_to_measure_ablation_on_is_said_before_any_work(saved, sentences, tmp_path) -> None:
    with pytest.raises(CheckpointError, match=r"no masked-LM head.*--probes"):
        heads(saved, Treebank(sentences), tmp_path / "out", ablate=True, progress=False)
    assert not (tmp_path / "out").exists()


def test_probes_that_nothing_would_score_are_refused(saved, sentences, tmp_path) -> None:
    with pytest.raises(ProbeError, match=r"only while heads are cut; expected ablate \(--ablate\) too"):
        heads(saved, Treebank(sentences), tmp_path / "out", probes=tmp_path, progress=False)
    assert not (tmp_path / "out").exists()


def test_training_on_the_treebank_that_is_analysed_is_refused(saved, sentences, tmp_path) -> None:
    with pytest.raises(TreebankError, match="is the one that is analysed"):
        heads(saved, Treebank(sentences), tmp_path / "out", train=Treebank(sentences), progress=False)


def test_probes_of_another_checkpoint_are_refused(saved, small_encoder, sentences, tmp_path) -> None:
    twin = small_encoder.with_random_weights(seed=3)
    words = [sentence.words for sentence in sentences[5:15]]
    distances = [sentence.distances for sentence in sentences[5:15]]
    for encoder, place in ((twin, "theirs"), (small_encoder, "ours")):
        probe = DistanceProbe(layer=1, rank=2, epochs=1).fit(extract(encoder, words), distances)
        probe.save_pretrained(tmp_path / place / "probes" / "distance-layer-1")
    with pytest.raises(ProbeError, match="was trained on"):
        ablation_measures(saved, small_encoder, tmp_path / "theirs")
    assert len(ablation_measures(saved, small_encoder, tmp_path / "ours").probes) == 1
    with pytest.raises(ProbeError, match="holds no distance probes"):
        ablation_measures(saved, small_encoder, tmp_path)


def test_uas_of_likeliest_heads_is_that_of_trees_where_they_are_trees(sentences) -> None:
    trees = [np.array(sentence.heads) for sentence in sentences]
    for number in range(0, len(sentences), 3):
        trees[number] = decode(np.ones((len(trees[number]),) * 2), decoder=arborescence)
    ours = attachment(sentences, trees, punctuation="xpos")
    assert ours.value == score_heads(sentences, trees)["uas"].value
    assert ours.value < 1
