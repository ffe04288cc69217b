"""The documentation keeps its promises: its examples run, its pages are in the site, its commands are the real ones."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/tutorial.md", "exec"), {})
    uuas = float(re.match(r"UUAS (\d\.\d\d), 95 % interval", capsys.readouterr().out)[1])
    assert uuas > 0.6, "the tutorial promises a score well above the chain of neighbours, 0.46"


def test_every_page_is_in_the_site() -> None:
    named = re.findall(r"[\w./-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(named) == PAGES


def test_the_page_of_commands_is_what_the_commands_say(tmp_path: Path) -> None:
    made = tmp_path / "command-line.md"
    options = ["--name", "treeprobe", "--title", "Command line", "--output", str(made)]
    command = ["-m", "typer", "pipeline.commands.main", "utils", "docs", *options]
    subprocess.run([sys.executable, *command], check=True, cwd=ROOT, capture_output=True)
    kept = ROOT / "docs" / "reference" / "command-line.md"
    assert kept.read_text(encoding="utf-8") == made.read_text(encoding="utf-8"), "run `make docs` and commit the page"


@pytest.mark.parametrize("page", PAGES)
def test_code_on_the_page_names_things_that_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        imports = re.findall(r"^from [\w.]+ import [^(\n]+$", block, flags=re.MULTILINE)
        exec("\n".join(imports), {})
