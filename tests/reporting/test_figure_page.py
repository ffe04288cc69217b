"""The page on adding a figure keeps its promises: its figure, the test of it and its use run as they stand there."""

import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

import treeprobe.reporting

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "add-a-figure.md"


def test_the_page_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAGE.read_text(encoding="utf-8")
    figure, tests, use = (
        compile(block, str(PAGE), "exec")
        for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    )
    names: dict[str, Any] = {}
    exec(figure, names)
    monkeypatch.setattr(treeprobe.reporting, "depth_errors", names["depth_errors"], raising=False)
    monkeypatch.chdir(tmp_path)
    exec(use, names)
    assert (tmp_path / "depth-errors.pdf").stat().st_size > 1000

    exec(tests, names)
    promised = [value for name, value in names.items() if name.startswith("test_")]
    assert len(promised) == 2
    for test in promised:
        test(Figure().add_subplot())
    # A figure that draws something else does not pass the test on the page.
    names["depth_errors"] = lambda gold, predicted, ax: names["clean_axes"](ax)
    with pytest.raises(IndexError):
        promised[0](Figure().add_subplot())


def test_every_folder_of_figures_is_on_the_page() -> None:
    rows = set(re.findall(r"^\| `(\w+)/` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    folders = {path.parent.name for path in Path(treeprobe.reporting.__file__).parent.glob("*/__init__.py")}
    assert rows == folders - {"style", "html"}
