"""Help: short options, examples that the commands accept, completion in shells, and an answer at once."""

import os
import shlex
import subprocess
import sys
import time

import pytest
from typer.main import get_command

from treeprobe.pipeline.commands.examples import EXAMPLES
from treeprobe.pipeline.commands.main import app, main

COMMANDS = get_command(app).commands


def told(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What `treeprobe ARGUMENTS` prints on 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["treeprobe", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", [(), ("cache", "ls"), *((name,) for name in COMMANDS)])
def test_h_is_help(name: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    short = told(*name, "-h", monkeypatch=monkeypatch, capsys=capsys)
    assert short == told(*name, "--help", monkeypatch=monkeypatch, capsys=capsys)
    assert "-h, --help" in short


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_in_examples_that_the_command_accepts(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(name, "--help", monkeypatch=monkeypatch, capsys=capsys)
    examples = text[text.index("Examples:") :].splitlines()
    for line in EXAMPLES[name]:
        assert [shown.strip() for shown in examples].count(line) == 1, "an example is on one line, to be copied"
        program, command, *arguments = shlex.split(line)
        assert (program, command) == ("treeprobe", name)
        parsed = COMMANDS[name].make_context(command, arguments, resilient_parsing=False)
        missing = [one.name for one in COMMANDS[name].params if one.required and parsed.params.get(one.name) is None]
        assert missing == []


def test_an_unknown_option_in_an_example_would_be_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        COMMANDS["report"].make_context("report", ["bert", "--nonsense"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_program(shell: str) -> None:
    quiet = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    program = [sys.executable, "-c", "import sys; sys.argv[0] = 'treeprobe'\nfrom treeprobe.pipeline.commands.main "
               "import main\nmain()"]  # fmt: skip
    script = subprocess.run(
        [*program, "--show-completion", shell], env=quiet, capture_output=True, text=True, check=True
    )
    assert "_TREEPROBE_COMPLETE" in script.stdout
    assert "treeprobe" in script.stdout
    asked = {"_TREEPROBE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "treeprobe comp",
             "COMP_WORDS": "treeprobe comp", "COMP_CWORD": "1", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}  # fmt: skip
    found = subprocess.run(program, env={**quiet, **asked}, capture_output=True, text=True)
    assert "compare" in found.stdout
    assert "transfer" not in found.stdout


def test_completion_can_be_installed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--install-completion" in told("--help", monkeypatch=monkeypatch, capsys=capsys)


def test_help_needs_no_heavy_module_and_answers_at_once() -> None:
    code = (
        "import sys; sys.argv = ['treeprobe', '--help']\nfrom treeprobe.pipeline.commands.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('heavy:', *({'torch', 'numpy', 'pandas', 'transformers', 'nltk', 'tqdm'} & sys.modules.keys()))"
    )
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - begun)
        assert done.stdout.splitlines()[-1] == "heavy:"
    # On an idle machine a sixth of a second; the bound is generous since tests share theirs.
    assert min(times) < 1.5
