"""Imports point downward: level 0 knows nothing of level 1, and nothing knows the pipeline."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ALLOWED = {
    "parsing": set(),
    "extraction": set(),
    "probes": set(),
    "attention": {"parsing", "extraction"},
    "convolution": {"parsing", "extraction"},
    "reporting": {"parsing"},
    "pipeline": {"parsing", "extraction", "probes", "attention", "convolution", "reporting"},
}


def imported_packages(source: str) -> set[str]:
    """Top-level names of every absolute import in `source`, wherever in the file it stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_the_reader_sees_late_and_nested_imports() -> None:
    source = "def f():\n    import probes.training\n    from parsing.trees import x\n"
    assert imported_packages(source) == {"probes", "parsing"}


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_downward(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files, f"the package {package} has no modules"
    for path in files:
        upward = imported_packages(path.read_text()) & (ALLOWED.keys() - {package}) - ALLOWED[package]
        assert not upward, f"{path.relative_to(ROOT)} imports {sorted(upward)}: {package} may not know them"


def test_parsing_knows_no_torch() -> None:
    for path in (ROOT / "parsing").rglob("*.py"):
        assert not imported_packages(path.read_text()) & {"torch", "transformers"}, path


def test_no_room_without_a_name() -> None:
    names = {path.name for package in ALLOWED for path in (ROOT / package).rglob("*.py")}
    assert not names & {"utils.py", "helpers.py", "common.py", "misc.py"}
