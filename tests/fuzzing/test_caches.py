"""Damaged caches: the same numbers and the same report, or an error that names the file; and repaired, the same cache.

`--fuzz 50` makes 2,000 trials: 20 of a complete cache and 20 of one that was begun, times 50.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.extraction import zoo
from tests.fuzzing.damage import BYTES, LINES, damage_file, edit_json
from treeprobe.extraction import (
    AlignmentReport,
    CacheError,
    States,
    extract,
    hidden_states,
    list_caches,
    open_states,
    verify_cache,
)

TRIALS = 20
# A word that the tokenizer does not know, and one that it drops, so that the report has something to lose.
SENTENCES = [*zoo.SENTENCES, ["\u4e2d", "The", "\u200b", "chef"]] * 2


@dataclass(frozen=True)
class Undamaged:
    """A cache as it was written, and what is read from it."""

    root: Path
    numbers: NDArray[np.float32]
    report: AlignmentReport

    def holds(self, states: States, *, numbers: bool = True) -> bool:
        """Whether states are those of this cache; with `numbers` off, but for the vectors themselves."""
        found = states.read(slice(None))
        same = np.array_equal(found, self.numbers) if numbers else found.shape == self.numbers.shape
        return bool(same) and states.report == self.report


def fill(root: Path, *, repair: bool = False) -> States:
    return extract(zoo.encoder("bert"), SENTENCES, cache=root, repair=repair)


def only_cache(root: Path) -> Path:
    [entry] = list_caches(root)
    return entry.folder


@pytest.fixture(scope="module", params=["complete", "begun"])
def undamaged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Undamaged:
    """A cache of some shards: all that was asked for, or an extraction that was stopped before its last shard."""
    root = tmp_path_factory.mktemp("cache")
    states = fill(root)
    whole = Undamaged(root, states.read(slice(None)), states.report)
    if request.param == "begun":
        folder, read = only_cache(root), hidden_states.WordReader.read
        last = sorted(folder.glob("shard-*"))[-1]
        shutil.rmtree(last)
        (folder / "manifest.json").unlink()

        def stop(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        hidden_states.WordReader.read = stop  # type: ignore[method-assign, assignment]
        with pytest.raises(KeyboardInterrupt):
            fill(root)
        hidden_states.WordReader.read = read  # type: ignore[method-assign]
    return whole


@pytest.fixture(scope="module", autouse=True)
def small_shards() -> None:
    """Shards of a few sentences."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hidden_states, "SHARD_NUMBERS", 1 << 10)
        yield


def lose(path: Path, draw: Random) -> str:
    """The file is gone."""
    path.unlink()
    return "lose"


def make_folder(path: Path, draw: Random) -> str:
    """A folder stands in the file's place."""
    path.unlink()
    path.mkdir()
    return "make_folder"


def take_another(path: Path, draw: Random) -> str:
    """The content of another file of the cache stands in this one's place."""
    others = [other for other in files_of(path) if other.read_bytes() != path.read_bytes()]
    shutil.copy(draw.choice(others), path)
    return "take_another"


def files_of(path: Path) -> list[Path]:
    """All files of the cache that a file or its root belongs to, in order."""
    root = next(folder for folder in (path, *path.parents) if list(folder.glob("*.lock")))
    return sorted(found for found in root.rglob("*") if found.is_file() and found.suffix != ".lock")


def damage(path: Path, draw: Random) -> str:
    kinds = (*LINES, edit_json, edit_json, edit_json, edit_json) if path.suffix == ".json" else BYTES
    ways: list[Callable[[Path, Random], str]] = [lambda path, draw: damage_file(path, draw, kinds=kinds)] * 7
    return draw.choice([*ways, lose, make_folder, take_another])(path, draw)


def contents(root: Path) -> dict[str, object]:
    """What every file of a cache holds; of JSON the content, whatever spaces stand between."""
    return {
        str(path.relative_to(root)): json.loads(path.read_text()) if path.suffix == ".json" else path.read_bytes()
        for path in files_of(root)
    }


def attempt(action: Callable[[], States | None]) -> tuple[States | None, str]:
    """What an action returns, and what it refuses: "" where it does not."""
    try:
        return action(), ""
    except CacheError as error:
        return None, str(error)


def try_everything(undamaged: Undamaged, root: Path, damaged: Path) -> list[bool]:
    """Open, verify and extract again from a damaged cache; whether each went through."""
    folder = only_cache(root) if list_caches(root) else damaged.parent
    steps: list[Callable[[], States | None]] = [
        lambda: open_states(folder),
        lambda: verify_cache(folder),
        lambda: open_states(folder, verify=True),
        lambda: fill(root),
    ]
    whole = []
    for number, step in enumerate(steps):
        states, refused = attempt(step)
        whole.append(not refused)
        if refused:
            # Of a lost manifest nothing but the folder can be said, and of a cache that was begun that it goes on.
            assert damaged.name in refused or "not complete" in refused or "no caches in" in refused
            assert any(remedy in refused for remedy in ("repair=True", "run the same", "has no manifest", "no caches"))
        if states is not None:
            # Without digests, what has changed within a tensor is not seen: its shape is all that can be asked.
            compared = number == 2 or damaged.suffix != ".safetensors"
            assert undamaged.holds(states, numbers=compared)
    return whole


def test_a_damaged_cache_is_the_same_or_refused_and_repaired_it_is_as_new(
    undamaged: Undamaged, tmp_path: Path, fuzz: int
) -> None:
    shutil.copytree(undamaged.root, tmp_path / "whole")
    fill(tmp_path / "whole")
    whole, outcomes = contents(tmp_path / "whole"), []
    for seed in range(TRIALS * fuzz):
        draw, root = Random(seed), tmp_path / f"trial-{seed}"
        shutil.copytree(undamaged.root, root)
        folder, damaged = only_cache(root), draw.choice(files_of(root))
        print(f"seed {seed}: {damage(damaged, draw)} {damaged.relative_to(root)}")  # shown where the trial fails
        outcomes += try_everything(undamaged, root, damaged)
        assert undamaged.holds(fill(root, repair=True))
        verify_cache(folder)
        assert contents(root) == whole
        shutil.rmtree(root)
    assert set(outcomes) == {True, False}
