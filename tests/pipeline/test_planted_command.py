"""`treeprobe planted` makes the models, prints what they know of agreement, and says what it refuses."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from treeprobe.pipeline import Sources
from treeprobe.pipeline.commands.main import main
from treeprobe.training import planted
from treeprobe.training.planted import Evidence, PlantedOptions, make_planted

MINUTE = {"layers": 1, "dim": 16, "heads": 2, "sentences": 300, "batch_size": 8, "test_pairs": 4, "probe_sentences": 60}


def make(out: Path, *, options: PlantedOptions, **how: bool) -> Evidence:
    """Models that are made in seconds."""
    return make_planted(out, options=replace(options, **MINUTE), **how)


def test_three_models_and_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(planted, "make_planted", make)
    out = tmp_path / "planted"
    monkeypatch.setattr(sys, "argv", ["treeprobe", "planted", "--out", str(out), "--steps", "8", "--quiet"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    header, *rows = capsys.readouterr().out.strip().splitlines()[2:8]
    models = ["used", "unused", "absent", "2-gram", "3-gram", "4-gram", "5-gram", "bag", "of", "words"]
    assert header.split()[-10:] == models
    assert len([row for row in rows if "attractors" in row]) == 4
    # The checkpoint of a class of this library is opened like any other.
    subject = Sources(model=out / "unused", train=out / "train.conllu", dev=out / "dev.conllu").open()
    assert subject.encoder.dim > 16

    monkeypatch.setattr(sys, "argv", ["treeprobe", "planted", "--out", str(out), "--steps", "9", "--quiet"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "holds models made with steps=8, expected steps=9" in capsys.readouterr().err
