"""A pre-training that was cut off goes on as if it had not been."""

import hashlib
import resource
import signal
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

from treeprobe.errors import OutputError
from treeprobe.parsing import Sentence
from treeprobe.training import PretrainingError, PretrainingOptions, TrainingRecord, pretrain
from treeprobe.training import pretraining as made_by

SMALL: dict[str, Any] = {
    "layers": 1, "dim": 16, "heads": 2, "vocabulary_size": 60, "max_subwords": 32, "steps": 40, "batch_size": 4,
    "save_steps": (0, 10, 25, 40), "evaluations": 4, "dropout": 0.1,
}  # fmt: skip


class CutOff(BaseException):
    """What ends a run in its middle."""


def digests(run: Path) -> dict[str, str]:
    """Of every file of a run."""
    files = sorted(path for path in run.rglob("*") if path.is_file())
    return {str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def unbroken(sentences: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "run"
    return pretrain(sentences, out, held_out=sentences, options=PretrainingOptions(**SMALL), progress=False)


@pytest.mark.parametrize("step", [1, 9, 10, 17, 25, 39])
def test_one_that_was_cut_off_makes_the_same_checkpoints(
    step: int, unbroken: Path, sentences: list[Sentence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, reach = PretrainingOptions(**SMALL), made_by._Pretraining._reach

    def cut(run: Any, loop: Any) -> None:
        if loop.step == step:
            raise CutOff
        reach(run, loop)

    with monkeypatch.context() as patch, pytest.raises(CutOff):
        patch.setattr(made_by._Pretraining, "_reach", cut)
        pretrain(sentences, tmp_path / "run", held_out=sentences, options=options, progress=False)
    cut_off = TrainingRecord.read(tmp_path / "run")
    assert not cut_off.complete
    assert cut_off.step < step
    assert {path.name for path in (tmp_path / "run").glob("step-*")} == {
        f"step-{saved}" for saved in options.save_steps if saved < step
    }
    steps: list[int] = []

    def count(run: Any, loop: Any) -> None:
        steps.append(loop.step)
        reach(run, loop)

    monkeypatch.setattr(made_by._Pretraining, "_reach", count)
    pretrain(sentences, tmp_path / "run", held_out=sentences, options=options, progress=False)
    assert steps[-1] == 40
    assert len(steps) < 40 or step <= 2, "it goes on instead of beginning anew"
    assert digests(tmp_path / "run") == digests(unbroken)


def train(sentences: list[Sentence], out: Path) -> None:
    """The run of `SMALL`, from where it was left."""
    pretrain(sentences, out, held_out=sentences, options=PretrainingOptions(**SMALL), progress=False)


def test_one_that_was_killed_makes_the_same_checkpoints(
    unbroken: Path, sentences: list[Sentence], tmp_path: Path, fresh_processes: ForkServerContext
) -> None:
    out = tmp_path / "run"
    process = fresh_processes.Process(target=train, args=(sentences, out))
    process.start()
    while not (out / "step-10").exists():
        assert process.is_alive()
        time.sleep(0.002)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    train(sentences, out)
    assert digests(out) == digests(unbroken)


def test_a_complete_run_is_left_alone(unbroken: Path, sentences: list[Sentence]) -> None:
    times = {path: path.stat().st_mtime_ns for path in unbroken.rglob("*")}
    pretrain(sentences, unbroken, held_out=sentences, options=PretrainingOptions(**SMALL), progress=False)
    assert {path: path.stat().st_mtime_ns for path in unbroken.rglob("*")} == times


def test_another_run_is_not_gone_on_with(unbroken: Path, sentences: list[Sentence], tmp_path: Path) -> None:
    with pytest.raises(PretrainingError, match="a pre-training run with seed=0, expected seed=1; ask for the same"):
        pretrain(sentences, unbroken, held_out=sentences, options=PretrainingOptions(**SMALL, seed=1))
    with pytest.raises(PretrainingError, match="with text_sha256="):
        pretrain(sentences[1:], unbroken, held_out=sentences, options=PretrainingOptions(**SMALL))
    (tmp_path / "notes.txt").touch()
    with pytest.raises(PretrainingError, match="holds other files"):
        pretrain(sentences, tmp_path, options=PretrainingOptions(**SMALL))


def test_a_full_disk_leaves_the_last_checkpoint(unbroken: Path, sentences: list[Sentence], tmp_path: Path) -> None:
    """No file may grow beyond the size of a checkpoint's weights, so that the state of the training is too large."""
    weights = (unbroken / "step-0" / "model.safetensors").stat().st_size
    options = PretrainingOptions(**SMALL)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (weights + 1000, hard))
    try:
        with pytest.raises(OutputError, match=r"run: cannot be written: .*what is complete in it is kept"):
            pretrain(sentences, tmp_path / "run", held_out=sentences, options=options, progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"step-0", "training.json"}
    assert digests(tmp_path / "run" / "step-0") == digests(unbroken / "step-0")
    pretrain(sentences, tmp_path / "run", held_out=sentences, options=PretrainingOptions(**SMALL), progress=False)
    assert digests(tmp_path / "run") == digests(unbroken)


def test_a_damaged_state_is_named(unbroken: Path, sentences: list[Sentence], tmp_path: Path) -> None:
    options, reach = PretrainingOptions(**SMALL), made_by._Pretraining._reach
    with pytest.MonkeyPatch.context() as patch, pytest.raises(CutOff):
        patch.setattr(made_by._Pretraining, "_reach", lambda run, loop: _until(reach, run, loop))
        pretrain(sentences, tmp_path / "run", options=options, progress=False)
    state = tmp_path / "run" / ".training-state.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(PretrainingError, match=r"is no state of this training: .*; remove it"):
        pretrain(sentences, tmp_path / "run", options=options, progress=False)


def _until(reach: Any, run: Any, loop: Any) -> None:
    if loop.step == 12:
        raise CutOff
    reach(run, loop)
