"""Imports point downward: level 0 knows nothing of level 1, and nothing knows the pipeline."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ALLOWED: dict[str, set[str]] = {
    "parsing": set(),
    "extraction": set(),
    "probes": set(),
    "training": {"parsing", "extraction"},
    "behaviour": {"parsing", "extraction"},
    "interventions": {"parsing", "extraction", "probes"},
    "attention": {"parsing", "extraction"},
    "untrained": {"parsing", "extraction", "attention"},
    "convolution": {"parsing", "extraction"},
    "reporting": {"parsing"},
    "pipeline": {
        "parsing",
        "extraction",
        "probes",
        "training",
        "behaviour",
        "interventions",
        "attention",
        "untrained",
        "convolution",
        "reporting",
    },
}


def imported(source: str) -> set[str]:
    """Every module that `source` imports, by its full name, wherever in the file the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imported_packages(source: str) -> set[str]:
    """The distributions that `source` imports, and of treeprobe the packages or ground-floor modules."""
    parts = [name.split(".") for name in imported(source)]
    return {name[1] if name[0] == "treeprobe" and len(name) > 1 else name[0] for name in parts}


def test_the_reader_sees_late_and_nested_imports() -> None:
    source = (
        "def f():\n    import treeprobe.probes.training\n    from treeprobe.parsing import x\n    import torch.nn\n"
    )
    assert imported_packages(source) == {"probes", "parsing", "torch"}


def test_the_ground_floor_rests_on_nothing() -> None:
    for path in (ROOT / "treeprobe").glob("*.py"):
        if path.name == "__main__.py":  # an entrance, which nothing imports
            continue
        tree = ast.parse(path.read_text())
        # What is imported for type checkers alone is not loaded with the module.
        tree.body = [node for node in tree.body if not isinstance(node, ast.If)]
        found = imported_packages(ast.unparse(tree))
        assert not found & {*ALLOWED, "torch", "transformers", "numpy", "pandas"}, path


def test_no_file_imports_a_package_by_its_bare_name() -> None:
    for folder in ("treeprobe", "tests", "benchmarks", *ALLOWED):
        for path in (ROOT / folder).rglob("*.py"):
            roots = {name.split(".")[0] for name in imported(path.read_text())}
            assert not roots & ALLOWED.keys(), path


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


def loaded_with(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Which other modules each module loads when it is loaded first, packages on the way included.

    A module's own packages are left out: they are being loaded already when its turn comes.
    """
    graph = {}
    for module, source in sources.items():
        tree = ast.parse(source)
        # Names for type checkers and imports inside functions are not loaded with the module.
        tree.body = [node for node in tree.body if not isinstance(node, ast.If | ast.FunctionDef | ast.ClassDef)]
        needed = {package for name in imported(ast.unparse(tree)) for package in (*packages_of(name), name)}
        graph[module] = needed & sources.keys() - {*packages_of(module), module}
    return graph


def packages_of(module: str) -> Iterator[str]:
    """`a` and `a.b` for `a.b.c`."""
    parts = module.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))


def test_the_finder_of_cycles_finds_one_through_a_package() -> None:
    """The cycle that breaks whoever imports `a.results` first, and nobody who imports `a.sweeps` first."""
    sources = {
        "a.results": "from a.sweeps.folder import Folder\n",
        "a.sweeps": "from a.sweeps.engine import sweep\n",
        "a.sweeps.engine": "from a.results import load\nfrom a.sweeps.folder import Folder\n",
        "a.sweeps.folder": "import json\n",
    }
    with pytest.raises(CycleError):
        TopologicalSorter(loaded_with(sources)).prepare()
    sources["a.results"] = "def late():\n    from a.sweeps.folder import Folder\n"
    TopologicalSorter(loaded_with(sources)).prepare()


def test_any_module_may_be_the_first_to_be_imported() -> None:
    sources = {}
    for folder in ("treeprobe", *ALLOWED):
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(("treeprobe", *(part for part in parts if part not in ("treeprobe", "__init__"))))
            sources[name] = path.read_text()
    assert len(sources) > 100
    TopologicalSorter(loaded_with(sources)).prepare()
