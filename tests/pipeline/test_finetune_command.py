"""`treeprobe finetune` makes a checkpoint that other commands open, prints a table, and says what it refuses."""

import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.training.finetuning.conftest import documents, save_tiny
from treeprobe.parsing import write_conllu
from treeprobe.pipeline import Sources
from treeprobe.pipeline.commands.finetuning_options import TaskName
from treeprobe.pipeline.commands.main import main
from treeprobe.training.finetuning import GLUE, TREEBANK_TASKS


@pytest.fixture(scope="module")
def treebank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a treebank's splits."""
    folder = tmp_path_factory.mktemp("treebank")
    for seed, split in enumerate(("train", "dev", "test")):
        write_conllu(documents(12, seed=seed), folder / f"toy-{split}.conllu")
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained BERT of one layer."""
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path, command: str = "finetune") -> int:
    """The exit code of `treeprobe finetune`, or another command, with these arguments."""
    monkeypatch.setattr(sys, "argv", ["treeprobe", command, *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_checkpoint_with_steps_and_a_table(
    treebank: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tuned"
    given = ["--model", tiny, "--task", "upos", "--data", treebank, "--out", out, "--quiet"]
    assert run(monkeypatch, *given, "--steps", "12", "--save-steps", "0,4", "--learning-rate", "0.02", "--test") == 0
    shown = capsys.readouterr().out
    assert re.search(r"^model +test +288 +[01]\.\d{3} \[[01]\.\d{3}, [01]\.\d{3}\]$", shown, flags=re.MULTILINE)
    assert re.search(r"^majority +dev +288 +0\.333", shown, flags=re.MULTILINE), "two of six words are determiners"
    assert f"treeprobe run --model {out}/step-12" in shown
    assert sorted(path.name for path in out.glob("step-*")) == ["step-0", "step-12", "step-4"]
    train, dev = treebank / "toy-train.conllu", treebank / "toy-dev.conllu"
    assert Sources(model=out / "step-12", train=train, dev=dev).open().encoder.dim == 16
    assert run(monkeypatch, *given) == 2
    assert "holds fine-tuning with steps=12, expected steps=3" in capsys.readouterr().err


def test_what_cannot_be_trained_is_said_in_one_line(
    treebank: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--model", tiny, "--out", tmp_path / "out", "--quiet"]
    assert run(monkeypatch, *given, "--task", "rte", "--data", treebank) == 2
    assert re.search(r"treeprobe: .*train.tsv: cannot be read: .*No such file", capsys.readouterr().err)
    assert run(monkeypatch, *given, "--task", "upos", "--data", treebank / "toy-dev.conllu") == 2
    assert "is the train treebank again" in capsys.readouterr().err.replace("\n", " ")
    assert run(monkeypatch, *given, "--task", "upos", "--data", treebank, "--steps", "3", "--save-steps", "9") == 2
    assert "expected steps from 0 to 3" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_every_task_is_offered() -> None:
    assert set(TaskName.__args__) == {*TREEBANK_TASKS, *(task.name for task in GLUE), "squad"}


def test_two_tasks_together_are_compared_with_each_apart_by_as_many_steps(
    treebank: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--model", tiny, "--data", treebank, "--steps", "24", "--batch-size", "8", "--quiet"]
    out = tmp_path / "both"
    assert (
        run(
            monkeypatch,
            *given,
            "--tasks",
            "upos,genre",
            "--out",
            out,
            "--learning-rate",
            "0.02",
            command="finetune-together",
        )
        == 0
    )
    shown = capsys.readouterr().out
    gains = pd.read_csv(out / "gains.csv").set_index("task")
    assert list(gains.index) == ["upos", "genre"]
    for name, gain in gains.iterrows():
        assert gain["difference"] == pytest.approx(gain["together"] - gain["apart"])
        assert gain["low"] <= gain["difference"] <= gain["high"]
        assert re.search(rf"^{name} +dev +accuracy +{gain['apart']:.3f} +{gain['together']:.3f} ", shown, re.MULTILINE)
    steps = [json.loads((out / "apart" / name / "finetuning.json").read_text())["steps"] for name in gains.index]
    assert sum(steps) == 24
    assert run(monkeypatch, *given, "--tasks", "upos", "--out", tmp_path / "one", command="finetune-together") == 2
    assert "task upos; expected two or more" in capsys.readouterr().err
    assert not (tmp_path / "one").exists()
