"""What the commands print, and how they end."""

import re
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from treeprobe.pipeline.commands.checkpoints import checkpoints_command
from treeprobe.pipeline.commands.report import report_command
from treeprobe.pipeline.commands.sweep import sweep_command


def run(*words: object) -> Result:
    app = typer.Typer()
    app.command("sweep")(sweep_command)
    app.command("report")(report_command)
    app.command("checkpoints")(checkpoints_command)
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def asked(checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path) -> list[object]:
    """A small sweep over two checkpoints, the second of them after the option's own argument."""
    shutil.copytree(checkpoint, tmp_path / "other")
    files = ["--train", treebank_files["train"], "--dev", treebank_files["dev"]]
    small = ["--ranks", "2", "--seeds", "1", "--epochs", "1", "--samples", "2", "--quiet"]
    small += ["--no-random-baseline", "--no-control"]
    return ["sweep", "--models", checkpoint, tmp_path / "other", *files, "--out", tmp_path / "out", *small]


def test_a_sweep_and_its_report(asked: list[object], tmp_path: Path) -> None:
    plan = run(*asked, "--dry-run")
    assert "2 of 2 tasks to do" in plan.output
    assert not (tmp_path / "out").exists()
    first = run(*asked)
    assert first.exit_code == 0, first.output
    assert "2 tasks done now, 0 done before, 0 failed" in first.output
    assert "0 tasks done now, 2 done before, 0 failed\n" in run(*asked).output
    report = run("report", tmp_path / "out")
    assert report.exit_code == 0
    assert (tmp_path / "out" / "report.html").exists()


def test_a_failure_is_told_and_the_code_says_so(asked: list[object], tmp_path: Path) -> None:
    (tmp_path / "other" / "model.safetensors").write_bytes(b"")
    found = run(*asked)
    assert found.exit_code == 1
    assert "1 tasks done now, 0 done before, 1 failed\n" in found.output
    assert "other--" in found.output
    assert "--retry" in found.output
    told = run("report", tmp_path / "out")
    assert told.exit_code == 0
    assert re.search(r"^other--\S+ failed: \w+Error: ", told.output, re.MULTILINE)
    again = run(*asked)
    assert again.exit_code == 1
    assert "0 tasks done now, 1 done before, 0 failed, 1 failed before and were left" in again.output
    assert "other--" in again.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ranks", "4,x"], "expected integers"),
        (["--layers", "-1"], "expected numbers of at least 0"),
        (["--treebanks", "list"], "expected --train and --dev, or --treebanks"),
    ],
)
def test_bad_options_are_named(asked: list[object], words: list[str], message: str) -> None:
    found = run(*asked, *words)
    assert found.exit_code == 2
    assert message in " ".join(found.output.replace("│", " ").split())


def test_checkpoints_that_cannot_be_trained_are_refused(treebank_files: dict[str, Path], tmp_path: Path) -> None:
    found = run("checkpoints", "--treebank", treebank_files["train"], "--out", tmp_path / "out", "--bilstm")
    assert found.exit_code == 2
    assert "expected left_to_right=True" in " ".join(found.output.replace("│", " ").split())


def test_a_dry_run_says_what_must_fail(asked: list[object], tmp_path: Path) -> None:
    """A folder without weights, though another tool's `.bin` lies in it."""
    (tmp_path / "other" / "model.safetensors").unlink()
    (tmp_path / "other" / "training_args.bin").write_bytes(b"")
    found = run(*asked, "--dry-run")
    assert "1 of 2 tasks to do" in found.output
    assert f"{tmp_path / 'other'} has no weights; expected one of *.safetensors" in found.output
    (tmp_path / "other" / "config.json").unlink()
    assert f"{tmp_path / 'other'} has no config.json" in run(*asked, "--dry-run").output


def test_running_tasks_are_named_and_failures_said_as_they_happen(asked: list[object], tmp_path: Path) -> None:
    (tmp_path / "other" / "model.safetensors").write_bytes(b"")
    found = run(*[word for word in asked if word != "--quiet"])
    first, second = (f"{name}--{name_of_treebank(asked)}--structure" for name in ("tiny-bert", "other"))
    lines = found.stderr.splitlines()
    assert lines[0] == f"{first} …"
    assert lines[1] == f"{first} done, 1 of 2"
    assert lines[2] == f"{second} …"
    assert lines[3].startswith(f"{second} failed: CheckpointError: ")
    assert lines[3].endswith(f"(traceback in {tmp_path / 'out' / 'failures' / second}.json)")
    assert "\r" not in found.stderr  # which a bar would leave in a log
    assert run(*asked, "--retry").stderr == ""


def test_a_log_file_holds_the_tasks_and_how_the_sweep_ended(asked: list[object], tmp_path: Path) -> None:
    log = tmp_path / "sweep.log"
    run(*asked, "--epochs", 1, "--layers", 0, "--no-control", "--no-random-baseline", "--quiet", "--log-file", log)
    text = log.read_text(encoding="utf-8")
    for told in ("INFO train probes …", "done, 2 of 2", "2 tasks done now"):
        assert told in text


def name_of_treebank(asked: list[object]) -> str:
    """What a sweep calls the treebank of the files."""
    return Path(str(asked[asked.index("--train") + 1])).parent.name
