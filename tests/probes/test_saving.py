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
    KernelProbe,
    MultitaskProbe,
    OrthogonalProbe,
    PoincareProbe,
    PolarProbe,
    ProbeError,
    fit_all,
)
from treeprobe.probes.families import TaskPredictions
from treeprobe.records import sealed

LINEAR = [DistanceProbe, DepthProbe]
FAMILIES = [BilinearProbe, OrthogonalProbe, KernelProbe, PoincareProbe]


def fitted(kind: Any, corpus: Corpus) -> Any:
    probe = kind(rank=5, seed=3, epochs=1)
    if kind is DepthProbe:
        return probe.fit(corpus.vectors, corpus.depths)
    if kind is MultitaskProbe:
        return probe.fit(corpus.vectors, corpus.bank)
    if kind in (DepProbe, PolarProbe):
        return probe.fit(corpus.vectors, corpus.trees)
    return probe.fit(corpus.vectors, corpus.distances)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.tobytes() == other.tobytes()
    if isinstance(one, TaskPredictions):
        return all(same(value, getattr(other, name)) for name, value in vars(one).items())
    return bool(one == other)


@pytest.mark.parametrize("kind", [*LINEAR, *FAMILIES, MultitaskProbe, DepProbe, PolarProbe])
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
    with pytest.raises(ProbeError, match=r"probe\.safetensors: has SHA-256"):
        DistanceProbe.from_pretrained(tmp_path)
    record = json.loads((tmp_path / "probe.json").read_text())
    unsealed = {name: value for name, value in record.items() if name not in ("digest", "weights")}
    (tmp_path / "probe.json").write_text(json.dumps(unsealed))
    with pytest.raises(ProbeError, match=r"probe\.safetensors: cannot be read"):
        DistanceProbe.from_pretrained(tmp_path)
    (tmp_path / "probe.safetensors").write_bytes(weights)
    changed = {**record, "parameters": {**record["parameters"], "rank": 6}}
    (tmp_path / "probe.json").write_text(json.dumps(changed))
    with pytest.raises(ProbeError, match=r"probe\.json: its digest is not that of its content"):
        DistanceProbe.from_pretrained(tmp_path)
    (tmp_path / "probe.json").write_text(json.dumps(sealed(changed)))
    with pytest.raises(ProbeError, match=r"the matrix is \(5, 24\); expected \(6, dim\)"):
        DistanceProbe.from_pretrained(tmp_path)
    (tmp_path / "probe.json").write_text("{")
    with pytest.raises(ProbeError, match=r"probe\.json cannot be read: .*; train the probe again"):
        DistanceProbe.from_pretrained(tmp_path)
    (tmp_path / "probe.json").write_text('{"format": 99}')
    with pytest.raises(ProbeError, match="field format is 99, expected 1; train the probe again"):
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


def test_probes_of_version_0_1_are_read(train, tmp_path):
    """Their record has no digests, and says `relations` of every probe, null for most."""
    probe = fitted(DistanceProbe, train)
    probe.save_pretrained(tmp_path)
    record = json.loads((tmp_path / "probe.json").read_text())
    assert "relations" not in record
    old = {name: value for name, value in record.items() if name not in ("digest", "weights")}
    (tmp_path / "probe.json").write_text(json.dumps({**old, "relations": None}))
    np.testing.assert_array_equal(DistanceProbe.from_pretrained(tmp_path).matrix_, probe.matrix_)


def test_a_flipped_bit_of_the_weights_is_found(train, tmp_path):
    fitted(DistanceProbe, train).save_pretrained(tmp_path)
    path = tmp_path / "probe.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ProbeError, match=r"probe\.safetensors: has SHA-256 .*, expected .* as in probe\.json"):
        DistanceProbe.from_pretrained(tmp_path)


def test_what_json_cannot_hold_is_not_saved_as_something_else(train, tmp_path):
    probe = fitted(DistanceProbe, train)
    probe.identity_ = {"path": tmp_path}
    with pytest.raises(TypeError, match="not JSON serializable"):
        probe.save_pretrained(tmp_path / "probe")
    assert not list((tmp_path / "probe").iterdir())
