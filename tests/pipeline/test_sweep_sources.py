"""Names on the command line become checkpoints and treebanks, or one clear message."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treeprobe.parsing import TreebankError
from treeprobe.pipeline import Plan, Sources, Splits, read_list, splits_of
from treeprobe.pipeline.sweeps import Checkpoint, CheckpointNameError, find_checkpoints
from treeprobe.pipeline.sweeps.checkpoints import step_of


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
    with pytest.raises(CheckpointNameError) as caught:
        find_checkpoints(names)
    assert "2 checkpoints are called bert" in str(caught.value)
    assert str(tmp_path / "x/bert") in str(caught.value)
    assert "nothing*: the pattern matches no folder" in str(caught.value)
    assert "absent: there is no such folder" in str(caught.value)


def test_an_at_sign_in_a_named_folder_is_part_of_its_path(tmp_path: Path) -> None:
    make(tmp_path, "a@b")
    assert find_checkpoints([f"x={tmp_path / 'a@b'}"]) == [Checkpoint("x", str(tmp_path / "a@b"))]
    assert find_checkpoints(["x=owner/hub@main"]) == [Checkpoint("x", "owner/hub", "main")]


def test_a_training_run_can_be_given_a_name(tmp_path: Path) -> None:
    make(tmp_path / "tiny", "step-0", "step-5")
    found = find_checkpoints([f"mine={tmp_path / 'tiny'}"])
    assert [(one.name, one.family, one.step) for one in found] == [
        ("mine/step-0", "mine", 0),
        ("mine/step-5", "mine", 5),
    ]


@pytest.mark.parametrize("after", ["", "{here}/absent", "./absent", "{here}/*", "{here}/file"])
def test_what_stands_after_a_name_is_looked_for_at_the_door(tmp_path: Path, after: str) -> None:
    make(tmp_path, "a")
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointNameError, match="expected a"):
        find_checkpoints([f"mine={after.format(here=tmp_path)}"])


def test_a_home_folder_after_a_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_checkpoints(["mine=~/a"]) == [Checkpoint("mine", str(tmp_path / "a"))]


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
        ("en a.conllu b.conllu\nen a.conllu b.conllu", "line 2: a second treebank called en"),
        ("xx_nothing xx_nothing xx_nothing", "line 1: xx_nothing"),
        ("#", "lists no treebank"),
    ],
)
def test_bad_lists_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "banks").write_text(text)
    with pytest.raises(TreebankError, match=message):
        read_list(tmp_path / "banks")


def test_a_list_may_hold_folders_of_a_release(tmp_path: Path, treebank_files: dict[str, Path]) -> None:
    for split in ("train", "dev"):
        (tmp_path / "UD_X").mkdir(exist_ok=True)
        (tmp_path / "UD_X" / f"x-ud-{split}.conllu").write_bytes(treebank_files[split].read_bytes())
    (tmp_path / "banks").write_text("x UD_X UD_X\n")
    (found,) = read_list(tmp_path / "banks")
    assert (found.train.name, found.dev.name, found.test) == ("x-ud-train.conllu", "x-ud-dev.conllu", None)


def test_a_name_that_no_treebank_has_is_refused() -> None:
    with pytest.raises(TreebankError, match="xx_nothing"):
        splits_of("xx_nothing", "xx_nothing")


def test_a_treebank_is_read_once_and_again_when_its_file_changes(
    tmp_path: Path, treebank_files: dict[str, Path]
) -> None:
    for split in ("train", "dev"):
        (tmp_path / f"{split}.conllu").write_bytes(treebank_files[split].read_bytes())
    sources = Sources(
        model="", train=tmp_path / "train.conllu", dev=tmp_path / "dev.conllu", treebank="toy", max_sentences=5
    )
    first, second = sources.read(), sources.read()
    assert (len(first["dev"]), first["dev"].name) == (5, "toy")
    assert all(a is b for a, b in zip(first["train"], second["train"]))
    (tmp_path / "train.conllu").write_bytes(treebank_files["test"].read_bytes())
    assert sources.read()["train"].digest != first["train"].digest
    assert all(a is b for a, b in zip(first["dev"], sources.read()["dev"]))


def test_a_treebank_is_called_by_its_files() -> None:
    assert splits_of("x/en_ewt-ud-train.conllu", "x/en_ewt-ud-dev.conllu").name == "en_ewt"
    assert splits_of("x/train.conllu", "x/dev.conllu").name == "x"


def test_a_task_is_the_same_from_every_folder(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker elsewhere finds the same files, and a sweep goes on from another folder."""
    found = []
    for place in (checkpoint.parent, tmp_path):
        monkeypatch.chdir(place)
        files = {split: Path(os.path.relpath(treebank_files[split])) for split in ("train", "dev")}
        bank = Splits("toy", files["train"], files["dev"])
        (task,) = Plan(models=[os.path.relpath(checkpoint)], treebanks=[bank], out=tmp_path / "out").tasks()
        paths = (task.sources.model, task.sources.train, task.sources.dev, task.sources.cache)
        assert all(Path(str(path)).is_absolute() for path in paths)
        found.append((task.name, task.identity))
    assert found[0] == found[1]
