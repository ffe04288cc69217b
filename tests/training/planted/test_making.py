"""One command makes the three models, goes on where it was cut off, and says what they know."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from treeprobe.extraction import Encoder, extract
from treeprobe.parsing import read_conllu
from treeprobe.training import PretrainingError
from treeprobe.training.planted import Evidence, PlantedOptions, make_planted
from treeprobe.training.planted.material import draw_material, is_new_combination

MINUTE = PlantedOptions(
    layers=1, dim=16, heads=2, sentences=300, steps=8, batch_size=8, test_pairs=4, probe_sentences=60
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    out = tmp_path_factory.mktemp("planted") / "models"
    return out, make_planted(out, options=MINUTE, progress=False)


def test_the_parts_share_no_sentence_and_hold_out_what_they_say() -> None:
    material = draw_material(MINUTE)
    parts = [material.train, material.test, *material.probes.values()]
    texts = [pair.sentence.text for part in parts for pair in part]
    assert len(texts) == len(set(texts))
    assert max(pair.between for pair in material.train) == 2
    assert not any(is_new_combination(pair) for pair in material.train)
    assert {pair.attractors for pair in material.test} == {0, 1, 2, 3}
    assert all(pair.attractors == pair.between for pair in material.test)
    assert 0.1 < np.mean([is_new_combination(pair) for pair in material.test]) < 0.3


def test_the_folder_holds_models_sentences_and_evidence(made: tuple[Path, Evidence]) -> None:
    out, evidence = made
    encoders = {name: Encoder.from_pretrained(out / name) for name in ("used", "unused", "absent")}
    assert Encoder.from_pretrained(out / "learning" / "step-8").digest == encoders["used"].digest
    assert encoders["absent"].digest != encoders["used"].digest
    assert encoders["unused"].dim > encoders["used"].dim == 16
    assert [len(read_conllu(out / f"{split}.conllu")) for split in ("train", "dev", "test")] == [60, 10, 15]
    record = json.loads((out / "evidence.json").read_text())
    assert record["options"]["steps"] == 8
    found = {(row["model"], row["attractors"]): row["accuracy"] for row in record["by_attractors"]}
    assert found["5-gram", 3] == round(evidence.summary.loc["3 attractors, never trained", "5-gram"], 4)
    assert {"used", "unused", "absent", "2-gram", "bag of words", "step 0", "step 8"} == {
        *evidence.choices["model"]
    } - {"3-gram", "4-gram", "5-gram", *(f"step {step}" for step in range(1, 8))}


def test_the_unused_model_chooses_as_the_one_it_was_made_of(made: tuple[Path, Evidence]) -> None:
    rows = made[1].choices.groupby("model")["right"].apply(list)
    assert rows["used"] == rows["unused"] == rows["step 8"] != rows["step 0"]


def test_its_states_are_those_of_the_used_model_and_trees(made: tuple[Path, Evidence]) -> None:
    out, _ = made
    words = read_conllu(out / "test.conllu").words
    used, unused = (extract(Encoder.from_pretrained(out / name), words) for name in ("used", "unused"))
    sentences = range(len(words))
    assert np.array_equal(unused.read(sentences)[..., :16], used.read(sentences))
    without = [n for n in sentences if not np.any(unused.sentence(n, 0)[:, 16:])]
    assert not without


def test_a_call_goes_on_where_it_was_cut_off(made: tuple[Path, Evidence], tmp_path: Path) -> None:
    out = tmp_path / "models"
    shutil.copytree(made[0], out)
    whole = {name: Encoder.from_pretrained(out / name).digest for name in ("used", "unused", "absent")}
    kept = (out / "learning" / "training.json").stat().st_mtime_ns
    for name in ("absent", "unused"):
        shutil.rmtree(out / name)
    (out / ".absent.partial").mkdir()
    make_planted(out, options=MINUTE, progress=False)
    assert {name: Encoder.from_pretrained(out / name).digest for name in whole} == whole
    assert (out / "learning" / "training.json").stat().st_mtime_ns == kept


def test_other_options_and_other_files_are_refused(made: tuple[Path, Evidence], tmp_path: Path) -> None:
    with pytest.raises(PretrainingError, match=r"holds models made with seed=0, expected seed=1; ask for the same"):
        make_planted(made[0], options=replace(MINUTE, seed=1), progress=False)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(PretrainingError, match="holds other files; expected a new folder"):
        make_planted(tmp_path, options=MINUTE, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"masked_verbs": 0.0}, "masked_verbs=0.0; expected a share above 0"),
        ({"steps": 0}, "steps=0; expected at least 1"),
        ({"most_between": 4}, "most_between=4; expected 0 to 3 nouns"),
        ({"dim": 10, "heads": 4}, "dim=10 with heads=4"),
    ],
)
def test_impossible_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(PretrainingError, match=message):
        PlantedOptions(**options)
