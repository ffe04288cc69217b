"""Names from data become names of files: readable, inside the folder asked for, and no two the same."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline.conftest import random_bank
from tests.pipeline.hostile_names import HOSTILE
from treeprobe.attention import HeadExample
from treeprobe.parsing import Sentence, Treebank, write_conllu
from treeprobe.pipeline import Options, Plan, Sources, Splits, analyse, sweep, write_report
from treeprobe.pipeline.analyses import head_figures
from treeprobe.pipeline.results.file_names import file_name, file_names, same_file


def check_names(names: list[str], folder: Path) -> None:
    """Each name makes a file of its own in `folder`, also where case makes no difference and devices have names."""
    assert len(set(map(same_file, names))) == len(names)
    for name in names:
        assert re.fullmatch(r"[\w.@+=-]+", name)
        assert name[0] not in ".-"
        assert name[-1] not in ".-"
        assert len(name.encode()) <= 100
        assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)
        (folder / name).write_text("")
    assert len(list(folder.iterdir())) == len(names)


def test_there_are_a_hundred_hostile_names() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 100


def test_hostile_names_lie_in_one_folder_side_by_side(tmp_path: Path) -> None:
    names = file_names(HOSTILE)
    assert list(names) == list(HOSTILE)
    check_names(list(names.values()), tmp_path)


@given(st.lists(st.text(), unique=True, max_size=20))
def test_any_names_are_told_apart(names: list[str]) -> None:
    found = list(file_names(names).values())
    assert len(set(map(same_file, found))) == len(names)


@given(st.text(), st.text())
def test_a_name_has_one_file_name_that_no_other_has_but_for_case_and_joints(one: str, other: str) -> None:
    def spelt(name: str) -> str:
        return same_file(re.sub("[/: ]", "-", name))

    assert (same_file(file_name(one)) == same_file(file_name(other))) == (spelt(one) == spelt(other))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bert-base-cased", "bert-base-cased"),
        ("KB/bert_base@main", "KB-bert_base@main"),
        ("tiny/step-100", "tiny-step-100"),
        ("nmod:poss", "nmod-poss"),
        ("en_ewt", "en_ewt"),
        ("en_ewt-to-de_gsd", "en_ewt-to-de_gsd"),
        ("東北大学", "東北大学"),
        ("my model", "my-model"),
    ],
)
def test_ordinary_names_stay_readable(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_an_odd_name_keeps_what_can_be_read_of_it() -> None:
    assert re.fullmatch("etc-passwd=[0-9a-f]{8}", file_name("../../etc/passwd"))
    assert re.fullmatch("x{80}=[0-9a-f]{8}", file_name("x" * 300))
    assert file_name("..") != file_name(".")


def relabelled(bank: Treebank, relations: list[str]) -> Treebank:
    """The same trees with other relations, the first ones most often."""
    generator = np.random.default_rng(0)
    shares = 0.8 ** np.arange(len(relations))
    sentences = []
    for number, one in enumerate(bank):
        drawn = generator.choice(len(relations), size=len(one), p=shares / shares.sum())
        found = [relations[place] for place in drawn]
        # Every relation at least once.
        found[1] = relations[number % len(relations)]
        labels = tuple("root" if head < 0 else relation for head, relation in zip(one.heads, found))
        sentences.append(
            Sentence(**{**{field: getattr(one, field) for field in ("words", "heads", "upos", "xpos", "space_after")},
                        "relations": labels, "identifier": relations[number % len(relations)]})
        )  # fmt: skip
    return Treebank(sentences, name=bank.name)


def files_below(folder: Path) -> set[Path]:
    """Every file below a folder."""
    return {path for path in folder.rglob("*") if path.is_file()}


def test_every_relation_has_its_own_figures_and_none_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "figures"
    folder.mkdir(parents=True)
    square = np.full((2, 2), 0.5)
    examples = [HeadExample(name, 0, 1, 0, ("one", "two"), square, np.array([[0, 1]])) for name in HOSTILE]
    head_figures._draw_examples(folder, examples)
    assert len(list(folder.glob("attention-*.svg"))) == len(HOSTILE)
    assert all(path.parent == folder for path in files_below(tmp_path))


@pytest.mark.slow
def test_a_hostile_treebank_writes_nothing_outside_its_folder(checkpoint: Path, tmp_path: Path) -> None:
    """End to end: the most frequent relations, which figures are named by, are the worst."""
    ways_out = ["../../etc/passwd", "</script>", "/", "..", "a/b", "a-b", "A-B", "$\\frac$"]
    # No UTF-8 text holds half a surrogate pair; the names of folders may.
    names = [*ways_out, *(name for name in HOSTILE if name not in ways_out and name != "\ud800")]
    bank = relabelled(random_bank(120, seed=0, name="../../bank"), names)
    out = tmp_path / "a" / "b" / "out"
    analyse("heads", Sources(model=checkpoint, dev=bank, name="../../model"), out, progress=False)
    assert all(path.is_relative_to(out) for path in files_below(tmp_path))
    assert len(list((out / "figures").glob("relation-*.pdf"))) == len(ways_out)
    write_report(out)


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_a_sweep_of_hostile_names_keeps_to_its_folder_and_its_report_is_whole(checkpoint: Path, tmp_path: Path) -> None:
    relations = ["../../x", "</script><script>alert(1)</script>", "<!--", '"><img/src=x>', "a/b", "a-b", "$x$", "NA"]
    files = {}
    for seed, split in enumerate(("train", "dev")):
        files[split] = tmp_path / f"{split}.conllu"
        write_conllu(relabelled(random_bank(20, seed=seed, name=split), relations), files[split])
    markup, bank = '"></script><img onerror><!--$\\frac$', "../../$\\frac$</script>"
    names = (markup, "../../CON")
    for number in range(len(names)):
        shutil.copytree(checkpoint, tmp_path / f"model-{number}")
    before = files_below(tmp_path)
    plan = Plan(
        models=[f"{name}={tmp_path / f'model-{number}'}" for number, name in enumerate(names)],
        treebanks=[Splits(bank, files["train"], files["dev"])],
        out=tmp_path / "a" / "b" / "out",
        options=Options(ranks=(2,), seeds=(0,), layers=(1,), epochs=1, samples=2, random_baseline=False, control=False),
    )
    done = sweep(plan, progress=False)
    assert (done.failed, len(done.done)) == ({}, 2)
    assert set(done.scores["checkpoint"]) == set(names)
    page = write_report(done.out).read_text(encoding="utf-8")
    assert all(path.is_relative_to(done.out) for path in files_below(tmp_path) - before)
    elements = Elements(page).found
    assert [tag for tag, _ in elements].count("script") == page.count("<script") == page.count("</script>") == 2
    assert all(attributes.keys().isdisjoint({"onerror", "onload"}) for _, attributes in elements)
    assert any(markup in (attributes.get("alt") or "") for _, attributes in elements)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert {view["checkpoint"] for view in data["views"]} == set(names)
    assert bank in data["treebanks"]
