"""Treebanks by name, fetched from a server on the loopback interface."""

import hashlib
import logging
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from treeprobe.parsing import TreebankError, load_treebank
from treeprobe.parsing.treebanks import Split, treebank_path
from treeprobe.parsing.treebanks import universal_dependencies as ud
from treeprobe.parsing.treebanks.universal_dependencies import find_treebank

BLOCK = "# sent_id = only\n1\tHello\thello\tINTJ\tUH\t_\t0\troot\t_\t_\n\n"


@dataclass
class Server:
    """A copy of UD's repositories; `asked` lists the paths that were asked for."""

    url: str
    folder: Path
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "served" / "UD_English-GUM" / ud.RELEASE
    folder.mkdir(parents=True)
    (folder / "en_gum-ud-dev.conllu").write_text(BLOCK)
    (folder / "LICENSE.txt").write_text("\n------\nCC BY-SA 4.0 it is\n")
    state = Server("", folder)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            state.asked.append(self.path)

    handler = partial(Handler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        state.url = f"http://127.0.0.1:{running.server_port}"
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield state
        running.shutdown()


@pytest.fixture(autouse=True)
def quiet_pooch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, logger="pooch")


def test_a_name_is_fetched_once_with_its_licence_shown(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"split": "dev", "cache_folder": tmp_path / "cache", "source": server.url}
    bank = load_treebank("en_gum", **options)
    assert bank.words == [("Hello",)]
    shown = capsys.readouterr().err
    assert f"UD_English-GUM {ud.RELEASE}: CC BY-SA 4.0 it is" in shown

    asked = list(server.asked)
    again = load_treebank("UD_English-GUM", **options)
    assert again.path == bank.path
    assert server.asked == asked
    assert capsys.readouterr().err == ""


def test_a_cached_file_that_changed_is_refused(server: Server, tmp_path: Path) -> None:
    options = {"split": "dev", "cache_folder": tmp_path / "cache", "source": server.url}
    path = treebank_path("en_gum", **options)
    path.write_text(BLOCK.replace("Hello", "Howdy"))
    with pytest.raises(TreebankError, match=r"has SHA-256 .* expected .*; delete it to fetch UD_English-GUM"):
        treebank_path("en_gum", **options)


def test_a_file_that_is_not_the_published_one_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (ud.RELEASE, "en_gum-ud-dev.conllu")
    monkeypatch.setitem(ud.PUBLISHED_DIGESTS, key, "0" * 64)
    with pytest.raises(TreebankError, match=f"expected {'0' * 64}"):
        treebank_path("en_gum", split="dev", cache_folder=tmp_path / "cache", source=server.url)
    monkeypatch.setitem(ud.PUBLISHED_DIGESTS, key, hashlib.sha256(BLOCK.encode()).hexdigest())
    assert treebank_path("en_gum", split="dev", cache_folder=tmp_path / "cache", source=server.url).exists()


def test_a_split_that_the_release_lacks_is_named_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(
        TreebankError, match=r"release r2.16 has no en_gum-ud-train.conllu \(404 .*expected another split"
    ):
        load_treebank("en_gum", split="train", cache_folder=tmp_path / "cache", source=server.url)
    assert not list((tmp_path / "cache").rglob("*.conllu*"))


def test_offline_the_error_says_what_to_download_and_where_to_put_it(tmp_path: Path) -> None:
    options = {"split": "dev", "cache_folder": tmp_path, "source": "http://127.0.0.1:9"}
    message = (
        r"http://127.0.0.1:9/.*en_gum-ud-dev.conllu cannot be reached \(Connection refused\). .* give the path of a"
    )
    with pytest.raises(TreebankError, match=message) as caught:
        load_treebank("en_gum", **options)
    place = Path(str(caught.value).rpartition("put it at ")[2])
    place.write_text(BLOCK)
    assert load_treebank("en_gum", **options).words == [("Hello",)]


@pytest.mark.parametrize("split", ["dev", "train"])
def test_what_cannot_be_loaded_is_one_error_and_no_chain(split: Split, server: Server, tmp_path: Path) -> None:
    source = {"dev": "http://127.0.0.1:9", "train": server.url}[split]
    with pytest.raises(TreebankError) as caught:
        load_treebank("en_gum", split=split, cache_folder=tmp_path, source=source)
    shown = "".join(traceback.format_exception(caught.value))
    assert shown.count("Traceback") == 1
    assert shown.count("Error") == shown.count("TreebankError") + str(caught.value).count("Client Error")


def test_a_path_and_a_folder_are_read_in_place(server: Server) -> None:
    file = server.folder / "en_gum-ud-dev.conllu"
    assert treebank_path(file) == file
    assert treebank_path(server.folder, split="dev") == file
    with pytest.raises(TreebankError, match=r"expected exactly one file \*-test.conllu; found none"):
        treebank_path(server.folder, split="test")
    (server.folder / "other-dev.conllu").write_text(BLOCK)
    with pytest.raises(TreebankError, match=r"found en_gum-ud-dev.conllu, other-dev.conllu"):
        treebank_path(server.folder, split="dev")
    assert server.asked == []


def test_names_and_repositories_find_the_same_treebank() -> None:
    assert find_treebank("en_ewt") == find_treebank("UD_English-EWT")
    assert find_treebank("UD_English-CTeTex").file("test") == "en_ctetex-ud-test.conllu"
    for short, repository in ud.known_treebanks().items():
        assert find_treebank(repository) == find_treebank(short)


@pytest.mark.parametrize("name", ["en_nothing", "../secret", "UD_English-../x", "UD_Klingon-ABC", "no/such/file"])
def test_an_unknown_name_is_refused_with_names_that_are_known(name: str) -> None:
    with pytest.raises(TreebankError, match=r"there is no such file or folder.*such as .*_"):
        find_treebank(name)
