"""Damaged folders of saved probes: the same probe, or an error that names the file. `--fuzz 10` makes 500 trials."""

import shutil
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.fuzzing.damage import BYTES, LINES, damage_file, edit_json
from treeprobe.probes import DepthProbe, DistanceProbe, MultitaskProbe, ProbeError

TRIALS = 50
WORDS = 4


class Trees(list[Any]):
    """Two sentences of four words, with what any probe is trained on."""

    heads = np.array([-1, 0, 1, 1])
    distances = [np.abs(np.subtract.outer(np.arange(WORDS), np.arange(WORDS)))] * 2
    depths = [np.arange(WORDS)] * 2


def saved(kind: Any, folder: Path) -> Any:
    """A fitted probe of small random vectors, saved."""
    vectors = [np.random.default_rng(seed).normal(size=(WORDS, 6)).astype(np.float32) for seed in range(2)]
    targets: Any = {DepthProbe: Trees.depths, MultitaskProbe: Trees}.get(kind, Trees.distances)
    options: Any = {"tasks": ("distance", "depth")} if kind is MultitaskProbe else {}
    probe = kind(rank=3, epochs=1, **options).fit(vectors, targets)
    probe.save_pretrained(folder)
    return probe


def same(one: Any, other: Any) -> bool:
    """Whether two probes are the same, bit by bit."""
    arrays, others = one.arrays(), other.arrays()
    return (
        one.get_params() == other.get_params()
        and (one.history_, one.best_epoch_, one.identity_) == (other.history_, other.best_epoch_, other.identity_)
        and arrays.keys() == others.keys()
        and all(arrays[name].tobytes() == others[name].tobytes() for name in arrays)
    )


@pytest.mark.parametrize("kind", [DistanceProbe, MultitaskProbe])
def test_a_damaged_probe_is_the_same_or_refused(kind: Any, tmp_path: Path, fuzz: int) -> None:
    probe, outcomes = saved(kind, tmp_path / "whole"), []
    for seed in range(TRIALS * fuzz // 2):
        draw, folder = Random(seed), tmp_path / "trial"
        shutil.copytree(tmp_path / "whole", folder)
        damaged = folder / draw.choice(("probe.json", "probe.safetensors"))
        kinds = (*LINES, edit_json, edit_json, edit_json) if damaged.suffix == ".json" else BYTES
        print(f"seed {seed}: {damage_file(damaged, draw, kinds=kinds)} {damaged.name}")  # shown where the trial fails
        try:
            assert same(kind.from_pretrained(folder), probe)
            outcomes.append("same")
        except ProbeError as error:
            outcomes.append(str(error))
        shutil.rmtree(folder)
        assert outcomes[-1] == "same" or damaged.name in outcomes[-1]
    assert len(set(outcomes)) > 1


@pytest.mark.parametrize("name", ["probe.json", "probe.safetensors"])
def test_a_lost_file_or_a_folder_in_its_place_is_named(name: str, tmp_path: Path) -> None:
    saved(DistanceProbe, tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ProbeError, match=name):
        DistanceProbe.from_pretrained(tmp_path)
    (tmp_path / name).mkdir()
    with pytest.raises(ProbeError, match=name):
        DistanceProbe.from_pretrained(tmp_path)
