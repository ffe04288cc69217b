"""Names of checkpoints: mistyped folders are guessed, and what cannot be had from the hub is refused at once."""

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.extraction import zoo
from treeprobe import hub
from treeprobe.extraction import CheckpointError, Encoder
from treeprobe.pipeline import Sources


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, int]]:
    """Hosts that were asked for, of a network without names; the hub's cache is an empty folder."""
    hosts: list[tuple[str, int]] = []

    def fail(address: tuple[str, int], timeout: float) -> None:
        hosts.append(address)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", fail)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    for variable in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return hosts


def save(folder: Path) -> Path:
    zoo.encoder("bert").model.save_pretrained(folder)
    zoo.encoder("bert").tokenizer.save_pretrained(folder)
    return folder


def test_a_name_that_is_nowhere_is_refused_at_once_where_the_hub_cannot_be_reached(asked) -> None:
    start = time.perf_counter()
    with pytest.raises(
        CheckpointError, match=r"bert-bas-cased is neither .* reached \(huggingface\.co: Name or service"
    ):
        Encoder.from_pretrained("bert-bas-cased")
    assert time.perf_counter() - start < 3
    assert asked == [("huggingface.co", 443)]


def test_a_name_server_that_does_not_answer_is_not_waited_for(asked, monkeypatch) -> None:
    def answer_late(*_: object, **__: object) -> None:
        time.sleep(2)
        raise OSError("too late")

    monkeypatch.setattr(socket, "create_connection", answer_late)
    monkeypatch.setattr(hub, "_PATIENCE", 0.2)
    start = time.perf_counter()
    with pytest.raises(CheckpointError, match=r"huggingface\.co: no answer in 0\.2 s"):
        Encoder.from_pretrained("bert-bas-cased")
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("set_up", "host"),
    [
        (lambda patch: patch.setattr(constants, "ENDPOINT", "http://mirror.example:8080"), ("mirror.example", 8080)),
        (lambda patch: patch.setenv("https_proxy", "http://proxy.example:3128"), ("proxy.example", 3128)),
        (
            lambda patch: (
                patch.setenv("https_proxy", "http://proxy.example:3128"),
                patch.setenv("no_proxy", "huggingface.co"),
            ),
            ("huggingface.co", 443),
        ),
    ],
)
def test_mirrors_and_proxies_are_asked_in_the_hubs_place(
    set_up: Callable[[pytest.MonkeyPatch], object], host: tuple[str, int], asked, monkeypatch
) -> None:
    set_up(monkeypatch)
    with pytest.raises(CheckpointError, match=rf"cannot be reached \({host[0]}: "):
        Encoder.from_pretrained("bert-bas-cased")
    assert asked == [host]


def test_what_is_in_the_hubs_cache_is_read_without_a_network(asked, tmp_path: Path, monkeypatch) -> None:
    repository = tmp_path / "hub" / "models--someone--tiny"
    save(repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    assert Encoder.from_pretrained("someone/tiny").digest == zoo.encoder("bert").digest
    assert asked == [("huggingface.co", 443)]
    (tmp_path / "someone").mkdir()  # a folder of the owner's name makes no path of it
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert Encoder.from_pretrained("someone/tiny").name == "someone/tiny"
    assert len(asked) == 1
    with pytest.raises(CheckpointError, match="there is no checkpoint folder someone/tony"):
        Encoder.from_pretrained("someone/tony")


def test_a_mistyped_folder_is_guessed_before_any_hub_is_asked(asked, tmp_path: Path) -> None:
    save(tmp_path / "runs" / "step-1000")
    shutil.copytree(tmp_path / "runs" / "step-1000", tmp_path / "my-bert")
    (tmp_path / "runs" / "step-2000").mkdir()  # no checkpoint
    for name, meant in (
        ("runs/step-100", "runs/step-1000"),
        (str(tmp_path / "runs" / "step_1000"), str(tmp_path / "runs" / "step-1000")),
        ("./my-brt", "my-bert"),
        ("my-brt", r"my-bert\? If the hub's is meant, name its owner too: OWNER/my-brt"),
    ):
        with pytest.raises(CheckpointError, match=rf"there is no checkpoint folder .*; did you mean {meant}"):
            Encoder.from_pretrained(name)
    with pytest.raises(CheckpointError, match=r"there is no checkpoint folder runs/other$"):
        Encoder.from_pretrained("runs/other")
    assert not asked
    with pytest.raises(CheckpointError, match="cannot be reached"):
        Encoder.from_pretrained("entirely-different")
    assert len(asked) == 1


def test_a_run_says_whom_it_asks(asked, tmp_path: Path, capsys) -> None:
    line = "1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n2\ton\ton\tADV\tRB\t_\t1\tadvmod\t_\t_\n\n"
    (tmp_path / "dev.conllu").write_text(line)
    with pytest.raises(CheckpointError, match="cannot be reached"):
        Sources(model="bert-bas-cased", dev=tmp_path / "dev.conllu").open(progress="stages")
    assert "bert-bas-cased is no folder here: asking huggingface.co for it" in capsys.readouterr().err
