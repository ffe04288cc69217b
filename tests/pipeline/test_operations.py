"""What commands say to scripts and to whoever helps: exit codes, logs as JSON, the doctor, shell completion."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from treeprobe.errors import OutputError, TreeprobeError
from treeprobe.exit_codes import ExitCode
from treeprobe.pipeline import doctor
from treeprobe.pipeline.commands import sweep as sweep_module
from treeprobe.pipeline.commands.logs import LOG, JsonLines, logged
from treeprobe.pipeline.commands.main import app, main
from treeprobe.pipeline.doctor import Finding, examine

ROOT = Path(__file__).resolve().parents[2]


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_page_lists_every_exit_code_and_no_other() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page[page.index("## Exit codes") : page.index("## Logs")]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == sorted(ExitCode)


@pytest.mark.parametrize(
    ("raised", "code"),
    [(TreeprobeError("bad"), ExitCode.BAD_INPUT), (KeyboardInterrupt(), ExitCode.INTERRUPTED)],
)
def test_errors_end_in_their_exit_code(
    raised: BaseException, code: ExitCode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_: Path) -> None:
        raise raised

    monkeypatch.setattr(doctor, "examine", broken)
    monkeypatch.setattr(sys, "argv", ["treeprobe", "doctor"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code


def test_a_sweep_that_is_asked_to_leave_before_it_has_begun_has_the_exit_code_of_the_queue(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sweep_module, "_sweep", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    told = CliRunner().invoke(app, ["sweep", "--models", "m", "--out", str(tmp_path / "out")])
    assert told.exit_code == ExitCode.LEFT
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_json_log_holds_a_line_for_everything(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with pytest.raises(OutputError), logged(None, path):
        LOG.info("two\nlines", extra={"event": "task begins", "task": "é"})
        logging.getLogger("treeprobe.somewhere").warning("%s of %d", "one", 2)
        raise OutputError("out: is a file")
    begin, first, second, end = lines_of(path)
    assert (begin["event"], end["event"]) == ("begin", "end")
    assert first | {"message": "two\nlines", "event": "task begins", "task": "é", "level": "INFO"} == first
    assert (second["message"], second["logger"], second["process"]) == ("one of 2", "treeprobe.somewhere", os.getpid())
    assert end["error"] == {"type": "OutputError", "message": "out: is a file"}
    assert "traceback" not in end
    assert datetime.fromisoformat(begin["time"]).utcoffset() is not None
    assert LOG.handlers == [handler for handler in LOG.handlers if isinstance(handler, logging.NullHandler)]


def test_a_json_log_holds_the_traceback_of_a_bug_and_the_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with pytest.raises(ZeroDivisionError), logged(None, path):
        _ = 1 / 0
    with pytest.raises(typer.Exit), logged(None, path):
        raise typer.Exit(ExitCode.FAILED)
    *_, bug, _, end = lines_of(path)
    assert bug["error"]["type"] == "ZeroDivisionError"
    assert "1 / 0" in bug["traceback"]
    assert end["exit_code"] == 1


def test_what_json_does_not_know_becomes_text() -> None:
    record = logging.makeLogRecord({"msg": "m", "where": Path("a")})
    assert json.loads(JsonLines().format(record))["where"] == "a"


def test_the_doctor_finds_versions_devices_disk_and_fonts(tmp_path: Path) -> None:
    found = {finding.topic: finding for finding in examine(tmp_path / "cache")}
    assert {
        "system",
        "treeprobe",
        "torch",
        "devices",
        "threads",
        "disk of the cache",
        "cache",
        "glyphs",
        "browser",
    } <= {*found}
    assert "cpu" in found["devices"].found
    assert "Latin with accents" in found["glyphs"].found
    assert "not there yet" in found["cache"].found


def test_the_doctor_names_what_is_wrong_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requires", lambda _: ["torch>=999", "nothing-of-this-name", "absent; extra == 'dev'"])
    monkeypatch.setattr(doctor, "_devices", lambda: 1 / 0)
    problems = {finding.topic: finding.problem for finding in examine(tmp_path) if finding.problem}
    assert problems.keys() >= {"torch", "nothing-of-this-name", "devices"}
    assert "absent" not in problems
    assert problems["torch"] == "treeprobe needs torch>=999"
    assert problems["devices"] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(("problem", "code"), [("", 0), ("too old", ExitCode.FAILED)])
def test_the_command_says_what_the_doctor_found(problem: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _: [Finding("torch", "2", problem)])
    told = CliRunner().invoke(app, ["doctor"])
    assert told.exit_code == code
    assert ("problem: too old" in told.output) == bool(problem)
    as_json = CliRunner().invoke(app, ["doctor", "--json"])
    assert json.loads(as_json.output) == [{"topic": "torch", "found": "2", "problem": problem}]


@pytest.mark.parametrize(
    ("words", "expected"),
    [("treeprobe sw", {"sweep"}), ("treeprobe status --j", {"--json"}), ("treeprobe sweep --sub", {"--submit"})],
)
def test_shells_complete_commands_and_options(
    words: str, expected: set[str], run_completed: Callable[..., str]
) -> None:
    assert expected <= set(run_completed(words).split())


@pytest.fixture
def run_completed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What bash is told when Tab is pressed after some words."""

    def run(words: str) -> str:
        environment = {
            "_TREEPROBE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1),
        }  # fmt: skip
        return CliRunner().invoke(app, [], env=environment, prog_name="treeprobe").output

    return run


@pytest.mark.slow
def test_the_release_check_passes() -> None:
    """With the dependencies that are installed here, so that it needs no network; skipped in an unreleased tree."""
    done = subprocess.run(
        [sys.executable, ".ci/release.py", "--installed", "--out", "build/release"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "UUAS 0." in done.stdout
