"""The whole analysis on a small model: files, figures, and bad input met at the door."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.attention.planted import random_sentence
from treeprobe.extraction import CheckpointError, Encoder
from treeprobe.parsing import Sentence, Treebank, TreebankError, score_heads
from treeprobe.parsing.decoding import arborescence, decode
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.analyses.head_trees import attachment, score_probes
from treeprobe.pipeline.analyses.heads import closing_heads
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.scores import SIGNATURE
from treeprobe.probes import ProbeError

WORDS = ("a", "cat", "dog", "sees", "the", "that", "runs", "old", "man", "here")
RELATION_COLUMNS = "layer head relation direction n accuracy low high baseline offset".split()


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    """Sentences of the words of the small checkpoint, with random trees of three relations."""
    generator = np.random.default_rng(0)
    lengths = [1, *generator.integers(2, 12, size=119).tolist()]
    found = [random_sentence(words, generator, ["nsubj", "obj", "det"]) for words in lengths]
    return [replace(one, words=tuple(generator.choice(WORDS, len(one)).tolist())) for one in found]


@pytest.mark.slow
def test_everything_is_written(checkpoint: Path, sentences: list[Sentence], tmp_path: Path) -> None:
    sources = Sources(model=checkpoint, dev=Treebank(sentences, name="random"))
    done = analyse("heads", sources, tmp_path / "out", progress=False)
    assert done.closing is not None
    assert max(map(len, done.closing.text.splitlines())) <= 80
    assert len(done.closing.rows) == 6
    relations = pd.read_csv(tmp_path / "out" / "relations.csv")
    assert relations.columns.tolist() == [*RELATION_COLUMNS, SIGNATURE]
    assert len(relations) == len(done.tables["relations"]) == 3 * 2 * 4
    assert len(pd.read_csv(tmp_path / "out" / "heads.csv")) == 4
    assert (tmp_path / "out" / "figures" / "map.png").stat().st_size > 0
    best = done.tables["best_heads"]
    tracked = best[(best["direction"] == "to head") & (best["p"] < 0.05)]
    assert len(list((tmp_path / "out" / "figures").glob("attention-*.svg"))) == len(tracked)
    assert f"for {len(tracked)} of 3 relations" in done.summary


def test_no_head_is_best_at_a_relation_of_which_none_finds_an_edge() -> None:
    columns = {"direction": "to head", "baseline": 0.1, "offset": 1, "held_out": 0.0, "n": 40, "p": 0.5}
    rows = [{"relation": "obj", "name": "2-1", "accuracy": 0.4}, {"relation": "list", "name": "1-1", "accuracy": 0.0}]
    shown = closing_heads(pd.DataFrame([{**columns, **row} for row in rows]))
    assert "obj" in shown
    assert "list" not in shown


def test_probes_are_scored_with_and_without_words(checkpoint: Path, sentences: list[Sentence]) -> None:
    sources = Sources(model=checkpoint, train=Treebank(sentences[:40]), dev=Treebank(sentences[40:60]))
    table = score_probes(sources.open(), Options())
    assert table["trees"].tolist() == [
        "attention-only probe", "attention-only probe, no tree",
        "attention-and-words probe", "attention-and-words probe, no tree",
    ]  # fmt: skip
    assert table["value"].between(0, 1).all()


def test_nothing_to_measure_ablation_by_is_refused_before_any_work(
    checkpoint: Path, sentences: list[Sentence], tmp_path: Path
) -> None:
    sources = Sources(model=checkpoint, dev=Treebank(sentences))
    with pytest.raises(CheckpointError, match=r"no masked-LM head.*--probes"):
        analyse("heads", sources, tmp_path / "out", options=Options(ablate=True), progress=False)
    assert not (tmp_path / "out").exists()


def test_probes_that_nothing_would_score_are_refused(
    checkpoint: Path, sentences: list[Sentence], tmp_path: Path
) -> None:
    sources = Sources(model=checkpoint, dev=Treebank(sentences), probes=tmp_path)
    with pytest.raises(OptionsError, match="only while heads are ablated; expected ablate"):
        analyse("heads", sources, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_training_on_the_treebank_that_is_analysed_is_refused(
    checkpoint: Path, sentences: list[Sentence], tmp_path: Path
) -> None:
    sources = Sources(model=checkpoint, train=Treebank(sentences), dev=Treebank(sentences))
    with pytest.raises(TreebankError, match="the dev treebank is the train treebank again"):
        analyse("heads", sources, tmp_path / "out", progress=False)


def test_heads_are_cut_and_the_probes_of_a_run_scored(
    checkpoint: Path, sentences: list[Sentence], tmp_path: Path
) -> None:
    train, dev = Treebank(sentences[:60], name="train"), Treebank(sentences[60:], name="dev")
    options = Options(ranks=(4,), seeds=(0,), epochs=1, control=False, random_baseline=False, samples=0)
    analyse("structure", Sources(model=checkpoint, train=train, dev=dev), tmp_path / "run", options=options,
            figures=False, progress=False)  # fmt: skip
    sources = Sources(model=checkpoint, dev=dev, probes=tmp_path / "run")
    cut = analyse("heads", sources, tmp_path / "cut", options=Options(ablate=True), figures=False, progress=False)
    table = cut.tables["ablation"]
    assert set(table["metric"]) == {"uuas"}
    # Two blocks of two heads; cutting a head of block b, from 1, can change the probes of layers from b on.
    assert table.groupby("layer").size().to_dict() == {1: 2 * 2, 2: 2 * 1}
    np.testing.assert_allclose(table["value"] - table["difference"], _whole(tmp_path / "run", table), atol=0.02)

    other = tmp_path / "other"
    Encoder.from_pretrained(checkpoint).with_random_weights(seed=3).model.save_pretrained(other)
    Encoder.from_pretrained(checkpoint).tokenizer.save_pretrained(other)
    with pytest.raises(ProbeError, match="was trained on"):
        analyse("heads", replace(sources, model=other), tmp_path / "out", options=Options(ablate=True), progress=False)
    with pytest.raises(FindingsError, match=r"holds no analysis\.json"):
        analyse("heads", replace(sources, probes=tmp_path), tmp_path / "out", options=Options(ablate=True),
                progress=False)  # fmt: skip
    with pytest.raises(TreebankError, match="trained the probes"):
        analyse("heads", replace(sources, dev=train), tmp_path / "out", options=Options(ablate=True), progress=False)
    assert not (tmp_path / "out").exists()


def _whole(run: Path, table: pd.DataFrame) -> np.ndarray:
    """UUAS of the run's probes on the whole model, by the probe's layer; its dev split is all that is cut here."""
    scores = pd.read_csv(run / "scores.csv").query("probe == 'distance' and metric == 'uuas'").set_index("layer")
    return scores["value"].loc[table["probe_layer"].astype(int)].to_numpy()


def test_uas_of_likeliest_heads_is_that_of_trees_where_they_are_trees(sentences) -> None:
    trees = [np.array(sentence.heads) for sentence in sentences]
    for number in range(0, len(sentences), 3):
        trees[number] = decode(np.ones((len(trees[number]),) * 2), decoder=arborescence)
    ours = attachment(sentences, trees, punctuation="xpos")
    assert ours.value == score_heads(sentences, trees)["uas"].value
    assert ours.value < 1
