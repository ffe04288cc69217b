"""Every notebook runs from top to bottom in a fresh process, and is committed as a reader should find it."""

import ast
import faulthandler
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 750_000
"""Bytes that a notebook may take with its figures and animations."""
LONGEST = 600
"""Seconds that a notebook may run."""

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def without_magics(source: str) -> str:
    """The Python of a cell: lines that speak to IPython left out."""
    return "\n".join(line for line in source.splitlines() if not line.startswith("%"))


def test_each_has_a_number_of_its_own() -> None:
    numbers = [path.name[:3] for path in NOTEBOOKS]
    assert len(set(numbers)) == len(numbers)
    assert all(number[:2].isdecimal() and number[2] == "-" for number in numbers)
    assert numbers[0] == "01-"


@every_notebook
def test_it_is_committed_with_its_outputs_and_small(path: Path) -> None:
    cells = code_cells(nbformat.read(path, as_version=4))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs), "no figure is shown"
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in outputs)
    assert path.stat().st_size < LARGEST


@every_notebook
def test_it_opens_with_a_question_and_ends_with_what_we_have_learnt_and_three_things_to_try(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    title, _, rest = cells[0].source.partition("\n\n")
    assert re.match(rf"# {int(path.name[:2])}\. ", title)
    assert re.match(r"\*\*The question\.\*\* [^?]*\?", rest)
    learnt, _, things = cells[-1].source.partition("\n\n## Three things to try\n\n")
    assert "## What we have learnt\n\n- " in learnt
    assert [line[:3] for line in things.splitlines() if re.match(r"\d\. ", line)] == ["1. ", "2. ", "3. "]


@every_notebook
def test_it_tells_nothing_of_the_machine_it_ran_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not [place for place in ("/home/", "/root/", "/tmp/", "/Users/", "site-packages") if place in text]


@every_notebook
def test_it_defines_no_function_or_class(path: Path) -> None:
    for cell in code_cells(nbformat.read(path, as_version=4)):
        tree = ast.parse(without_magics(cell.source))
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
        assert not [node for node in ast.walk(tree) if isinstance(node, kinds)]


class Shell(InteractiveShell):
    """IPython without a front end."""

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no event loop to join."""


def run_cells(path: Path) -> None:
    """Run a notebook's cells in order, each as a kernel would run and show it. Raises what a cell raises."""
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    os.chdir(path.parent)
    shell = Shell.instance()
    for cell in code_cells(nbformat.read(path, as_version=4)):
        shell.run_cell(cell.source).raise_error()


@pytest.mark.slow
@every_notebook
def test_it_runs(path: Path, in_fresh_process: Callable[..., Any]) -> None:
    in_fresh_process(run_cells, path)


@pytest.mark.slow
def test_a_notebook_that_fails_is_seen(in_fresh_process: Callable[..., Any], tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in ("%matplotlib inline", "one = 1", "one / 0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "wrong.ipynb")
    with pytest.raises(ZeroDivisionError):
        in_fresh_process(run_cells, tmp_path / "wrong.ipynb")
