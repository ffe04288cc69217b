"""The three planted models, trained for a minute each, and what the analysis of causes says of them."""

import json
from pathlib import Path

import pytest

from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.training.planted import Evidence, PlantedOptions, make_planted

pytestmark = pytest.mark.slow

TRAINED = PlantedOptions(
    steps=1000, sentences=20_000, test_pairs=50, masked_share=0.05, masked_verbs=1.0, probe_sentences=300
)
"""A quarter of the command's training, which goes to the verbs alone: agreement across attractors, not yet sure."""

LOOKED_AT = Options(
    sentences=40, grammar_pairs=160, seeds=(0,), layers=(1,), epochs=20, interventions=("probe", "roles")
)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    out = tmp_path_factory.mktemp("planted") / "models"
    return out, make_planted(out, options=TRAINED, progress=False)


def test_a_model_learns_what_no_ngram_can(planted: tuple[Path, Evidence]) -> None:
    table = planted[1].accuracies("attractors").set_index(["model", "attractors"])
    for attractors in (1, 2):
        assert table.loc[("5-gram", attractors), "high"] < 0.6
        assert table.loc[("used", attractors), "low"] > 0.75
        assert table.loc[("absent", attractors), "high"] < 0.6


@pytest.mark.parametrize(
    ("name", "trees", "relations"),
    [
        ("used", "present, no evidence of use", "used"),  # trees: the false negative that docs/causal.md tells of
        ("unused", "present, no evidence of use", "used"),  # its text half is the model that uses relations
        ("absent", "absent", "present, no evidence of use"),
    ],
)
def test_what_is_used_is_told_from_what_is_there(
    planted: tuple[Path, Evidence], tmp_path: Path, name: str, trees: str, relations: str
) -> None:
    """Of `unused` the probe finds nearly every tree, and yet there is no evidence that they are used."""
    folder = planted[0]
    sources = Sources(model=folder / name, train=folder / "train.conllu", dev=folder / "dev.conllu")
    analyse("causal", sources, tmp_path / "out", options=LOOKED_AT, figures=False, progress=False)
    details = json.loads((tmp_path / "out" / "analysis.json").read_text())["details"]
    assert details["verdicts"] == {"trees": trees, "relations": relations}
    (found,) = details["presence"]["trees"]
    assert (found["value"] > 0.8) == (name == "unused")
