"""Pages of one sentence: what they refuse, and that in a browser all follows the layer, from the keyboard too."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parsing.toys import random_heads
from treeprobe.parsing.trees import tree_distances
from treeprobe.reporting import Picker, space_page
from treeprobe.reporting.html import GoldTree, SentenceLayer, TrackedRelation, sentence_page

EVIL = (
    "<script>document.title='run'</script>",
    '"><img/src=x/onerror=document.title=1>',
    "</script>",
    "&amp;",
    "plain",
)


def layer_of(words: int, number: int) -> SentenceLayer:
    """A layer whose tree and distances are those of a random tree."""
    heads = random_heads(words, number)
    rng = np.random.default_rng(number)
    return SentenceLayer(number, list(heads), tree_distances(heads) + 0.25, rng.normal(size=(words, 12)),
                         rng.normal(size=(words, 6)))  # fmt: skip


def page_of(words: tuple[str, ...], *, layers: int = 3, gold: bool = True, heads: bool = True) -> Picker:
    """A page with a gold tree that the second layer recovers whole."""
    found = [layer_of(len(words), number) for number in range(layers)]
    tree = GoldTree(found[1].heads, ["dep"] * len(words), tree_distances(found[1].heads))
    weights = np.full((len(words), len(words)), 1 / len(words))
    tracked = [TrackedRelation("nsubj", "to head", "2-3", 0.8, 0.4, 90, weights),
               TrackedRelation("<obj>", "to dependent", "1-1", 0.7, 0.6, 50, weights)]  # fmt: skip
    return sentence_page(words, found, best=1, checkpoint="<i>bert</i>", gold=tree if gold else None,
                         tracked=tracked if heads else (), surveyed="90 sentences")  # fmt: skip


def shown(browser: Any, page: Picker, path: Path, *, width: int = 1280, dark: bool = False) -> None:
    """Open a page in a window of some width, on a light or dark screen."""
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.get(page.save(path).as_uri())


def test_what_is_no_sentence_for_a_page_is_refused() -> None:
    with pytest.raises(ValueError, match="a sentence of 1 words; expected 2 to 100"):
        page_of(("alone",), layers=2)
    with pytest.raises(ValueError, match=r"layer 7 is to be shown first; found layers \[0, 1\]"):
        sentence_page(("a", "b"), [layer_of(2, 0), layer_of(2, 1)], best=7, checkpoint="bert")
    points = np.eye(3)
    with pytest.raises(ValueError, match="3 words but 2 vectors and 3 points"):
        space_page(("a", "b", "c"), points[:2], points, [(0, 1)])
    with pytest.raises(ValueError, match="words 0 to 2"):
        space_page(("a", "b", "c"), points, points, [(0, 9)])


def test_words_are_data_and_nothing_is_fetched() -> None:
    points = np.random.default_rng(0).normal(size=(5, 4))
    for page in (page_of(EVIL), space_page(EVIL, points, points, [(0, 1), (1, 2)], checkpoint="<i>bert</i>")):
        assert page.page.count("<script") == 2
        assert "default-src 'none'" in page.page
        assert not any(word in page.page for word in EVIL[:2])
        assert "<i>" not in page.page


def test_the_second_space_is_turned_onto_the_first_and_both_fill_the_unit_ball() -> None:
    points = np.random.default_rng(1).normal(size=(6, 3))
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    page = space_page("a b c d e f".split(), points, 5 * points @ turn, [(0, 1)])
    data = json.loads(re.findall(r'id="data">(.*?)</script>', page.page)[0])
    np.testing.assert_allclose(data["own"], data["probe"], atol=2e-3)
    assert np.linalg.norm(data["own"], axis=1).max() == pytest.approx(1.0, abs=1e-3)
    assert data["stress"] == [0.0, 0.0]


def test_a_sentence_of_twenty_words_is_far_below_three_megabytes() -> None:
    words = tuple(f"word{number}" for number in range(20))
    assert len(page_of(words, layers=13).page.encode()) < 600_000


@pytest.mark.browser
def test_in_a_browser_everything_follows_the_layer(browser: Any, tmp_path: Path) -> None:
    words = ("The", "chef", "who", "ran", "was", "out")
    shown(browser, page_of(words), tmp_path / "page.html")

    def text(name: str) -> str:
        return str(browser.find_element("id", name).text)

    def state() -> tuple[Any, ...]:
        script = (
            "return [...document.querySelectorAll('#tree path')].map((one) => one.getAttribute('d')).join() + "
            "[...document.querySelectorAll('#matrix rect')].map((one) => one.getAttribute('fill-opacity')).join() + "
            "[...document.querySelectorAll('#space line')].map((one) => one.getAttribute('class')).join()"
        )
        return browser.execute_script(script), text("pair"), text("status")

    browser.find_element("id", "turn").send_keys("\ue007")  # so that only the layer changes what is seen
    assert text("turn") == "Turn"
    assert text("status") == "Layer 1, the best layer of the probes: 5 of 5 edges found"
    assert "(in the gold tree 1)" in text("pair")
    first = state()
    browser.find_element("css selector", "#bars button").send_keys("\ue007")
    assert text("layer-name") == "0 (embeddings)"
    assert all(one != other for one, other in zip(first, state(), strict=True))
    browser.find_element("css selector", "#bars [aria-pressed=true]").send_keys("\ue014")  # arrow right
    assert state() == first
    browser.find_element("id", "layer").send_keys("\ue014")
    assert text("status").startswith("Layer 2: ")
    chips = browser.find_elements("css selector", "#relations button")
    assert [chip.text.split(" ")[0] for chip in chips] == ["nsubj", "<obj>"]
    chips[1].send_keys("\ue007")
    assert text("head-status") == "Head 1-1, <obj> to dependent: 70 % of 50 found"
    assert browser.get_log("browser") == []


@pytest.mark.browser
def test_in_a_browser_space_and_distances_work_from_the_keyboard(browser: Any, tmp_path: Path) -> None:
    words = ("The", "chef", "who", "ran", "was", "out")
    shown(browser, page_of(words), tmp_path / "page.html")
    where = "return [...document.querySelectorAll('#space .point')].map((one) => one.getAttribute('transform')).join()"
    space = browser.find_element("css selector", "#space svg")
    space.send_keys("\ue012")
    assert browser.find_element("id", "turn").text == "Turn", "a key stops the turning"
    still = browser.execute_script(where)
    assert browser.execute_script(where) == still
    for key in ("\ue012", "\ue013", "+"):
        before = browser.execute_script(where)
        space.send_keys(key)
        assert browser.execute_script(where) != before
    before = browser.execute_script(where)
    part = browser.find_element("id", "part")
    part.send_keys("\ue011")  # home: the model's own space
    assert "own space" in browser.find_element("id", "space-name").text
    assert browser.execute_script(where) != before
    matrix = browser.find_element("css selector", "#matrix svg")
    first = browser.find_element("id", "pair").text
    matrix.send_keys("\ue014")
    second = browser.find_element("id", "pair").text
    assert second.split(" – ")[0] == first.split(" – ")[0]
    assert second != first
    chosen = {one.text for one in browser.find_elements("css selector", "#space .chosen")}
    assert chosen == set(second.split(":")[0].split(" – "))
    assert browser.get_log("browser") == []


@pytest.mark.browser
def test_in_a_browser_a_page_without_gold_and_heads_leaves_them_out(browser: Any, tmp_path: Path) -> None:
    shown(browser, page_of(EVIL, gold=False, heads=False), tmp_path / "page.html")
    assert browser.title == f"treeprobe: {' '.join(EVIL)}"
    assert browser.find_elements("id", "bars") == browser.find_elements("id", "heads-section") == []
    kinds = browser.execute_script(
        "return [...document.querySelectorAll('#tree g')].map((one) => one.getAttribute('class'))"
    )
    assert set(kinds) == {"plain", "root plain"}
    written = browser.execute_script(
        "return [...document.querySelectorAll('#space text')].map((one) => one.textContent)"
    )
    assert written == list(EVIL)
    assert browser.get_log("browser") == []


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)])
def test_in_a_browser_it_fits_a_phone_and_is_legible_in_the_dark(
    browser: Any, tmp_path: Path, width: int, dark: bool
) -> None:
    shown(
        browser, page_of(tuple(f"word{number}" for number in range(20))), tmp_path / "page.html", width=width, dark=dark
    )
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    ink, page = browser.execute_script(
        "const one = getComputedStyle(document.querySelector('#space text')).fill;"
        "return [one, getComputedStyle(document.body).backgroundColor]"
    )
    light = [sum(map(int, re.findall(r"\d+", colour)[:3])) / 3 for colour in (ink, page)]
    assert abs(light[0] - light[1]) > 150
    assert (light[0] > light[1]) == dark


@pytest.mark.browser
def test_in_a_browser_the_animation_ends_in_the_other_space(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    rng = np.random.default_rng(3)
    words = ("The", "chef", "was", "out")
    vectors, points = rng.normal(size=(4, 9)), rng.normal(size=(4, 5))
    page = space_page(words, vectors, points, [(0, 1), (1, 2)], gold=[(0, 1), (1, 3)])
    shown(browser, page, tmp_path / "space.html")
    browser.find_element("id", "turn").send_keys("\ue007")
    where = "return [...document.querySelectorAll('#{} .point')].map((one) => one.getAttribute('transform')).join()"
    own, probe, moving = (browser.execute_script(where.format(name)) for name in ("own", "probe", "moving"))
    assert moving == own != probe
    browser.find_element("id", "play").send_keys("\ue007")
    WebDriverWait(browser, 20).until(
        lambda _: browser.execute_script("return document.getElementById('part').value") == "1"
    )
    assert browser.execute_script(where.format("moving")) == probe
    kinds = browser.execute_script(
        "return [...document.querySelectorAll('#own line')].map((one) => one.getAttribute('class'))"
    )
    assert sorted(kinds) == ["correct", "missed", "spurious"]
    assert browser.get_log("browser") == []
