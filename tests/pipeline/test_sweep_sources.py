"""Names on the command line become checkpoints and treebanks, or one clear message."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsing import TreebankError
from pipeline.sweeping import Checkpoint, SweepError, find_checkpoints, read_list, splits_of
from pipeline.sweeping.sources import step_of


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text("{}")


def test_a_folder_of_steps_is_a_training_run_in_order(tmp_path: Path) -> None:
    make(tmp_path / "tiny", "step-100", "step-20", "step-3")
    found = find_checkpoints([tmp_path / "tiny"])
    assert [(one.name, one.family, one.step) for one in found] == [
        ("tiny/step-3", "tiny", 3),
        ("tiny/step-20", "tiny", 20),
        ("tiny/step-100", "tiny", 100),
    ]


@given(st.integers(0, 10**7), st.sampled_from(["step-{}", "step_{}", "checkpoint-{}", "ckpt{}", "{}"]))
def test_steps_are_read_from_folder_names(step: int, form: str) -> None:
    assert step_of(form.format(step)) == step


@pytest.mark.parametrize(("name", "step"), [("step_30k", 30_000), ("final", None), ("seed-3-of", None)])
def test_other_names_of_folders(name: str, step: int | None) -> None:
    assert step_of(name) == step


def test_patterns_names_and_revisions(tmp_path: Path) -> None:
    make(tmp_path, "a", "b")
    found = find_checkpoints([str(tmp_path / "*"), "bert-base-cased@abc", f"mine={tmp_path / 'a'}"])
    assert [(one.name, one.source, one.revision) for one in found] == [
        ("a", str(tmp_path / "a"), None),
        ("b", str(tmp_path / "b"), None),
        ("bert-base-cased@abc", "bert-base-cased", "abc"),
        ("mine", str(tmp_path / "a"), None),
    ]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    make(tmp_path, "x/bert", "y/bert")
    names = [tmp_path / "x/bert", tmp_path / "y/bert", tmp_path / "nothing*", tmp_path / "absent"]
    with pytest.raises(SweepError) as caught:
        find_checkpoints(names)
    assert "2 checkpoints are called bert" in str(caught.value)
    assert str(tmp_path / "x/bert") in str(caught.value)
    assert "nothing*: the pattern matches no folder" in str(caught.value)
    assert "absent: there is no such folder" in str(caught.value)


def test_an_at_sign_in_a_named_folder_is_part_of_its_path(tmp_path: Path) -> None:
    make(tmp_path, "a@b")
    assert find_checkpoints([f"x={tmp_path / 'a@b'}"]) == [Checkpoint("x", str(tmp_path / "a@b"))]
    assert find_checkpoints(["x=owner/hub@main"]) == [Checkpoint("x", "owner/hub", "main")]


def test_a_digest_tells_weights_apart_and_not_places(tmp_path: Path) -> None:
    make(tmp_path, "x", "y")
    x, y = (Checkpoint(name, str(tmp_path / name)) for name in ("x", "y"))
    assert x.digest == y.digest
    (tmp_path / "y" / "model.safetensors").write_bytes(b"1")
    assert x.digest != y.digest
    assert Checkpoint("h", "hub", "a").digest != Checkpoint("h", "hub", "b").digest


def test_lists_of_treebanks(tmp_path: Path) -> None:
    (tmp_path / "banks").write_text(
        "# name train dev\nen en-train.conllu en-dev.conllu\n\nde\tde a.conllu\tb.conllu\tc.conllu\n"
    )
    english, german = read_list(tmp_path / "banks")
    assert (english.name, english.dev, english.test) == ("en", tmp_path / "en-dev.conllu", None)
    assert (german.train, german.test) == (tmp_path / "de a.conllu", tmp_path / "c.conllu")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("en one", "line 1: 2 cells"),
        ("en a b\nen a b", "line 2: a second treebank called en"),
        ("#", "lists no treebank"),
    ],
)
def test_bad_lists_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "banks").write_text(text)
    with pytest.raises(TreebankError, match=message):
        read_list(tmp_path / "banks")


def test_a_treebank_is_called_by_its_files() -> None:
    assert splits_of("x/en_ewt-ud-train.conllu", "x/en_ewt-ud-dev.conllu").name == "en_ewt"
    assert splits_of("x/train.conllu", "x/dev.conllu").name == "x"
