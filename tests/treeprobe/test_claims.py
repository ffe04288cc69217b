"""A folder that many may make is made once, whoever dies on the way, and whatever their clocks say."""

import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from treeprobe import claims
from treeprobe.claims import ClaimLostError, Holder, claimed, claimed_folder, remove_leftovers, seen_claim
from treeprobe.errors import BusyError, OutputError

KILLED = """
import os, signal, sys
from treeprobe.claims import claimed_folder
from pathlib import Path
with claimed_folder(Path(sys.argv[1])) as draft:
    (draft / "half").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than a second instead of a minute."""
    monkeypatch.setattr(claims, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(claims, "REFRESH_SECONDS", 0.05)


def made(target: Path, text: str = "a", *, overwrite: bool = False) -> None:
    with claimed_folder(target, overwrite=overwrite) as draft:
        (draft / "scores.csv").write_text(text)


def holder_of(target: Path) -> Holder | None:
    """Who has the claim on a folder."""
    seen = seen_claim(target)
    return None if seen is None else seen.holder


def killed(target: Path) -> None:
    """A process dies while it makes a folder."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(target.parent.glob(".out.partial/draft-*/half"))


def as_of(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this machine is not the one that the claim is of."""
    monkeypatch.setattr(claims.socket, "gethostname", lambda: "another-machine")
    holder = holder_of(target)
    assert holder is not None
    assert not holder.is_gone


def test_the_folder_appears_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    with claimed_folder(tmp_path / "out") as draft:
        (draft / "scores.csv").write_text("a")
        assert not (tmp_path / "out").exists()
        holder = holder_of(tmp_path / "out")
        assert holder is not None
        assert (holder.process, holder.is_gone) == (os.getpid(), False)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "scores.csv"]
    assert holder_of(tmp_path / "out") is None


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    for error in (KeyboardInterrupt, ZeroDivisionError):
        with pytest.raises(error), claimed_folder(tmp_path / "out") as draft:
            (draft / "half").write_text("x")
            raise error
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    made(tmp_path / "out", "old")
    with pytest.raises(OutputError, match="already holds files"):
        made(tmp_path / "out", "new")
    with pytest.raises(ZeroDivisionError), claimed_folder(tmp_path / "out", overwrite=True):
        raise ZeroDivisionError
    assert (tmp_path / "out" / "scores.csv").read_text() == "old"
    made(tmp_path / "out", "new", overwrite=True)
    assert (tmp_path / "out" / "scores.csv").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_claim_of_a_process_that_was_killed_here_is_taken_over_at_once(tmp_path: Path) -> None:
    killed(tmp_path / "out")
    made(tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "scores.csv"]


def test_another_process_of_the_same_number_is_not_the_holder(tmp_path: Path) -> None:
    here = Holder.here()
    assert not here.is_gone
    assert Holder(**{**vars(here), "begun": "1"}).is_gone
    assert not Holder(**{**vars(here), "begun": "1", "space": "another container"}).is_gone


@pytest.mark.parametrize("wrong", [-3600, 3600])
def test_the_claim_of_a_dead_machine_is_taken_over_whatever_its_clock_said(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    killed(tmp_path / "out")
    (claim,) = tmp_path.glob(".out.partial/claim-*")
    os.utime(claim, (time.time() + wrong, time.time() + wrong))
    as_of(tmp_path / "out", monkeypatch)
    start = time.monotonic()
    refused = 0
    while not (tmp_path / "out").exists():
        try:
            made(tmp_path / "out")
        except BusyError:
            refused += 1
            time.sleep(0.01)
    # Neither at once, however old its claim looks, nor never, however young.
    assert refused > 1
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("wrong", [-3600, 3600])
def test_a_live_holder_keeps_its_claim_whatever_its_clock_says(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    monkeypatch.setattr(claims, "LEASE_SECONDS", 1.5)
    with claimed_folder(tmp_path / "out") as draft:
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + wrong)
        as_of(tmp_path / "out", monkeypatch)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for claim in tmp_path.glob(".out.partial/claim-*"):
                os.utime(claim, (real() + wrong, real() + wrong))
            with pytest.raises(BusyError):
                made(tmp_path / "out", "other")
            time.sleep(0.02)
        (draft / "scores.csv").write_text("mine")
    assert (tmp_path / "out" / "scores.csv").read_text() == "mine"


def test_a_holder_that_was_suspended_drops_its_work(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up when another process has the claim, and when that one has finished."""
    monkeypatch.setattr(claims, "REFRESH_SECONDS", 100.0)

    def taken_over() -> None:
        while not (tmp_path / "out").exists():
            try:
                made(tmp_path / "out", "of the second")
            except BusyError:
                time.sleep(0.01)

    with (
        pytest.raises(ClaimLostError, match="took it over, since this one was silent"),
        claimed_folder(tmp_path / "out") as draft,
    ):
        (draft / "scores.csv").write_text("of the first")
        taken_over()
    assert (tmp_path / "out" / "scores.csv").read_text() == "of the second"
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "scores.csv"]


def test_a_holder_whose_claim_is_being_made_use_of_leaves_it_alone(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "REFRESH_SECONDS", 100.0)
    first = claimed_folder(tmp_path / "out")
    draft = first.__enter__()
    second = claimed_folder(tmp_path / "out")
    with pytest.raises(BusyError):
        claimed_folder(tmp_path / "out").__enter__()
    time.sleep(0.35)
    other = second.__enter__()
    assert not draft.exists()
    with pytest.raises(ClaimLostError):
        first.__exit__(None, None, None)
    (other / "scores.csv").write_text("of the second")
    second.__exit__(None, None, None)
    assert (tmp_path / "out" / "scores.csv").read_text() == "of the second"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("torn", [b"", b"{", b"null", b"[1]"])
def test_half_a_claim_is_one_until_it_is_old(tmp_path: Path, quick: None, torn: bytes) -> None:
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "claim-7").write_bytes(torn)
    with pytest.raises(BusyError):
        made(tmp_path / "out")
    time.sleep(0.35)
    made(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_place_without_a_claim_is_free(tmp_path: Path) -> None:
    (tmp_path / ".out.partial").mkdir()
    made(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_of_many_at_once_one_makes_it(tmp_path: Path) -> None:
    """Threads are as good as processes: what decides is which file was there first."""
    at_once, ends = threading.Barrier(8), []

    def attempt(number: int) -> None:
        at_once.wait()
        try:
            made(tmp_path / "out", str(number))
            ends.append("made")
        except OutputError as error:
            ends.append(type(error).__name__)

    for _ in range(10):
        threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ends.count("made") == 1
        assert set(ends) <= {"made", "BusyError", "OutputError"}
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        (tmp_path / "out" / "scores.csv").unlink()
        (tmp_path / "out").rmdir()
        ends.clear()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_cannot_be_written_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: Any) -> Iterator[None]:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(claims, "_create", refuse)
    with pytest.raises(OutputError, match=f"cannot write in .*: {os.strerror(code)}") as caught:
        made(tmp_path / "out")
    assert isinstance(caught.value.__cause__, OSError)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_does_not_leave_a_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"), claimed_folder(tmp_path / "out"):
        monkeypatch.setattr(claims, "_create", refuse)
        refuse()
    assert list(tmp_path.iterdir()) == []


def test_what_was_being_removed_is_removed_later(tmp_path: Path) -> None:
    made(tmp_path / "out")
    (tmp_path / ".other.1a2b.gone" / "draft-3").mkdir(parents=True)
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_claim_that_a_killed_process_left_beside_what_it_finished_is_removed(tmp_path: Path) -> None:
    killed(tmp_path / "out")
    (tmp_path / "out").mkdir()
    with claimed(tmp_path / "alive"):
        (tmp_path / "alive").mkdir()
        remove_leftovers(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == [".alive.partial", "alive", "out"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        made(tmp_path / "absent" / "out")


def test_random_interleavings_of_two_holders_make_it_once(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever moment the next takes over at, even while a folder is put in place: never two, never half a one.

    Nobody may come to an end where all take over from each other without a pause; whoever comes next then does.
    """
    monkeypatch.setattr(claims, "LEASE_SECONDS", 0.0)
    monkeypatch.setattr(claims, "REFRESH_SECONDS", 100.0)
    draw = random.Random(0)
    for trial in range(40):
        target, ended = tmp_path / f"out-{trial}", []

        def work(name: str, *, target: Path = target, ended: list[str] = ended) -> None:
            time.sleep(draw.uniform(0, 0.004))
            try:
                with claimed_folder(target) as draft:
                    for part in ("a", "b"):
                        (draft / part).write_text(name)
                        time.sleep(draw.uniform(0, 0.004))
                ended.append(name)
            except (OSError, BusyError):
                pass

        threads = [threading.Thread(target=work, args=(name,)) for name in ("first", "second", "third")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ended) <= 1
        assert target.exists() == bool(ended)
        if not ended:
            work("first")
        assert {path.read_text() for path in target.iterdir()} == set(ended)
        assert len(list(target.iterdir())) == 2
    remove_leftovers(tmp_path)
    assert len(list(tmp_path.iterdir())) == 40
