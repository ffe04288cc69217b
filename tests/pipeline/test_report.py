"""The report: one file, nothing run but its own script, and it works in a browser."""

import base64
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import markupsafe
import pandas as pd
import pytest

from treeprobe.errors import OutputError
from treeprobe.extraction import Encoder
from treeprobe.parsing import Treebank, read_conllu, write_conllu
from treeprobe.pipeline import Options, Parser, Plan, Sources, Splits, analyse, compare_layers, sweep, write_report
from treeprobe.pipeline.report import page
from treeprobe.pipeline.report.closing import failures_section
from treeprobe.pipeline.report.headline import checkpoint_table
from treeprobe.pipeline.report.heads import grid_pictures
from treeprobe.pipeline.report.layers import layer_picture
from treeprobe.pipeline.report.page import make_report
from treeprobe.pipeline.report.results import Results, score_at, scores_at
from treeprobe.pipeline.report.training import training_picture
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.finished import Finished, load_results, read_finished
from treeprobe.pipeline.results.scores import COLUMNS, best_layer, best_rows
from treeprobe.pipeline.results.sweep_folder import natural_key
from treeprobe.reporting import merge_seeds, new_figure
from treeprobe.reporting.html import Cell, Picture, Report, Section, Table, picture, render_report
from treeprobe.reporting.html.tree_layout import HEADS

EVIL = "<script>document.title='run'</script>"
EVIL_IMAGE = "<img/src=x/onerror=document.title='run'>"


@pytest.fixture(scope="module")
def report(checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a sweep over a checkpoint and a training run, on a treebank whose words are markup."""
    folder = tmp_path_factory.mktemp("report")
    for step in (0, 50):
        shutil.copytree(checkpoint, folder / "run" / f"step-{step}")
        twin = Encoder.from_pretrained(checkpoint).with_random_weights(seed=step)
        twin.model.save_pretrained(folder / "run" / f"step-{step}")
    bank = read_conllu(treebank_files["dev"])
    spoiled = [
        replace(
            one, words=(EVIL, EVIL_IMAGE, "</script>", *one.words[3:]), relations=("<b>root</b>", *one.relations[1:])
        )
        for one in bank
    ]
    write_conllu(Treebank(spoiled, name="dev"), folder / "dev.conllu")
    plan = Plan(
        models=[checkpoint, folder / "run"],
        treebanks=[Splits("<i>toy</i>", treebank_files["train"], folder / "dev.conllu")],
        out=folder / "out",
        options=Options(ranks=(2, 4), seeds=(0,), epochs=1, samples=6, random_baseline=False, control=False),
    )
    done = sweep(plan, progress=False)
    assert not done.failed
    return write_report(folder / "out")


def test_the_page_has_what_was_asked_for(report: Path) -> None:
    page = report.read_text()
    for identifier in ("headline", "explorer", "training", "ranks", "relations", "comparison", "provenance"):
        assert f'<section id="{identifier}"' in page


def test_the_page_needs_nothing_beside_it(report: Path) -> None:
    page = report.read_text()
    # Names of XML dialects are no addresses to fetch from.
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", page)) - {"http://www.w3.org/2000/svg"}
    assert addresses == set()
    assert not re.search(r"<(link|iframe|object|embed)\b", page)
    assert all(source.startswith("data:") for source in re.findall(r'src="([^"]*)"', page))
    assert "default-src 'none'" in page


def test_words_are_data(report: Path) -> None:
    page = report.read_text()
    assert page.count("<script") == 2
    assert EVIL not in page
    assert EVIL_IMAGE not in page
    assert "<i>toy</i>" not in page
    assert "&lt;i&gt;toy&lt;/i&gt;" in page


def test_steps_stand_in_the_order_of_training() -> None:
    assert sorted(["run-step-100", "run-step-20", "run-step-3", "alpha"], key=natural_key) == [
        "alpha", "run-step-3", "run-step-20", "run-step-100"
    ]  # fmt: skip


def rows_of(values: dict[tuple[str, str, str], list[float | None]], **more: Any) -> pd.DataFrame:
    """Rows of UUAS by (checkpoint, split, probe), a layer each; of no layer where there is one value in a tuple."""
    rows = [
        {"checkpoint": checkpoint, "split": split, "probe": probe, "layer": layer, "value": value, **more}
        for (checkpoint, split, probe), found in values.items()
        for layer, value in enumerate(found)
    ]
    keys = {"treebank": "toy", "metric": "uuas", "rank": 4, "seed": 0, "low": 0.1, "high": 0.95, "n": 9}
    return pd.DataFrame(rows).assign(**keys).astype({"layer": "Int64", "rank": "Int64"})


def test_test_sentences_are_scored_at_the_layer_chosen_on_dev() -> None:
    rows = rows_of({("a", "dev", "distance"): [0.2, 0.6, 0.5], ("a", "test", "distance"): [0.1, 0.3, 0.9]})
    chosen, reported = score_at(rows, "uuas"), score_at(rows, "uuas", split="test")
    assert chosen is not None
    assert reported is not None
    assert (chosen["value"], reported["value"], reported["layer"]) == (0.6, 0.3, 1)
    (line,) = checkpoint_table(rows, "test", "").rows
    assert line[1].number == 0.3
    assert line[1].note.startswith("layer 1 ")


def test_scores_of_all_checkpoints_are_those_of_each() -> None:
    """Ties, splits and checkpoints without scores, a baseline without layers, and layers that only test has."""
    rows = rows_of(
        {
            ("a", "dev", "distance"): [0.2, 0.6, 0.6], ("a", "test", "distance"): [0.1, 0.3, 0.9],
            ("b", "dev", "distance"): [None, None, None], ("b", "test", "distance"): [0.5, 0.5, 0.5],
            ("c", "test", "distance"): [0.4], ("d", "dev", "distance"): [0.7, None, 0.1],
            ("d", "test", "distance"): [None, 0.2, 0.3], ("a", "dev", "control"): [0.1, 0.2],
            ("d", "dev", "control"): [0.3],
        }
    )  # fmt: skip
    chain = rows_of({(name, split, "chain"): [0.35] for name in "ab" for split in ("dev", "test")}).assign(layer=pd.NA)
    rows = pd.concat([rows, chain.astype({"layer": "Int64"}).assign(rank=pd.NA)])
    for probe in (None, "control", "chain", "absent"):
        for split in ("dev", "test"):
            found = scores_at(rows, "uuas", split=split, probe=probe)
            for name, own in rows.groupby("checkpoint"):
                one = score_at(own, "uuas", split=split, probe=probe)
                assert (name in found.index) == (one is not None), (probe, split, name)
                if one is not None:
                    pd.testing.assert_series_equal(found.loc[name], one, check_names=False)


def test_the_layer_is_chosen_by_the_mean_of_the_seeds_and_the_lower_one_on_a_tie() -> None:
    lucky = rows_of({("a", "dev", "distance"): [0.1, 0.9, 0.5]})
    unlucky = rows_of({("a", "dev", "distance"): [0.3, 0.1, 0.5]}).assign(seed=1)
    scores = pd.concat([lucky, unlucky])
    assert best_layer(lucky) == 1
    assert best_layer(scores) == 1
    assert best_layer(pd.concat([scores, rows_of({("a", "dev", "distance"): [0.0, 0.1, 0.6]}).assign(seed=2)])) == 2
    (row,) = best_rows(scores, by=["checkpoint"]).to_dict("records")
    assert (row["layer"], row["value"]) == (1, pytest.approx(0.5))


def test_seeds_are_told_as_their_mean() -> None:
    rows = pd.DataFrame(
        {
            "layer": [0, 0, 1, None], "seed": [0, 1, 0, None], "value": [0.2, 0.4, 0.5, 0.1],
            "low": [0.1, 0.3, 0.4, 0.0], "high": [0.3, 0.5, 0.6, 0.2], "n": [9, 9, 9, 9],
        }
    )  # fmt: skip
    told = merge_seeds(rows)
    assert told["value"].tolist() == pytest.approx([0.3, 0.5, 0.1])
    assert (told["low"].iloc[0], told["high"].iloc[0]) == pytest.approx((0.2, 0.4))


def test_control_trees_are_a_baseline_and_no_part_of_a_checkpoints_curve() -> None:
    rows = rows_of({("a", "dev", "distance"): [0.2, 0.6], ("a", "dev", "control"): [0.9, 0.8]})
    assert layer_picture(rows, "uuas", "toy", "a").description.endswith("a peaks at layer 1 with 0.600")
    own, control = checkpoint_table(rows, "dev", "").rows
    assert (own[0].text, own[1].number) == ("a", 0.6)
    assert (control[0].text, control[1].number) == ("control trees, same probes", 0.9)


def drawn(shown: Picture) -> str:
    """The SVG of a picture, whose text is text."""
    return base64.b64decode(shown.source.partition(",")[2]).decode()


def test_baselines_of_a_curve_are_those_of_one_checkpoint() -> None:
    rows = rows_of(
        {
            ("a", "dev", "distance"): [0.2],
            ("b", "dev", "distance"): [0.6],
            ("a", "dev", "control"): [0.91],
            ("b", "dev", "control"): [0.92],
        }
    )
    lines = checkpoint_table(rows, "dev", "").rows
    assert (lines[2][0].note, lines[2][1].number) == ("highest of any checkpoint", 0.92)
    own = layer_picture(rows, "uuas", "toy", "b")
    assert own.source != layer_picture(rows, "uuas", "toy", "a").source


def test_a_training_curve_stands_beside_the_chain_of_its_treebank() -> None:
    rows = pd.DataFrame(
        {
            "checkpoint": "run/x", "family": "run", "metric": "uuas", "treebank": ["en", "en", "de", "de"] * 2,
            "probe": ["distance", "chain"] * 4, "step": [0] * 4 + [9] * 4, "layer": [0, None] * 4,
            "value": [0.2, 0.4, 0.3, 0.5] * 2, "low": 0.1, "high": 0.6, "rank": [4, None] * 4, "seed": 0, "n": 9,
            "split": "dev",
        }
    )  # fmt: skip
    both = drawn(training_picture(rows, "uuas"))
    assert all(name in both for name in ("run, en", "run, de", "chain, en", "chain, de"))
    one = drawn(training_picture(rows[rows["treebank"] == "en"], "uuas"))
    assert "chain" in one
    assert "chain, en" not in one


def test_heads_of_all_checkpoints_are_shaded_on_one_scale() -> None:
    heads = pd.DataFrame({"layer": [1, 1], "head": [1, 2], "uuas": [0.1, 0.2]})
    alone = grid_pictures({"weak": heads}, "uuas", "UUAS")
    beside = grid_pictures({"weak": heads, "strong": heads.assign(uuas=0.8)}, "uuas", "UUAS")
    assert [one.title for one in beside] == ["UUAS: weak", "UUAS: strong"]
    assert alone[0].source != beside[0].source
    assert ">0.75<" in drawn(beside[0])
    assert ">0.75<" not in drawn(alone[0])


def test_a_report_of_other_things_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match=r"holds neither analysis\.json nor sweep\.json; expected the folder"):
        write_report(tmp_path)


def test_a_sweep_without_results_has_a_report(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "sweep.json").write_text('{"format": 2}')
    assert "no structural results yet" in write_report(tmp_path).read_text()
    with pytest.raises(OutputError, match=r"absent/report\.html: cannot be written"):
        write_report(tmp_path, tmp_path / "absent" / "report.html")


def failed_tasks(*names: str, reason: str = "OSError: no weights") -> list[dict[str, str]]:
    """Records of two analyses on two treebanks that failed for each checkpoint."""
    return [
        {"task": f"{name}--{bank}--{analysis}", "checkpoint": name, "treebank": bank, "analysis": analysis,
         "reason": f"{reason} in {name}", "detail": ""}
        for name in names for bank in ("en", "ja") for analysis in ("heads", "structure")
    ]  # fmt: skip


@pytest.fixture(scope="module")
def whole(report: Path) -> Report:
    """What the page is made of, where nothing failed."""
    return make_report(Results(report.parent, load_results(report.parent), read_finished(report.parent), []))


def test_checkpoints_that_failed_are_counted_and_named(
    report: Path, whole: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "sections", lambda results: [])  # which take a while, and say nothing of this
    monkeypatch.setattr(page, "explorer", lambda results: None)
    assert whole.facts["checkpoints"] == "3"
    failed = failed_tasks("broken-a", "broken-b")
    some = make_report(Results(report.parent, load_results(report.parent), read_finished(report.parent), failed))
    assert some.title == "Syntax in 5 checkpoints (2 failed)"
    assert some.facts["checkpoints"] == "3 of 5; failed: broken-a, broken-b"
    # One of a checkpoint's analyses failed, others did not: it has results.
    partly = failed_tasks(read_finished(report.parent)[0].checkpoint)
    known = make_report(Results(report.parent, load_results(report.parent), read_finished(report.parent), partly))
    assert known.title == whole.title


def test_the_summary_says_what_was_measured_with_its_interval(whole: Report) -> None:
    assert re.search(r"UUAS on dev is highest for \S+|^\S+, whose UUAS is highest on dev,", whole.summary)
    measured = r"recovers [\d.]+% of the edges of .*<i>toy</i>.* \(95 % interval [\d.]+% to [\d.]+%\)"
    assert re.search(measured, whole.summary)
    assert "chain" in whole.summary or "joined to the next" in whole.summary
    assert "syntax" not in whole.summary  # which no score shows: docs/explanation.md


def test_failures_are_grouped_by_checkpoint_and_reason(tmp_path: Path) -> None:
    other = {"task": "broken-a--en--transfer", "checkpoint": "broken-a", "treebank": "en", "analysis": "transfer",
             "reason": "ValueError: too short", "detail": ""}  # fmt: skip
    old = {"task": "of-before--en--heads", "reason": "unknown", "detail": ""}
    failed = [old, *failed_tasks("broken-b", "broken-a"), other]
    nothing: list[Finished] = []
    section = failures_section(Results(tmp_path, pd.DataFrame(columns=COLUMNS), nothing, failed))
    assert section is not None
    assert [[(cell.text, cell.note) for cell in row] for row in section.tables[0].rows] == [
        [("broken-a", ""), ("OSError: no weights in broken-a", "heads on en, ja; structure on en, ja")],
        [("broken-a", ""), ("ValueError: too short", "transfer on en")],
        [("broken-b", ""), ("OSError: no weights in broken-b", "heads on en, ja; structure on en, ja")],
        [("of-before--en--heads", ""), ("unknown", "")],
    ]
    assert failures_section(Results(tmp_path, pd.DataFrame(columns=COLUMNS), nothing, [])) is None


@pytest.mark.slow
@pytest.mark.parametrize("analysis", ["structure", "heads", "convolution"])
def test_one_analysis_has_a_report(
    analysis: str, checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    sources = Sources(model=checkpoint, **treebank_files)
    options = Options(ranks=(2,), seeds=(0,), epochs=1, samples=2)
    found = analyse(analysis, sources, tmp_path / "out", options=options, figures=False, progress=False)
    page = write_report(tmp_path / "out").read_text()
    assert markupsafe.escape(found.summary) in page
    sections = {"structure": ["headline", "explorer", "relations"]}.get(analysis, [analysis])
    assert all(f'<section id="{name}"' in page for name in [*sections, "provenance"])


def test_a_treebank_without_edges_to_score_has_a_report(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    """Sentences of a word and a full stop, which UUAS leaves out: no layer is best."""
    cut = [
        replace(
            one, words=("cat", "."), heads=(-1, 0), relations=("root", "punct"), upos=("X", "PUNCT"), xpos=("NN", "."),
            space_after=(True, True), lemmas=(), features=(), misc=(),
        )
        for one in read_conllu(treebank_files["dev"])
    ]  # fmt: skip
    sources = Sources(model=checkpoint, train=treebank_files["train"], dev=Treebank(cut, name="stops"))
    options = Options(ranks=(2,), seeds=(0,), epochs=1, samples=2, random_baseline=False, control=False)
    found = analyse("structure", sources, tmp_path / "out", options=options, figures=False, progress=False)
    assert found.summary.endswith("has no edge to score.")
    assert found.details["best_layer"] is None
    page = write_report(tmp_path / "out").read_text()
    assert '<section id="headline"' in page
    assert '<section id="relations"' not in page
    with pytest.raises(FindingsError, match="no layer has a uuas on dev"):
        compare_layers(tmp_path / "out")
    with pytest.raises(FindingsError, match="none of its layers is best"):
        Parser.from_pretrained(tmp_path / "out")


def test_cells_titles_and_pictures_are_escaped() -> None:
    figure, axes = new_figure()
    axes.set_title(EVIL.replace("$", ""))
    made = picture(figure, title=EVIL, description='" onload="x')
    section = Section(
        "s", EVIL, EVIL, [Table(EVIL, [EVIL], [[Cell(EVIL, EVIL)]])], [made, Picture("data:,", "t", EVIL)]
    )
    page = render_report(Report(EVIL, EVIL, {EVIL: EVIL}, [section]))
    assert EVIL not in page
    assert '" onload="x' not in page


@pytest.mark.browser
def test_in_a_browser_words_are_shown_and_never_run(report: Path, browser: Any) -> None:
    browser.get(report.as_uri())
    assert browser.title == "Syntax in run/step-0, run/step-50, tiny-bert"
    words = [one.text for one in browser.find_elements("css selector", "#tree text.word")]
    assert words[:3] == [EVIL, EVIL_IMAGE, "</script>"]
    assert browser.get_log("browser") == []


@pytest.mark.browser
def test_in_a_browser_layers_change_the_tree(report: Path, browser: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.get(report.as_uri())
    slider = browser.find_element("id", "layer")
    texts, trees = [], []
    slider.send_keys(Keys.HOME)
    for _ in range(3):
        texts.append(browser.find_element("id", "status").text)
        trees.append(browser.find_element("id", "heads").get_attribute("textContent"))
        slider.send_keys(Keys.ARROW_RIGHT)
    assert [text.partition(" of ")[0] for text in texts] == ["Layer 0", "Layer 1", "Layer 2"]
    data = browser.execute_script("return JSON.parse(document.getElementById('data').textContent)")
    recovered = [[HEADS.index(head) - 1 for head in layer[0]] for layer in data["views"][0]["recovered"]]
    gold = {frozenset(edge) for edge in data["treebanks"]["<i>toy</i>"]["sentences"][0]["edges"]}
    for text, heads in zip(texts, recovered):
        hits = sum(frozenset((word, head)) in gold for word, head in enumerate(heads))
        assert text.endswith(f": {hits} of {len(gold)} edges found")
    before = browser.find_element("css selector", "#tree svg").text
    browser.find_element("id", "next").send_keys(Keys.ENTER)
    assert browser.find_element("css selector", "#tree svg").text != before


@pytest.mark.browser
def test_in_a_browser_everything_is_reached_by_tab(report: Path, browser: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.get(report.as_uri())
    reached = set()
    for _ in range(60):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(browser.switch_to.active_element.get_attribute("id"))
    assert {"checkpoint", "sentence", "previous", "next", "layer"} <= reached
    bars = browser.find_elements("css selector", "#bars button")
    bars[0].send_keys(Keys.ENTER)
    assert browser.find_element("id", "status").text.startswith("Layer 0 of ")
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert browser.find_element("id", "status").text.startswith("Layer 1 of ")
    assert browser.switch_to.active_element.get_attribute("aria-pressed") == "true"


@pytest.mark.browser
def test_in_a_browser_the_explorer_begins_at_the_best_layer_of_the_best_checkpoint(report: Path, browser: Any) -> None:
    browser.get(report.as_uri())
    data = browser.execute_script("return JSON.parse(document.getElementById('data').textContent)")
    first = data["views"][data["first"]]
    assert browser.find_element("id", "status").text.startswith(f"Layer {first['best']} of {first['checkpoint']}:")
    scores = load_results(report.parent).query("split == 'dev' and metric == 'uuas' and probe == 'distance'")
    best = scores.sort_values(["rank", "value"], kind="stable", ascending=False).iloc[0]
    assert (first["checkpoint"], first["best"]) == (best["checkpoint"], best["layer"])


@pytest.mark.browser
def test_in_a_browser_a_link_opens_what_is_folded(report: Path, browser: Any) -> None:
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(report.as_uri())
    table = browser.find_element("css selector", "#provenance table")
    assert not table.is_displayed()
    browser.find_element("css selector", "nav a[href='#provenance']").send_keys(Keys.ENTER)
    # The browser follows the link when it comes to it.
    WebDriverWait(browser, 10).until(lambda _: table.is_displayed())


@pytest.mark.browser
def test_in_a_browser_tables_sort_from_the_keyboard(report: Path, browser: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.get(report.as_uri())
    button = browser.find_elements("css selector", "#headline thead button")[1]
    button.send_keys(Keys.ENTER)
    cells = browser.find_elements("css selector", "#headline tbody tr td:nth-child(2)")
    values = [float(cell.get_attribute("data-sort")) for cell in cells]
    assert len(values) == 5
    assert values == sorted(values, reverse=True)


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_in_a_browser_nothing_sticks_out_of_the_page(report: Path, browser: Any, width: int) -> None:
    shown_at(browser, report, width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def shown_at(browser: Any, page: Path, width: int) -> None:
    """Open a page in a window of that width."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1280])
def test_in_a_browser_reasons_of_failures_are_read_without_scrolling(
    report: Path, browser: Any, tmp_path: Path, width: int
) -> None:
    long = "CheckpointError: the checkpoint in /data/models/a-folder/of-a-very-long-name-without-any-blank-in-it-at-all"
    failed = failed_tasks("a-checkpoint-of-a-very-long-name-2024-10-03", reason=long)
    results = Results(report.parent, load_results(report.parent), read_finished(report.parent), failed)
    (tmp_path / "page.html").write_text(render_report(make_report(results)), encoding="utf-8")
    shown_at(browser, tmp_path / "page.html", width)
    cells = browser.find_elements("css selector", "#failed tbody th, #failed tbody td")
    assert len(cells) == 2
    for cell in cells:
        assert cell.rect["x"] >= 0
        assert cell.rect["x"] + cell.rect["width"] <= width
        assert cell.rect["width"] >= 100  # not a column of four letters


@pytest.mark.browser
def test_in_a_browser_curves_and_their_names_fit_a_telephone(report: Path, browser: Any) -> None:
    shown_at(browser, report, 400)
    curves = browser.find_elements("css selector", "section[id^=layers-] img, #training img, #ranks img")
    assert len(curves) > 2
    for image in curves:
        assert 300 < image.rect["width"] <= 400 - image.rect["x"]
    names = base64.b64decode(curves[0].get_attribute("src").partition(",")[2]).decode()
    assert ">run/step-50<" in names


@pytest.mark.browser
def test_in_a_browser_dark_and_print(report: Path, browser: Any) -> None:
    def background(**media: Any) -> str:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.get(report.as_uri())
        return str(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))

    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    assert background(features=dark) == "rgb(20, 23, 27)"
    assert background(features=[{"name": "prefers-color-scheme", "value": "light"}]) == "rgb(255, 255, 255)"
    assert background(media="print", features=dark) == "rgb(255, 255, 255)"
    assert not browser.find_element("id", "controls").is_displayed()
