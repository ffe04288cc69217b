"""The names of first use are those of the rooms, and each error is the library's."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import treeprobe
from tests.test_architecture import ALLOWED
from treeprobe.errors import TreeprobeError


def declared_for_type_checkers() -> dict[str, str]:
    """The module of each name that `treeprobe/__init__.py` imports for type checkers alone."""
    tree = ast.parse(Path(treeprobe.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: str(node.module) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_every_first_name_is_its_rooms() -> None:
    declared = declared_for_type_checkers()
    assert sorted(declared) == sorted(treeprobe.__all__)
    for name, room in declared.items():
        assert getattr(treeprobe, name) is getattr(importlib.import_module(room), name)
        assert name in importlib.import_module(room).__all__
    assert set(treeprobe.__all__) < set(dir(treeprobe))


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="'treeprobe' has no attribute 'no_such_name'"):
        treeprobe.no_such_name  # noqa: B018


def errors_of(module: ModuleType) -> Iterator[type[Exception]]:
    """The library's error classes that a module holds, its own or imported."""
    for each in vars(module).values():
        if isinstance(each, type) and issubclass(each, Exception) and each.__module__.startswith("treeprobe."):
            yield each


def test_every_error_class_is_the_librarys_and_a_built_in_ones() -> None:
    """The command line turns a TreeprobeError into one line; callers who know none catch ValueError or OSError."""
    found: set[type[Exception]] = set()
    for package in map(importlib.import_module, ("treeprobe", *(f"treeprobe.{room}" for room in ALLOWED))):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                found |= set(errors_of(importlib.import_module(module.name)))
    assert {"TreebankError", "CheckpointError", "PretrainingError"} <= {each.__name__ for each in found}
    found = {each for each in found if not issubclass(each, Warning)}
    strangers = {each for each in found if not issubclass(each, TreeprobeError)}
    assert not strangers
    plain = {each for each in found - {TreeprobeError} if not issubclass(each, ValueError | OSError | RuntimeError)}
    assert not plain
