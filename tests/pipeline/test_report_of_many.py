"""The report of more checkpoints than figures can show: aggregate first, details on demand, nothing lost."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.sweep_report import Made
from tests.pipeline.conftest import random_bank
from treeprobe.pipeline.comparisons.signatures import SignatureWarning, most_alike
from treeprobe.pipeline.report import explorer as trees
from treeprobe.pipeline.report.comparison import comparison_section
from treeprobe.pipeline.report.page import make_report
from treeprobe.pipeline.report.results import MOST_DRAWN, MOST_LISTED, Results, evenly, read_results
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.reporting.html import Report, render_report
from treeprobe.signature import Signature

MANY, LAYERS = MOST_LISTED + 5, 3


def sweep_of(place: Path, count: int) -> Results:
    """Made-up findings of so many checkpoints, each better than the one before."""
    folder = SweepFolder.at(place)
    folder.begin()
    made = Made(random_bank(6, seed=3, name="treebank"), LAYERS)
    for number in range(count):
        about = {"family": f"run-{number // 5}", "step": 1000 * (number % 5)}
        made.write_structure(folder, f"model-{number}", number, quality=number / count, about=about)
        made.write_heads(folder, f"model-{number}", number, about=about)
    return read_results(place)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return sweep_of(tmp_path_factory.mktemp("many") / "sweep", MANY)


@pytest.fixture(scope="module")
def page(many: Results) -> Report:
    return make_report(many)


def test_no_section_has_a_figure_for_each_checkpoint(page: Report, tmp_path: Path) -> None:
    few = make_report(sweep_of(tmp_path / "few", 3))
    for section in page.sections:
        assert len(section.pictures) <= MOST_DRAWN + 1, section.identifier
    assert sum(len(section.pictures) for section in page.sections) < MANY
    # What there is to say is said of few and of many, and each checkpoint has its line.
    assert [one.identifier for one in few.sections] == [one.identifier for one in page.sections]
    by_name = {one.identifier: one for one in page.sections}
    for name in ("headline", "provenance"):
        shown = " ".join(row[0].text for row in by_name[name].tables[0].rows)
        assert all(f"model-{number}" in shown for number in range(MANY))
    assert len(by_name["heads"].tables) == 1
    assert "Figures are of 8 of the 45" in by_name["heads"].text
    assert len({one.identifier: one for one in few.sections}["heads"].tables) == 3


def test_the_best_come_first_and_baselines_stay_last(page: Report) -> None:
    (table,) = page.sections[0].tables
    values = [row[1].number for row in table.rows]
    known = [value for value in values[:MANY] if value is not None]
    assert known == sorted(known, reverse=True)
    assert table.quiet == frozenset(range(MANY, len(table.rows)))


def test_the_comparison_draws_the_nearest_and_lists_all(many: Results, page: Report) -> None:
    section = next(one for one in page.sections if one.identifier == "comparison")
    assert len(section.tables[0].rows) == MANY - 1
    assert "the 20 nearest and the last 10 of 44" in section.pictures[0].title
    counted = re.search(r"(\d+) of 44 checkpoints are below (\S+) by an interval", section.text)
    assert counted is not None
    intervals = [row[2].text for row in section.tables[0].rows]
    assert int(counted[1]) == sum(re.fullmatch(r"\[-[.\d]+, -[.\d]+\]", one) is not None for one in intervals) > 0


def test_the_trees_of_the_best_checkpoint_are_shown_first(many: Results) -> None:
    found = trees.explorer(many)
    values = {name: measured.tally().value for name, measured in many.best_on("treebank", "dev").items()}
    shown = [values[view["checkpoint"]] for view in found["views"]]
    assert shown[found["first"]] == max(shown) > shown[0]


def test_sentences_are_left_out_where_the_page_would_be_too_large(
    many: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trees.explorer(many)
    count = len(whole["treebanks"]["treebank"]["sentences"])
    heads = sum(len(tree) for view in whole["views"] for layer in view["recovered"] for tree in layer)
    monkeypatch.setattr(trees, "MOST_HEADS", (heads + 1) // 2)
    cut = trees.explorer(many)
    assert len(cut["views"]) == len(whole["views"]) == MANY
    kept = len(cut["treebanks"]["treebank"]["sentences"])
    assert kept == count // 2
    assert all(layer == other[:kept] for one, view in zip(cut["views"], whole["views"])
               for layer, other in zip(one["recovered"], view["recovered"]))  # fmt: skip


def test_some_of_many_are_spread_from_the_first_to_the_last() -> None:
    assert evenly("abc", 5) == list("abc")
    assert evenly([], 5) == []
    assert evenly(range(101), 5) == [0, 25, 50, 75, 100]


def test_scores_made_in_another_way_are_not_subtracted(many: Results) -> None:
    one = Signature(version="1", metric="uuas", split="dev", digest="a", punctuation="xpos", layer=3)
    alike = {"a": one, "b": replace(one, layer=4, seeds=2), "c": replace(one, digest="b", punctuation="none")}
    assert most_alike(alike) == (["a", "b"], {"c": "digest (b and a), punct (none and xpos)"})
    assert most_alike({}) == ([], {})
    assert most_alike({"c": alike["c"], "a": one}) == (["c"], {"a": "digest (a and b), punct (xpos and none)"})
    records = [{**done.record, "splits": {"dev": {"digest": "other"}}} for done in many.finished[:2]]
    changed = [replace(done, files=replace(done.files, record=record)) for done, record in zip(many.finished, records)]
    mixed = replace(many, finished=[*changed, *many.finished[2:]])
    with pytest.warns(SignatureWarning, match="not compared, since their scores have other signatures than the rest"):
        section = comparison_section(mixed)
    assert section is not None
    assert "Not compared, as their scores were made in another way: model-0 on treebank, digest (other" in section.text


@pytest.mark.browser
def test_in_a_browser_long_tables_show_their_first_rows_until_all_are_asked_for(
    page: Report, browser: Any, tmp_path: Path
) -> None:
    from selenium.webdriver.common.keys import Keys

    (tmp_path / "page.html").write_text(render_report(page), encoding="utf-8")
    browser.get((tmp_path / "page.html").as_uri())
    shown = "return [...document.querySelectorAll('#headline tbody tr')].filter((one) => one.offsetParent)"
    count = f"{shown}.length"
    baselines = len(page.sections[0].tables[0].quiet)
    assert browser.execute_script(count) == 15 + baselines
    first = browser.execute_script(f"{shown}[0].cells[1].dataset.sort")
    button = browser.find_element("css selector", "#headline button.more")
    assert button.text == f"Show all {MANY + baselines} rows"
    # Sorted the other way, the lowest are those that are shown.
    for _ in range(2):
        browser.find_elements("css selector", "#headline thead button")[1].send_keys(Keys.ENTER)
    lowest = browser.execute_script(f"{shown}[0].cells[1].dataset.sort")
    assert float(lowest) < float(first)
    button.send_keys(Keys.ENTER)
    assert browser.execute_script(count) == MANY + baselines
    button.send_keys(Keys.ENTER)
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script(count) == MANY + baselines, "all of it is printed"
    assert browser.get_log("browser") == []


def test_rows_without_space_for_their_names_have_some_of_them() -> None:
    from treeprobe.reporting import heat_map, new_figure

    axes = new_figure((4, 3))[1]
    heat_map(np.ones((200, 3)), axes, rows=[f"row {number}" for number in range(200)], columns=list("abc"), label="x")
    names = [label.get_text() for label in axes.get_yticklabels()]
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert names[0] == "row 0"
    assert 10 < len(names) < 40
    assert [axes.get_yticks()[place] for place in (0, 1)] == [0, int(names[1][4:])]
    assert all(one.y0 >= other.y1 for one, other in pairwise(boxes))
    assert [label.get_text() for label in axes.get_xticklabels()] == list("abc")
