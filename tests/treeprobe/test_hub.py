"""Folders are given to a stand-in of the hub and fetched from it; what goes wrong there is one clear message."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants

from tests.treeprobe.hub_server import Hub, served_hub
from treeprobe.hub import HubError, fetched_folder, push_folder
from treeprobe.probes import DepthProbe, DistanceProbe, ProbeError

VECTORS = [np.random.default_rng(seed).normal(size=(5, 4)).astype(np.float32) for seed in range(4)]
CHAIN = np.abs(np.arange(5)[:, None] - np.arange(5)).astype(float)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.chdir(tmp_path)
    with served_hub(monkeypatch, tmp_path / "hub-cache") as served:
        yield served


def test_a_probe_comes_back_from_the_hub_as_it_was(hub: Hub) -> None:
    probe = DistanceProbe(3, rank=2, epochs=1).fit(VECTORS, [CHAIN] * 4)
    address = probe.push_to_hub("me/probe", license="cc-by-sa-4.0", private=True)
    assert address == f"{hub.address}/me/probe"
    assert hub.private == {"me/probe"}
    assert sorted(hub.files["me/probe"]) == ["README.md", "probe.json", "probe.safetensors"]
    card = hub.files["me/probe"]["README.md"].decode()
    assert "license: cc-by-sa-4.0" in card
    assert "# Distance probe of layer 3, rank 2" in card
    assert 'DistanceProbe.from_pretrained("me/probe")' in card
    again = DistanceProbe.from_pretrained("me/probe")
    for found, expected in zip(again.predict(VECTORS), probe.predict(VECTORS)):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(ProbeError, match="holds a distance probe; expected a depth probe"):
        DepthProbe.from_pretrained("me/probe")


def test_a_revision_stays_what_it_was(hub: Hub, tmp_path: Path) -> None:
    for text in ("first", "second"):
        (tmp_path / "note.md").write_text(f"license: mit, {text}")
        push_folder(tmp_path, "me/notes", message=text)
        if text == "first":
            first = hub.commit("me/notes")
            assert (fetched_folder(f"me/notes@{first}") / "note.md").read_text().endswith("first")
    assert (fetched_folder("me/notes") / "note.md").read_text().endswith("second")
    assert (fetched_folder(f"me/notes@{first}") / "note.md").read_text().endswith("first")
    assert hub.messages == ["first", "second"]


def test_what_could_be_run_does_not_travel(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"pickle")
    (tmp_path / "note.json").write_text("{}")
    push_folder(tmp_path, "me/files", message="files")
    assert list(hub.files["me/files"]) == ["note.json"]
    hub.files["me/files"]["model.pkl"] = b"pickle"
    assert [path.name for path in fetched_folder("me/files").iterdir()] == ["note.json"]


def test_what_the_cache_has_is_taken_where_the_hub_is_gone(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "note.json").write_text("{}")
    push_folder(tmp_path, "me/files", message="files")
    fetched_folder("me/files")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert (fetched_folder("me/files") / "note.json").read_text() == "{}"
    with pytest.raises(HubError, match=r"me/others is neither a folder here nor .* reached \(127\.0\.0\.1: "):
        fetched_folder("me/others")
    with pytest.raises(HubError, match=r"cannot be reached.*nothing was given"):
        push_folder(tmp_path, "me/files", message="files")


def test_names_that_the_hub_does_not_have_are_said(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "note.json").write_text("{}")
    push_folder(tmp_path, "me/files", message="files")
    with pytest.raises(HubError, match="me/none: there is no such folder here, and no such repository on the hub"):
        DistanceProbe.from_pretrained("me/none")
    with pytest.raises(HubError, match="me/files has no revision v9"):
        fetched_folder("me/files@v9")
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    with pytest.raises(HubError, match=r"me/files: the hub refuses: .*401"):
        push_folder(tmp_path, "me/files", message="files")


def test_paths_are_never_asked_for(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for name in ("runs/mistyped", "./me/files", "/me/files", "probe", "a/b/c"):
        assert fetched_folder(name) == Path(name)
    with pytest.raises(ProbeError, match=r"holds no probe\.json"):
        DistanceProbe.from_pretrained("runs/mistyped")
