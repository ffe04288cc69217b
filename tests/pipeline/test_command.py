"""The command line: bad input ends in one message, exit code 2, and no output folder."""

import ast
import re
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer
from typer.main import get_command

from treeprobe.errors import TreeprobeError
from treeprobe.pipeline.commands.main import app, main

ROOT = Path(__file__).resolve().parents[2]

WORD = "{}\tword\t_\tX\tNN\t_\t{}\tdep\t_\t_\n"


def block(*heads: int) -> str:
    """A CoNLL-U sentence with these heads."""
    return "# sent_id = bad\n" + "".join(WORD.format(i, head) for i, head in enumerate(heads, start=1)) + "\n"


Command = Callable[..., tuple[int, str]]


def ends_in_one_message(error: str) -> bool:
    """Whether the last line of standard error, below the stages, is the only one that says what is wrong."""
    *stages, message = error.splitlines()
    return message.startswith("treeprobe: ") and not any(line.startswith("treeprobe: ") for line in stages)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `treeprobe ARGUMENTS`; gives its exit code and standard error."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["treeprobe", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "bad.conllu: there is no such file"),
        ("", "bad.conllu, line 1: the file is empty"),
        ("not a treebank\n", "line 1, sentence 1: is not CoNLL-U: found 1 columns"),
        (block(0, 1) + block(0, 9), "line 7, sentence 2 (bad): word 2 ('word') has head 9; expected 0 (the root) or"),
        (block(0, 3, 2), "line 1, sentence 1 (bad): words 2 → 3 → 2 form a cycle"),
        (block(2, 1), "expected one root (a word with head 0); found none"),
        (block(0, 0), "expected one root (a word with head 0); found 1, 2"),
        (block(0) * 3, "the train split has 3 sentences, none of two words or more"),
    ],
)
def test_bad_treebanks_are_refused(
    text: str | None,
    message: str,
    tmp_path: Path,
    checkpoint: Path,
    treebank_files: dict[str, Path],
    command: Command,
) -> None:
    bad = tmp_path / "bad.conllu"
    if text is not None:
        bad.write_text(text)
    code, error = command(
        "run", "--model", checkpoint, "--train", bad, "--dev", treebank_files["dev"],
        "--out", tmp_path / "out", "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert code == 2
    assert message in error
    assert ends_in_one_message(error)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("model", ["nowhere/at/all", "./missing-folder"])
def test_a_missing_checkpoint_is_refused(
    model: str,
    tmp_path: Path,
    treebank_files: dict[str, Path],
    command: Command,
) -> None:
    code, error = command(
        "run", "--model", model, "--train", treebank_files["train"], "--dev",
        treebank_files["dev"], "--out", tmp_path / "out", "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert code == 2
    assert model in error
    assert ends_in_one_message(error)
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_with_files_is_not_touched(
    tmp_path: Path,
    checkpoint: Path,
    treebank_files: dict[str, Path],
    command: Command,
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    code, error = command(
        "run", "--model", checkpoint, "--train", treebank_files["train"], "--dev",
        treebank_files["dev"], "--out", tmp_path,
    )  # fmt: skip
    assert code == 2
    assert "already holds files" in error
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_parse_names_a_folder_without_probes(tmp_path: Path, command: Command) -> None:
    code, error = command("parse", "--probe", tmp_path, "A cat sleeps.")
    assert code == 2
    assert str(tmp_path) in error


def test_it_says_which_version_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["treeprobe", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"treeprobe {version('treeprobe')}\n"


@pytest.mark.parametrize("name", ["run", "heads", "convolution", "transfer", "sweep", "checkpoints", "pretrain"])
def test_help_names_every_option_in_full_at_80_columns(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["treeprobe", name, "--help"])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().out
    options = [option for parameter in get_command(app).commands[name].params for option in
               (*parameter.opts, *parameter.secondary_opts) if option.startswith("--")]  # fmt: skip
    assert len(options) > 10
    assert [option for option in options if not re.search(rf"{option}\b", told)] == []


def test_a_device_that_is_not_there_is_refused(
    command: Command,
    checkpoint: Path,
    treebank_files: dict[str, Path],
    tmp_path: Path,
) -> None:
    code, told = command("run", "--model", checkpoint, "--train", treebank_files["train"],
                         "--dev", treebank_files["dev"], "--out", tmp_path / "out", "--device", "gpu")  # fmt: skip
    assert code == 2
    assert "device (--device): found gpu; this machine has cpu" in told
    assert not (tmp_path / "out").exists()


def own_errors() -> list[type[Exception]]:
    """Every error class that the packages define."""
    return [
        getattr(import_module(".".join(("treeprobe", *path.relative_to(ROOT).with_suffix("").parts))), node.name)
        for package in (
            "parsing",
            "extraction",
            "probes",
            "training",
            "attention",
            "convolution",
            "reporting",
            "pipeline",
        )
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    ]


def test_every_error_of_bad_input_is_told_in_one_message() -> None:
    errors = own_errors()
    assert {"TreebankError", "CacheError"} <= {error.__name__ for error in errors}
    assert [error.__name__ for error in errors if not issubclass(error, TreeprobeError)] == []


def test_a_checkpoint_of_numbers_that_are_none_is_refused(
    command: Command,
    checkpoint: Path,
    treebank_files: dict[str, Path],
    tmp_path: Path,
) -> None:
    model = AutoModel.from_pretrained(checkpoint)
    with torch.no_grad():
        model.embeddings.word_embeddings.weight.fill_(float("nan"))
    model.save_pretrained(tmp_path / "broken")
    AutoTokenizer.from_pretrained(checkpoint).save_pretrained(tmp_path / "broken")
    code, told = command("run", "--model", tmp_path / "broken", "--train", treebank_files["train"],
                         "--dev", treebank_files["dev"], "--out", tmp_path / "out", "--quiet",
                         "--cache", tmp_path / "cache")  # fmt: skip
    assert code == 2
    assert "embeddings.word_embeddings.weight that are not finite" in told
    assert not (tmp_path / "out").exists()


def test_too_few_sentences_for_a_code_are_refused_before_any_work(
    command: Command,
    checkpoint: Path,
    treebank_files: dict[str, Path],
    tmp_path: Path,
) -> None:
    (tmp_path / "few.conllu").write_text(block(0, 1).replace("word", "cat") * 10)
    code, told = command("run", "--model", checkpoint, "--train", tmp_path / "few.conllu",
                         "--dev", treebank_files["dev"], "--out", tmp_path / "out", "--cache", tmp_path / "cache",
                         "--description-length")  # fmt: skip
    assert code == 2
    assert "few.conllu: 10 sentences; description length needs more than 10" in told
    assert {path.name for path in tmp_path.iterdir()} == {"few.conllu"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dim", "10", "--heads", "4"], "dim=10 with heads=4; expected a multiple of the heads"),
        (["--steps", "3", "--save-steps", "3"], "1 sentences of text; expected at least two to train on"),
    ],
)
def test_what_no_checkpoint_can_be_trained_with_is_refused(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    command: Command,
) -> None:
    (tmp_path / "one.conllu").write_text(block(0, 1))
    code, told = command("checkpoints", "--treebank", tmp_path / "one.conllu", "--out", tmp_path / "out", *arguments)
    assert code == 2
    assert message in " ".join(told.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "holds [], expected a JSON"),
        ('{"format": 2, "checkpoint": {"path": "x"}}', "lacks analysis, details"),
    ],
)
def test_parse_names_a_record_that_is_no_runs(record: str, message: str, tmp_path: Path, command: Command) -> None:
    (tmp_path / "analysis.json").write_text(record)
    code, error = command("parse", "--probe", tmp_path, "A cat sleeps.")
    assert code == 2
    assert "analysis.json" in error
    assert message in error


def test_a_bug_is_not_dressed_up_as_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("treeprobe.pipeline.parser.Parser.from_pretrained", broken)
    monkeypatch.setattr(sys, "argv", ["treeprobe", "parse", "--probe", "x", "A cat."])
    with pytest.raises(ZeroDivisionError):
        main()
