"""The documentation keeps its promises: its examples run, its pages are in the site, its commands are the real ones."""

import pkgutil
import re
import subprocess
import sys
from collections import Counter
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest

from tests.test_architecture import ALLOWED
from tests.test_readme import python_blocks
from treeprobe.extraction import Encoder, embedded_checkpoint, extract
from treeprobe.parsing import score_distances, write_conllu
from treeprobe.parsing.stimuli import generate
from treeprobe.pipeline import analyses as registry
from treeprobe.pipeline.report import page
from treeprobe.pipeline.report.results import read_results
from treeprobe.probes import DistanceProbe, fit_all

ROOT = Path(__file__).resolve().parent.parent
OBJECT = re.compile(r"^::: ([\w.]+)", flags=re.MULTILINE)
PAGES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/tutorial.md", "exec"), {})
    uuas = float(re.match(r"UUAS (\d\.\d\d), 95 % interval", capsys.readouterr().out)[1])
    assert uuas > 0.6, "the tutorial promises a score well above the left-to-right chain, 0.46"


def test_the_examples_for_scientific_python_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "how-to" / "scientific-python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    encoder = Encoder.from_pretrained(embedded_checkpoint())
    train, dev = generate(40, seed=0), generate(10, seed=1)
    states, dev_states = extract(encoder, train.words), extract(encoder, dev.words)
    (tmp_path / "runs" / "bert").mkdir(parents=True)
    rows = [
        {"probe": probe, "layer": layer, "split": split, "metric": "uuas", "value": 0.5, "low": 0.4, "high": 0.6}
        for probe, layer in (("chain", None), ("distance", 0), ("distance", 1))
        for split in ("dev", "test")
    ]
    pd.DataFrame(rows).to_csv("runs/bert/scores.csv", index=False)
    names: dict[str, Any] = {"train": train, "dev": dev, "states": states, "dev_states": dev_states}
    for block in blocks:
        exec(compile(block, "docs/how-to/scientific-python.md", "exec"), names)
    assert len(names["found"]) == 4
    assert names["search"].best_score_ < 0


def test_a_family_and_a_score_are_added_as_the_page_says(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "how-to" / "add-a-probe.md").read_text(encoding="utf-8")
    family, score = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(family, "docs/how-to/add-a-probe.md", "exec"), names)
    exec(compile(score, "docs/how-to/add-a-probe.md", "exec"), names)

    # A word is one unit vector for itself and each word above it: sums of differences are the tree's distances.
    bank = generate(60, seed=0)
    width = max(len(sentence) for sentence in bank)
    vectors = [np.zeros((len(sentence), width), dtype=np.float32) for sentence in bank]
    for each, sentence in zip(vectors, bank):
        above = sentence.distances + sentence.depths == sentence.depths[:, None]
        each[:, : len(sentence)] = above
        assert (np.abs(each[:, None] - each[None]).sum(axis=2) == sentence.distances).all()
    options = {"rank": width, "learning_rate": 0.005, "epochs": 40}
    manhattan = names["ManhattanProbe"](**options)
    fit_all([DistanceProbe(**options), manhattan], vectors, bank)
    predicted = manhattan.predict(vectors)
    assert score_distances(bank, predicted)["uuas"].value > 0.8
    manhattan.save_pretrained(tmp_path)
    again = names["ManhattanProbe"].from_pretrained(tmp_path).predict(vectors)
    assert all((one == other).all() for one, other in zip(predicted, again))

    longest_path = names["longest_path"]
    generator = np.random.default_rng(0)
    noise = [np.triu(generator.uniform(0, 0.01, (len(x), len(x))), k=1) for x in bank]
    nearly = [sentence.distances + each + each.T for sentence, each in zip(bank, noise)]
    found, reversed_ = longest_path(bank, nearly).score(), longest_path(bank, [-each for each in nearly])
    assert (found.value, found.low, found.n) == (1, 1, 60)
    assert reversed_.value == 0


def test_an_analysis_and_a_section_are_added_as_the_pages_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis, entry, test = blocks_of("how-to/add-an-analysis.md")
    section, test_of_section = blocks_of("how-to/add-a-section.md")
    add_module("treeprobe.pipeline.analyses.anisotropy", analysis, monkeypatch)
    add_module("treeprobe.pipeline.report.anisotropy", section, monkeypatch)
    monkeypatch.setattr(registry, "ANALYSES", (*registry.ANALYSES, eval(entry, vars(registry).copy())))
    checks: dict[str, Any] = {}
    for number, source in enumerate((test, test_of_section)):
        checks |= add_module(f"tests.anisotropy_{number}", source, monkeypatch)
    checkpoint, dev = Path(embedded_checkpoint()), tmp_path / "dev.conllu"
    write_conllu(generate(12, seed=0), dev)
    checks["test_the_mean_over_pairs_is_that_of_all_pairs_one_by_one"]()
    checks["test_every_layer_has_a_cosine"](checkpoint, {"dev": dev}, tmp_path / "one")
    checks["test_the_section_shows_every_layer"](checkpoint, {"dev": dev}, tmp_path / "two")
    checks["test_without_the_analysis_there_is_no_section"](tmp_path)
    monkeypatch.setattr(page, "ANALYSES", registry.ANALYSES)
    found = list(page.sections(read_results(tmp_path / "two" / "out")))
    assert [section.identifier for section in found] == ["anisotropy", "provenance"]


def blocks_of(page: str) -> list[str]:
    """The fenced Python of a page, in order."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def add_module(name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run source code as a module of that name, which others can import while the test runs; gives its names."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, loader=None)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(source, name, "exec"), module.__dict__)
    return vars(module)


def test_every_page_is_in_the_site() -> None:
    named = re.findall(r"[\w./-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(named) == PAGES


def test_the_home_of_the_site_has_the_example_of_the_readme_and_the_picture() -> None:
    home, readme = ((ROOT / page).read_text(encoding="utf-8") for page in ("docs/README.md", "README.md"))
    assert python_blocks(home) == python_blocks(readme)  # which tests/test_readme.py runs
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", home):
        assert (ROOT / "docs" / picture).exists()
    assert "pip install" in home


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_every_public_name_of_a_package_is_on_a_reference_page_once(room: str) -> None:
    shown = [name for page in (ROOT / "docs" / "reference").glob("*.md") for name in OBJECT.findall(page.read_text())]
    assert [name for name in shown if not names_something(name)] == []
    assert [name for name, count in Counter(shown).items() if count > 1] == []
    offered = import_module(f"treeprobe.{room}").__all__
    last = {name.rpartition(".")[2] for name in shown if name.startswith(f"treeprobe.{room}.")}
    assert [name for name in offered if name not in last] == []


def test_no_placeholder_stands_for_the_projects_address() -> None:
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        assert "git clone REPOSITORY" not in path.read_text(encoding="utf-8")


def test_the_page_on_teaching_has_every_notebook_with_its_picture() -> None:
    page = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"`{path.stem}`" in page, f"{path.name}: name it in docs/teaching.md, and run `make pictures`"
        assert f"](images/teaching-{path.stem[:2]}.png)" in page
        picture = ROOT / "docs" / "images" / f"teaching-{path.stem[:2]}.png"
        assert 1_000 < picture.stat().st_size < 80_000


def test_the_page_of_commands_is_what_the_commands_say(tmp_path: Path) -> None:
    made = tmp_path / "command-line.md"
    options = ["--name", "treeprobe", "--title", "Command line", "--output", str(made)]
    command = ["-m", "typer", "treeprobe.pipeline.commands.main", "utils", "docs", *options]
    subprocess.run([sys.executable, *command], check=True, cwd=ROOT, capture_output=True)
    kept = ROOT / "docs" / "reference" / "command-line.md"
    assert kept.read_text(encoding="utf-8") == made.read_text(encoding="utf-8"), "run `make docs` and commit the page"


def names_something(dotted: str) -> bool:
    """Whether a name such as `treeprobe.parsing.decoding.decode` can be imported, the last parts as attributes."""
    try:
        pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("page", [*(f"docs/{page}" for page in PAGES), "README.md"])
def test_names_of_the_packages_on_the_page_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = sorted(set(re.findall(r"`(treeprobe(?:\.[A-Za-z_]\w*)+)", text)))
    assert [name for name in named if not names_something(name)] == []
    rooms = "|".join(ALLOWED)
    bare = set(re.findall(rf"`((?:{rooms})\.[A-Za-z_]\w*)", text))
    old = page == "docs/how-to/move-from-0.1.md"  # which lists the names that were
    assert old or {name for name in bare if not name.endswith((".csv", ".json", ".py"))} == set(), (
        "expected treeprobe. before"
    )
    assert not names_something("treeprobe.parsing.no_such_thing")


@pytest.mark.parametrize("page", PAGES)
def test_files_named_on_the_page_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    shown = set(re.findall(r"would be(?:\s+in)?\s+`([\w./-]+)`|, here `([\w./-]+)`", text))  # what the page itself adds
    folders = "|".join([*ALLOWED, "treeprobe", "tests", "benchmarks"])
    named = set(re.findall(rf"`((?:{folders})/[\w./-]*\w\.\w+)`", text))
    assert {name for name in named if not (ROOT / name).exists()} == {one or other for one, other in shown}


@pytest.mark.parametrize("page", PAGES)
def test_code_on_the_page_imports_things_that_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL))
    shown = set(re.findall(r"^(?:def|class) (\w+)", code, flags=re.MULTILINE))  # what the page itself adds
    for module, names in re.findall(r"^from (treeprobe[\w.]*) import ([^(\n]+)$", code, flags=re.MULTILINE):
        names = {name.strip() for name in names.split("#")[0].split(",")}
        assert [name for name in names - shown if not names_something(f"{module}:{name}")] == [], module


OTHERS = {"how-to/move-from-0.1.md", "how-to/add-an-analysis.md"}
"""Pages that show commands of an earlier version, or one that the page itself adds."""
SHOWN_OPTIONS = [
    (path, *found)
    for path in ["README.md", *(f"docs/{page}" for page in PAGES if page not in OTHERS)]
    for block in re.findall(r"^```bash\n(.*?)^```", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for found in re.findall(r"^treeprobe ([\w-]+(?: [a-z]+)?)\b(.*)$", block.replace("\\\n", " "), re.MULTILINE)
]


def test_commands_on_the_pages_have_the_options_that_they_are_given() -> None:
    reference = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^##+ `treeprobe ([^`]+)`\n(.*?)(?=^##+ `|\Z)", reference, re.MULTILINE | re.DOTALL))
    sections |= dict.fromkeys(re.findall(r"--[a-z-]+", reference.partition("**Commands**")[0]), "")
    assert len(SHOWN_OPTIONS) > 10
    for path, command, rest in SHOWN_OPTIONS:
        name = command if command in sections else command.split()[0]
        assert name in sections, f"{path}: treeprobe {command}"
        given = set(re.findall(r"(?<=\s)--[a-z][a-z-]*", rest.split("#")[0]))
        known = set(re.findall(r"--[a-z][a-z-]*", sections[name]))
        assert given - known == set(), f"{path}: treeprobe {name}"
