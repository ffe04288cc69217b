"""The command line: bad input ends in one message, exit code 2, and no output folder."""

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline.commands.main import main

WORD = "{}\tword\t_\tX\tNN\t_\t{}\tdep\t_\t_\n"


def block(*heads: int) -> str:
    """A CoNLL-U sentence with these heads."""
    return "# sent_id = bad\n" + "".join(WORD.format(i, head) for i, head in enumerate(heads, start=1)) + "\n"


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and standard error of `treeprobe ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["treeprobe", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "bad.conllu: there is no such file"),
        ("", "bad.conllu: holds no sentences"),
        ("not a treebank\n", "line 1, sentence 1: is not CoNLL-U: found 1 columns"),
        (block(0, 1) + block(0, 9), "line 7, sentence 2 (bad): word 2 ('word') has head 9; expected 0 (the root) or"),
        (block(0, 3, 2), "line 1, sentence 1 (bad): words 2 → 3 → 2 form a cycle"),
        (block(2, 1), "expected one root (a word with head 0); found none"),
        (block(0, 0), "expected one root (a word with head 0); found 1, 2"),
        (block(0) * 3, "all 3 sentences have a single word"),
    ],
)
def test_bad_treebanks_are_refused(
    text: str | None,
    message: str,
    tmp_path: Path,
    checkpoint: Path,
    treebank_files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = tmp_path / "bad.conllu"
    if text is not None:
        bad.write_text(text)
    code, error = command(
        monkeypatch, capsys, "run", "--model", checkpoint, "--train", bad, "--dev", treebank_files["dev"],
        "--out", tmp_path / "out", "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("model", ["nowhere/at/all", "./missing-folder"])
def test_a_missing_checkpoint_is_refused(
    model: str,
    tmp_path: Path,
    treebank_files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, error = command(
        monkeypatch, capsys, "run", "--model", model, "--train", treebank_files["train"], "--dev",
        treebank_files["dev"], "--out", tmp_path / "out", "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert code == 2
    assert model in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_with_files_is_not_touched(
    tmp_path: Path,
    checkpoint: Path,
    treebank_files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    code, error = command(
        monkeypatch, capsys, "run", "--model", checkpoint, "--train", treebank_files["train"], "--dev",
        treebank_files["dev"], "--out", tmp_path,
    )  # fmt: skip
    assert code == 2
    assert "already holds files" in error
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_parse_names_a_folder_without_probes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = command(monkeypatch, capsys, "parse", "--probe", tmp_path, "A cat sleeps.")
    assert code == 2
    assert str(tmp_path) in error


def test_it_says_which_version_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["treeprobe", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"treeprobe {version('treeprobe')}\n"


def test_a_device_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    checkpoint: Path,
    treebank_files: dict[str, Path],
    tmp_path: Path,
) -> None:
    code, told = command(monkeypatch, capsys, "run", "--model", checkpoint, "--train", treebank_files["train"],
                         "--dev", treebank_files["dev"], "--out", tmp_path / "out", "--device", "gpu")  # fmt: skip
    assert code == 2
    assert "cannot be put on device gpu" in told
    assert not (tmp_path / "out").exists()


def test_a_bug_is_not_dressed_up_as_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pipeline.structural.parse.parse", broken)
    monkeypatch.setattr(sys, "argv", ["treeprobe", "parse", "--probe", "x", "A cat."])
    with pytest.raises(ZeroDivisionError):
        main()
