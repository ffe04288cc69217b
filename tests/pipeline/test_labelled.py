"""A run with probes of labelled trees: their scores and controls beside the others, and what training did not see."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.pipeline.conftest import random_bank
from tests.probes.corpora import LayeredStates
from treeprobe.parsing import Treebank, TreebankError, write_conllu
from treeprobe.pipeline import Findings, Options, Sources, analyse
from treeprobe.pipeline.analyses.labelled_figures import LabelledFigures, edge_directions
from treeprobe.pipeline.closing_table import closing_table
from treeprobe.pipeline.languages.relations import sample_edges
from treeprobe.pipeline.results.scores import TREE_PROBES, control_of, without_tree_probes
from treeprobe.probes import PolarProbe

QUICK = Options(ranks=(4,), seeds=(0, 1), epochs=2, layers=(1, 2), random_baseline=False, labelled=True)


def labelled_bank(sentences: int, *, seed: int, name: str, unseen: str = "") -> Treebank:
    """Random trees whose relations alternate; with `unseen`, a word in each sentence has that."""
    found = []
    for sentence in random_bank(sentences, seed=seed, name=name):
        relations = [
            "root" if head < 0 else "obl:tmod" if word % 2 else "nsubj" for word, head in enumerate(sentence.heads)
        ]
        if unseen:
            relations[next(word for word, head in enumerate(sentence.heads) if head >= 0)] = unseen
        found.append(replace(sentence, relations=tuple(relations)))
    return Treebank(found, name=name)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("labelled")
    banks = {
        "train": labelled_bank(40, seed=0, name="train"),
        "dev": labelled_bank(20, seed=1, name="dev"),
        "test": labelled_bank(12, seed=2, name="test", unseen="vocative"),
    }
    for split, bank in banks.items():
        write_conllu(bank, folder / f"{split}.conllu")
    return {split: folder / f"{split}.conllu" for split in banks}


@pytest.fixture(scope="module")
def done(checkpoint: Path, files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Findings, Path]:
    out = tmp_path_factory.mktemp("run") / "out"
    return analyse(
        "structure", Sources(model=checkpoint, **files), out, options=QUICK, figures=False, progress=False
    ), out


def test_labelled_probes_are_scored_beside_the_others(done: tuple[Findings, Path]) -> None:
    scores = done[0].tables["scores"]
    for name in TREE_PROBES:
        own = scores[scores["probe"] == name]
        # 2 splits, 2 layers, 2 seeds
        counts = own["metric"].value_counts()
        assert counts.to_dict() == dict.fromkeys(
            ("uuas", "dspr", "uas", "las", "relation_accuracy", "selectivity_las", "selectivity_relation_accuracy"), 8
        )
        by_setting = own.pivot_table(index=["split", "layer", "seed"], columns="metric", values="value")
        assert (by_setting["las"] <= by_setting["uas"]).all()
        assert (own["low"] <= own["value"]).all()
        assert (own["value"] <= own["high"]).all()
        control = scores[scores["probe"] == control_of(name)]
        drawn = control.pivot_table(index=["split", "layer", "seed"], columns="metric", values="value")
        for metric in ("las", "relation_accuracy"):
            expected = by_setting[metric] - drawn[metric]
            np.testing.assert_allclose(by_setting[f"selectivity_{metric}"], expected)
            assert expected.abs().max() > 0
    attention = scores[scores["probe"] == "attention-only"]
    assert attention[["split", "metric"]].to_numpy().tolist() == [["dev", "uas"], ["test", "uas"]]
    assert attention["layer"].isna().all()


def test_the_structural_scores_are_those_of_a_run_without(
    done: tuple[Findings, Path], checkpoint: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    plain = analyse(
        "structure",
        Sources(model=checkpoint, **files),
        tmp_path / "plain",
        options=replace(QUICK, labelled=False),
        figures=False,
        progress=False,
    )
    own, expected = without_tree_probes(done[0].tables["scores"]), plain.tables["scores"]
    pd.testing.assert_frame_equal(own.reset_index(drop=True), expected)
    assert closing_table(done[0].tables["scores"]).text == closing_table(expected).text
    assert not (tmp_path / "plain" / "labelled").exists()


def test_relations_unseen_in_training_are_counted_and_said(done: tuple[Findings, Path]) -> None:
    findings, out = done
    record = json.loads((out / "analysis.json").read_text())
    assert record["details"]["unseen_relations"] == {"dev": {}, "test": {"vocative": 12}}
    assert findings.closing is not None
    said = "test: 12 words have relations that training did not see, and count as errors: vocative (12)."
    for text in (findings.closing.text, findings.closing.full):
        assert said in " ".join(text.split())
        assert "attention-only  all" in text
        assert max(map(len, text.splitlines())) <= 80


def test_the_probes_are_kept_with_relations_as_las_compares_them(done: tuple[Findings, Path]) -> None:
    folders = sorted(path.name for path in (done[1] / "labelled").iterdir())
    assert len(folders) == 2 * 2 * 2
    probe = PolarProbe.from_pretrained(done[1] / "labelled" / "polar-layer-1-rank-4-seed-0")
    assert probe.relations_ == ["nsubj", "obl", "root"]


def test_directions_are_those_of_gold_edges_and_are_drawn(done: tuple[Findings, Path], tmp_path: Path) -> None:
    bank = labelled_bank(12, seed=3, name="bank")
    generator = np.random.default_rng(0)
    states = LayeredStates([[generator.normal(size=(len(sentence), 8)).astype(np.float32) for sentence in bank]])
    probe = PolarProbe(0, 4, epochs=1).fit(states, list(bank))
    edges = sample_edges({"bank": bank})
    found = edge_directions(probe, states, edges)
    assert len(found) == len(edges) > 20
    for row, direction in enumerate(found):
        sentence, head, dependent = edges.sentence[row], edges.head[row], edges.dependent[row]
        assert bank[sentence].heads[dependent] == head
        words = states.stack[0][sentence] / probe.parameters_["scale"] @ probe.parameters_["matrix"]
        difference = words[head] - words[dependent]
        np.testing.assert_allclose(direction, difference / np.linalg.norm(difference), atol=1e-5)
    figures = LabelledFigures(done[0].tables["scores"], "dev", bank, states, {"polar": probe})
    figures.draw(tmp_path)
    assert {path.name for path in tmp_path.glob("*.png")} == {"layers-las.png", "relations.png"}


def test_a_treebank_without_relations_is_refused(checkpoint: Path, files: dict[str, Path], tmp_path: Path) -> None:
    blank = [
        replace(sentence, relations=("_",) * len(sentence)) for sentence in labelled_bank(20, seed=1, name="blank")
    ]
    write_conllu(Treebank(blank, name="blank"), tmp_path / "blank.conllu")
    sources = Sources(model=checkpoint, **{**files, "dev": tmp_path / "blank.conllu"})
    with pytest.raises(
        TreebankError, match=r"blank\.conllu: a treebank without relations; found '_' \(\d+\); expected"
    ):
        analyse("structure", sources, tmp_path / "out", options=QUICK, figures=False, progress=False)
