"""Saved probes: bit by bit what they were, and refused where they do not belong."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.probes.corpora import Corpus, LayeredStates
from treeprobe.probes import (
    BilinearProbe,
    DepProbe,
    DepthProbe,
    DistanceProbe,
    JointProbe,
    KernelProbe,
    OrthogonalProbe,
    PoincareProbe,
    ProbeError,
    fit_all,
)

LINEAR = [DistanceProbe, DepthProbe]
FAMILIES = [BilinearProbe, OrthogonalProbe, KernelProbe, PoincareProbe]


def fitted(kind: Any, corpus: Corpus) -> Any:
    probe = kind(rank=5, seed=3, epochs=1)
    if kind is DepthProbe:
        return probe.fit(corpus.vectors, corpus.depths)
    if kind is JointProbe:
        return probe.fit(corpus.vectors, corpus)
    if kind is DepProbe:
        return probe.fit(corpus.vectors, corpus.trees)
    return probe.fit(corpus.vectors, corpus.distances)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.tobytes() == other.tobytes()
    if hasattr(one, "depths"):
        return same(one.distances, other.distances) and same(one.depths, other.depths)
    return bool(one == other)


@pytest.mark.parametrize("kind", [*LINEAR, *FAMILIES, JointProbe, DepProbe])
def test_a_loaded_probe_predicts_bit_by_bit_what_it_did(kind, train, dev, tmp_path):
    probe = fitted(kind, train)
    probe.save_pretrained(tmp_path / "probe")
    loaded = kind.from_pretrained(tmp_path / "probe")
    assert all(same(a, b) for a, b in zip(probe.predict(dev.vectors), loaded.predict(dev.vectors)))
    assert loaded.get_params() == probe.get_params()
    assert (loaded.history_, loaded.best_epoch_, loaded.identity_) == (
        probe.history_,
        probe.best_epoch_,
        probe.identity_,
    )
    assert {path.name for path in (tmp_path / "probe").iterdir()} == {"probe.json", "probe.safetensors"}


def test_the_folder_can_be_read_by_a_person(train, tmp_path):
    states = LayeredStates([train.vectors])
    [probe] = fit_all([DistanceProbe(0, 5, epochs=1)], states, train)
    probe.save_pretrained(tmp_path)
    record = json.loads((tmp_path / "probe.json").read_text())
    assert record["kind"] == "distance"
    assert record["parameters"]["layer"] == 0
    assert record["identity"]["checkpoint"]["digest"] == "abc"
    assert record["history"][0]["epoch"] == 1


def test_a_probe_of_another_checkpoint_is_refused_unless_forced(train, tmp_path):
    states = LayeredStates([train.vectors])
    [probe] = fit_all([DistanceProbe(0, 5, epochs=1)], states, train)
    probe.save_pretrained(tmp_path)
    other = {"checkpoint": {"name": "other", "digest": "def"}}
    with pytest.raises(ProbeError, match=r"trained on made up \(abc\), but the vectors are of other \(def\)"):
        DistanceProbe.from_pretrained(tmp_path, identity=other)
    with pytest.raises(ProbeError, match="no known checkpoint"):
        DistanceProbe.from_pretrained(tmp_path, identity={})
    assert DistanceProbe.from_pretrained(tmp_path, identity=other, force=True).rank == 5
    assert DistanceProbe.from_pretrained(tmp_path, identity=states.identity).rank == 5


def test_damaged_folders_are_refused(train, tmp_path):
    with pytest.raises(ProbeError, match=r"holds no probe\.json"):
        DistanceProbe.from_pretrained(tmp_path / "nothing")
    probe = fitted(DistanceProbe, train)
    probe.save_pretrained(tmp_path)
    with pytest.raises(ProbeError, match="holds a distance probe; expected a depth probe"):
        DepthProbe.from_pretrained(tmp_path)
    weights = (tmp_path / "probe.safetensors").read_bytes()
    (tmp_path / "probe.safetensors").write_bytes(weights[:-40])
    with pytest.raises(ProbeError, match="cannot be read"):
        DistanceProbe.from_pretrained(tmp_path)
    (tmp_path / "probe.safetensors").write_bytes(weights)
    record = json.loads((tmp_path / "probe.json").read_text())
    (tmp_path / "probe.json").write_text(json.dumps({**record, "parameters": {**record["parameters"], "rank": 6}}))
    with pytest.raises(ProbeError, match=r"the matrix is \(5, 24\); expected \(6, dim\)"):
        DistanceProbe.from_pretrained(tmp_path)
    (tmp_path / "probe.json").write_text("{")
    with pytest.raises(ProbeError, match="is not JSON"):
        DistanceProbe.from_pretrained(tmp_path)
    (tmp_path / "probe.json").write_text('{"format": 99}')
    with pytest.raises(ProbeError, match="is of format 99; expected 1; train the probe again"):
        DistanceProbe.from_pretrained(tmp_path)


def test_a_failed_write_leaves_no_probe_and_no_litter(train, tmp_path, monkeypatch):
    probe = fitted(DistanceProbe, train)

    def fail(path: Path, content: bytes) -> None:
        path.write_text("half of it")
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        probe.save_pretrained(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o002, 0o664)])
def test_saved_files_are_as_private_as_the_umask_asks(umask, mode, train, tmp_path):
    probe = fitted(DistanceProbe, train)
    before = os.umask(umask)
    try:
        probe.save_pretrained(tmp_path / "probe")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "probe").iterdir()} == {mode}


def test_probes_saved_before_relations_were_the_depprobes_own_are_read(train, tmp_path):
    """Their record says `relations` of every probe, null for most."""
    probe = fitted(DistanceProbe, train)
    probe.save_pretrained(tmp_path)
    record = json.loads((tmp_path / "probe.json").read_text())
    assert "relations" not in record
    (tmp_path / "probe.json").write_text(json.dumps({**record, "relations": None}))
    np.testing.assert_array_equal(DistanceProbe.from_pretrained(tmp_path).matrix_, probe.matrix_)
