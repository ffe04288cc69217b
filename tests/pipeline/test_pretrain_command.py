"""`treeprobe pretrain` from text to checkpoints, a batch and a filled mask on the terminal, and bad input by name."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from treeprobe.pipeline.commands.main import main
from treeprobe.pipeline.commands.pretraining_options import PRETRAINING
from treeprobe.training import PretrainingOptions, TrainingRecord

TEXT = "the cat sees the dog .\nthe dog runs .\nthat man is here .\n\nthe man is old .\nthe old man sees a cat .\n"
SMALL = (
    "--steps", 6, "--layers", 1, "--dim", 16, "--heads", 2, "--batch-size", 2, "--vocabulary-size", 60, "--quiet",
)  # fmt: skip


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `treeprobe ARGUMENTS`; gives its exit code and all that it prints."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["treeprobe", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out + captured.err

    return run


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "text.txt").write_text(TEXT)
    return tmp_path / "text.txt"


def test_commands_have_all_fields_with_their_defaults() -> None:
    fields = {name: one.default for name, one in inspect.signature(PretrainingOptions).parameters.items()}
    fields["save_steps"] = ",".join(map(str, fields["save_steps"]))
    assert {name: default for name, (_, default) in PRETRAINING.items()} == fields


def test_text_becomes_checkpoints_and_a_record(text: Path, tmp_path: Path, command: Command) -> None:
    out = tmp_path / "run"
    code, told = command("pretrain", "--text", text, "--held-out", text, "--out", out, *SMALL)
    assert code == 0, told
    assert {path.name for path in out.iterdir()} == {"step-0", "step-6", "training.json"}
    record = TrainingRecord.read(out)
    assert record.options.steps == 6
    assert len(record.held_out) > 1
    for shown in ("next_sentence_accuracy", f"treeprobe run --model {out}/step-6", "fill-mask"):
        assert shown in told
    code, told = command("fill-mask", "--model", out / "step-6", "the [MASK] is here", "--top", 2)
    assert code == 0, told
    assert len(told.splitlines()) == 3


def test_a_batch_is_shown_and_nothing_written(text: Path, tmp_path: Path, command: Command) -> None:
    code, told = command("pretrain", "--text", text, "--show-batch", "--mask-share", 0.5, *SMALL)
    assert code == 0, told
    assert "<" in told
    assert "masked, " in told
    assert {path.name for path in tmp_path.iterdir()} == {"text.txt"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected --out, the folder to write, or --show-batch"),
        (("--show-batch", "--left-to-right"), "--left-to-right, which masks nothing"),
        (("--out", "out", "--bilstm"), "expected left_to_right=True"),
        (("--out", "out", "--held-out-share", 0), ""),
        (("--out", "out", "--held-out", "nothing.txt"), "nothing.txt"),
    ],
)
def test_bad_input_is_named(
    arguments: tuple[object, ...],
    message: str,
    text: Path,
    tmp_path: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, told = command("pretrain", "--text", text, *arguments, *SMALL)
    assert code == (2 if message else 0), told
    assert message in " ".join(told.replace("│", " ").split())
    assert (tmp_path / "out").exists() == (not message)
