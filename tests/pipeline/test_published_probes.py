"""Probes of a run travel, through a folder or the hub, and parse elsewhere as they did here."""

import json
import sys
from pathlib import Path

import pytest

from tests.treeprobe.hub_server import served_hub
from treeprobe.pipeline import Options, Parser, Sources, analyse
from treeprobe.pipeline.commands.main import main
from treeprobe.pipeline.published_probes import published_folder
from treeprobe.pipeline.results.findings import FindingsError, read_record

WORDS = ["the", "dog", "sees", "a", "cat"]


@pytest.fixture(scope="module")
def run(checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with probes of two ranks."""
    out = tmp_path_factory.mktemp("runs") / "run"
    options = Options(ranks=(2, 4), seeds=(0, 1), epochs=1, samples=2, control=False, random_baseline=False)
    analyse(
        "structure", Sources(model=checkpoint, **treebank_files), out, options=options, figures=False, progress=False
    )
    return out


def heads(parser: Parser) -> tuple[int, ...]:
    """Those of the tree that it finds."""
    return tuple(parser.parse(WORDS).heads)


def test_a_published_folder_parses_as_the_run_and_names_no_place(run: Path, checkpoint: Path, tmp_path: Path) -> None:
    found = published_folder(run, tmp_path / "out", license="cc-by-sa-4.0", repository="me/probes")
    assert sorted(path.name for path in found.iterdir()) == ["README.md", "analysis.json", "probes", "scores.csv"]
    assert heads(Parser.from_pretrained(found, model=checkpoint)) == heads(Parser.from_pretrained(run))
    for path in (found / "analysis.json", found / "README.md"):
        assert str(checkpoint.parent) not in path.read_text()
    record, card = read_record(found), (found / "README.md").read_text()
    assert record["details"]["license"] == "cc-by-sa-4.0"
    best = json.loads((run / "analysis.json").read_text())["details"]["best_layer"]
    assert f"| dev | {best} (best) | " in card
    assert f"weights' digest `{record['checkpoint']['digest']}`" in card
    assert "treeprobe parse --probe me/probes" in card


def test_the_hub_gives_back_what_a_run_gave_it(
    run: Path, checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with served_hub(monkeypatch, tmp_path / "hub-cache") as hub:
        monkeypatch.setattr(
            sys, "argv", ["treeprobe", "publish", str(run), "--to", "me/probes", "--license", "mit", "--private"]
        )
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        assert f"{hub.address}/me/probes" in capsys.readouterr().out
        assert hub.private == {"me/probes"}
        parser = Parser.from_pretrained("me/probes", model=checkpoint)
        assert heads(parser) == heads(Parser.from_pretrained(run))
        sources = Sources(model=checkpoint, dev=treebank_files["dev"], probes="me/probes")
        carried = analyse("transfer", sources, tmp_path / "carried", figures=False, progress=False)
        assert len(carried.tables["scores"])


def test_other_folders_are_not_published(run: Path, tmp_path: Path) -> None:
    record = json.loads((run / "analysis.json").read_text())
    (tmp_path / "heads").mkdir()
    (tmp_path / "heads" / "analysis.json").write_text(json.dumps({**record, "analysis": "heads", "digest": None}))
    with pytest.raises(FindingsError, match=r"analysis heads; expected that of `treeprobe run`|changed"):
        published_folder(tmp_path / "heads", tmp_path / "out", license="mit")
    assert not (tmp_path / "out").exists()
