"""What is installed is one package, treeprobe, whole, and no module of the user's takes the place of a part of it."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions, version
from pathlib import Path
from shutil import copy, copytree

import nbformat
import pytest
from nbclient import NotebookClient

import treeprobe
from tests.test_architecture import imported
from tests.test_readme import python_blocks

ROOT = Path(__file__).resolve().parent.parent
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
FOLDERS = {"treeprobe": "treeprobe", **SETUPTOOLS["package-dir"]}
"""The folder of the ground floor and of every room, by the name that it is imported by."""
DECOYS = (
    "attention.py", "extraction.py", "parsing/__init__.py", "pipeline.py", "probes.py", "reporting.py", "training.py",
)  # fmt: skip

COME_WITH = {"tokenizers": "transformers", "huggingface-hub": "transformers", "markupsafe": "jinja2"}
"""Distributions that are imported but need no declaration, since another that is declared is made of them."""


def distribution(requirement: str) -> str:
    """The normalised name in a requirement such as `scikit_learn>=1.8`."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()


def installed_as(path: Path) -> str:
    """Where a file of a room lies once it is installed: parsing/trees.py in treeprobe/parsing/trees.py."""
    inside = path.relative_to(ROOT).as_posix()
    return inside if inside.startswith("treeprobe/") else f"treeprobe/{inside}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: what an earlier build left beside the sources would enter it too."""
    copied = tmp_path_factory.mktemp("sources")
    for folder in FOLDERS.values():
        copytree(ROOT / folder, copied / folder, ignore=lambda _, names: {"__pycache__"} & set(names))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copy(ROOT / name, copied)
    build = [sys.executable, "-c", "from setuptools.build_meta import build_wheel; build_wheel('dist')"]
    done = subprocess.run(build, cwd=copied, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [built] = (copied / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def from_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose treeprobe is the wheel's, in place of the checkout's."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return os.environ | {"PYTHONPATH": str(site)}


@pytest.fixture
def decoys(tmp_path: Path) -> Path:
    """A user's folder whose modules are called as the rooms are, and raise when they are imported."""
    for name in DECOYS:
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"raise ImportError('{name} of the user was imported')\n")
    return tmp_path / "own"


def python(*words: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    """What Python prints, run in a folder."""
    done = subprocess.run([sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_package_is_listed() -> None:
    found = set()
    for name, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("__init__.py"):
            found.add(".".join([name, *path.parent.relative_to(ROOT / folder).parts]))
    assert found == set(SETUPTOOLS["packages"])


def test_every_folder_of_modules_is_a_package() -> None:
    for folder in FOLDERS.values():
        for path in (ROOT / folder).rglob("*.py"):
            assert (path.parent / "__init__.py").exists(), f"{path} is in no package: it would not be installed"


def test_the_wheel_holds_one_package_whole(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in inside}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"treeprobe"}
    files = [path for folder in FOLDERS.values() for path in (ROOT / folder).rglob("*") if path.is_file()]
    expected = {installed_as(path) for path in files if "__pycache__" not in path.parts}
    assert {Path(name).suffix for name in expected} >= {".py", ".typed", ".conllu", ".csv", ".html", ".css", ".js"}
    assert {name for name in inside if name.startswith("treeprobe/")} == expected


def test_the_wheel_is_what_from_wheel_imports(from_wheel: dict[str, str], tmp_path: Path) -> None:
    code = "import treeprobe.parsing as p, treeprobe; print(treeprobe.__version__, p.__file__)"
    assert python("-c", code, cwd=tmp_path, env=from_wheel).split() == [
        version("treeprobe"),
        str(Path(from_wheel["PYTHONPATH"]) / "treeprobe" / "parsing" / "__init__.py"),
    ]


def test_dependencies_are_what_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {distribution(requirement) for requirement in project["dependencies"]}
    provided = packages_distributions()
    always, sometimes = set(), set()
    for path in (path for folder in FOLDERS.values() for path in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        head = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        for found, source in ((always, head), (sometimes, tree)):
            roots = {name.split(".")[0] for name in imported(ast.unparse(source))} - {"treeprobe"}
            found |= {distribution(each) for root in roots for each in provided.get(root, ())}
    assert always - declared == set(COME_WITH), "imported, but not declared"
    assert declared - sometimes == set(), "declared, but not imported"
    assert set(COME_WITH.values()) <= declared


def test_the_version_is_the_distributions() -> None:
    assert treeprobe.__version__ == version("treeprobe")


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import treeprobe", {"torch", "transformers", "pandas", "numpy"}),
        ("import treeprobe.pipeline", {"torch", "transformers", "pandas", "numpy"}),
        ("from treeprobe import read_conllu", {"torch", "transformers"}),
        ("import treeprobe.pipeline.commands.main", {"torch", "transformers", "matplotlib"}),
    ],
)
def test_importing_loads_no_more_than_is_needed(code: str, absent: set[str], tmp_path: Path) -> None:
    loaded = python("-c", f"{code}\nimport sys\nprint(*sys.modules)", cwd=tmp_path).split()
    assert "treeprobe" in loaded
    assert not absent & set(loaded)


def test_the_command_is_a_module_too(tmp_path: Path) -> None:
    assert python("-m", "treeprobe", "--version", cwd=tmp_path) == f"treeprobe {version('treeprobe')}\n"


def test_every_room_imports_among_decoys(decoys: Path) -> None:
    python("-c", "\n".join(f"import {name}" for name in FOLDERS), cwd=decoys)


@pytest.mark.parametrize("folder", ["run", ".", "notebooks"])
def test_every_room_is_the_librarys_wherever_one_stands(folder: str, tmp_path: Path) -> None:
    """Where a bare `probes/` lies, as in the folder of a run; at the checkout's root; beside the notebooks."""
    (tmp_path / "run" / "probes").mkdir(parents=True)
    code = f"from importlib.util import find_spec\nfor name in {list(FOLDERS)}:\n    print(find_spec(name).origin)"
    expected = [str(ROOT / folder / "__init__.py") for folder in FOLDERS.values()]
    assert python("-c", code, cwd=tmp_path / "run" if folder == "run" else ROOT / folder).splitlines() == expected


def test_the_decoys_raise(decoys: Path) -> None:
    with pytest.raises(AssertionError, match=r"attention\.py of the user was imported"):
        python("-c", "import attention", cwd=decoys)


@pytest.mark.slow
def test_the_readme_runs_among_decoys(decoys: Path, from_wheel: dict[str, str]) -> None:
    [block] = python_blocks((ROOT / "README.md").read_text(encoding="utf-8"))
    (decoys / "example.py").write_text(block)
    assert python("example.py", cwd=decoys, env=from_wheel).startswith("UUAS 0.")


@pytest.mark.slow
def test_the_demo_runs_among_decoys(decoys: Path, from_wheel: dict[str, str]) -> None:
    small = ("--sentences", "100", "--seeds", "1", "--layers", "0,3")
    python("-m", "treeprobe", "demo", *small, "--quiet", cwd=decoys, env=from_wheel)
    assert (decoys / "demo-output" / "scores.csv").exists()


@pytest.mark.slow
def test_a_notebook_runs_among_decoys(
    decoys: Path, from_wheel: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", from_wheel["PYTHONPATH"])
    cells = [f"from treeprobe import {name}" for name in treeprobe.__all__]
    cells += [f"import {name}" for name in FOLDERS]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(decoys)}})
    client.execute()
    notebook.cells = [nbformat.v4.new_code_cell("import attention")]
    with pytest.raises(Exception, match=r"attention\.py of the user was imported"):
        client.execute()
