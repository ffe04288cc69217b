"""What commands print: tables or data on standard output, all else on standard error; and what a log file holds."""

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from treeprobe.pipeline.commands.logs import LOG, logged
from treeprobe.pipeline.commands.main import main
from treeprobe.pipeline.commands.showing import progress_of
from treeprobe.pipeline.options import RankLowered

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    checkpoint: Path,
    treebank_files: dict[str, Path],
    tmp_path: Path,
) -> Run:
    """A quick `treeprobe run` with more arguments; gives its exit code, standard output and standard error."""

    def call(*more: object) -> tuple[int, str, str]:
        given = ["--model", checkpoint, "--train", treebank_files["train"], "--dev", treebank_files["dev"]]
        quick = ["--epochs", 1, "--seeds", 1, "--no-figures", "--no-random-baseline", "--no-control"]
        quick += ["--cache", tmp_path / "cache"]
        monkeypatch.setattr(sys, "argv", ["treeprobe", "run", *map(str, [*given, *quick, *more])])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return call


def test_json_is_all_there_is_on_standard_output(run: Run, tmp_path: Path) -> None:
    code, out, error = run("--out", tmp_path / "out", "--ranks", 4, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["out"] == str(tmp_path / "out")
    assert told["summary"].startswith("tiny-bert: the distance probe of layer")
    (best,) = {row["layer"] for row in told["rows"] if row["best"] and row["probe"] in ("distance", "depth")}
    assert told["details"]["best_layer"] == best
    assert {row["metric"] for row in told["rows"]} == {"uuas", "dspr", "root_accuracy", "nspr"}
    assert next(row for row in told["rows"] if row["probe"] == "chain")["layer"] is None
    assert "train probes …" in error


def test_the_rest_is_shown_when_asked_and_a_lowered_rank_is_said(run: Run, tmp_path: Path) -> None:
    _, short, error = run("--out", tmp_path / "short", "--ranks", 4096)
    assert "treeprobe: tiny-bert: its states are 16 wide, so rank 4096 is lowered to 16\n" in error
    assert f"Every layer: {tmp_path / 'short'}/scores.csv, or --verbose" in short.replace("\n", " ")
    _, full, error = run("--out", tmp_path / "full", "--ranks", 16, "--verbose")
    assert "wide, so rank" not in error
    assert "Every layer:" not in full
    assert short.count("\nprobes ") < full.count("\nprobes ") == 3
    assert "s  train probes" in error


def test_bars_leave_no_trails_in_what_is_no_terminal(run: Run, tmp_path: Path) -> None:
    _, _, error = run("--out", tmp_path / "out", "--ranks", 4)
    assert "\r" not in error
    (other,) = [line for line in error.splitlines() if not line.endswith(" …")]
    assert other.startswith("punctuation: ")
    assert progress_of(quiet=True) is False
    assert progress_of(quiet=False) == "stages"


def test_a_log_file_holds_the_call_the_stages_and_the_result(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    run("--out", tmp_path / "out", "--ranks", 99, "--quiet", "--log-file", log)
    text = log.read_text(encoding="utf-8")
    for told in ("--ranks 99", "WARNING tiny-bert: its states are 16 wide", "INFO train probes", "s  total", "finds"):
        assert told in text
    code, _, _ = run("--out", tmp_path / "out", "--log-file", log)
    later = log.read_text(encoding="utf-8").removeprefix(text)
    assert code == 2
    assert "ERROR OutputError" in later
    assert "already holds files" in later


def test_logging_ends_with_the_command(tmp_path: Path) -> None:
    before = (LOG.level, list(LOG.handlers))
    with logged(tmp_path / "log"):
        LOG.info("inside")
    LOG.info("outside")
    assert (LOG.level, LOG.handlers) == before
    text = (tmp_path / "log").read_text(encoding="utf-8")
    assert "inside" in text
    assert "outside" not in text


def test_a_log_file_that_cannot_be_written_is_refused(run: Run, tmp_path: Path) -> None:
    code, _, error = run("--out", tmp_path / "out", "--log-file", tmp_path / "none" / "log")
    assert code == 2
    assert "cannot be written" in error
    assert not (tmp_path / "out").exists()


def test_warnings_of_others_are_shown_as_python_shows_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def warn() -> None:
        warnings.warn("theirs", UserWarning, stacklevel=1)
        warnings.warn("ours", RankLowered, stacklevel=1)

    monkeypatch.setattr("treeprobe.pipeline.commands.main.app", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: print("python:", message)
        main()
    assert capsys.readouterr() == ("python: theirs\n", "treeprobe: ours\n")
