"""Pickers: what they refuse, and that in a browser they show what was chosen, in a notebook's frame as in a file."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from treeprobe.parsing.drawing import comparison_svg
from treeprobe.reporting import Picker, attention_picker, tree_picker
from treeprobe.reporting.html import pickers

EVIL = (
    "[CLS]",
    "<script>document.title='run'</script>",
    '"><img/src=x/onerror=document.title=1>',
    "</script>",
    "[SEP]",
)
PLAIN = ("[CLS]", "she", "ran", "[SEP]")


def attention_of(words: tuple[str, ...], *, layers: int = 2, heads: int = 3) -> np.ndarray:
    """Head h of layer l attends from each word to the one l + h places on, with weight .9 and the rest to itself."""
    count = len(words)
    found = np.zeros((layers, heads, count, count))
    for layer in range(layers):
        for head in range(heads):
            found[layer, head] = 0.9 * np.roll(np.eye(count), layer + head + 1, axis=1) + 0.1 * np.eye(count)
    return found


@pytest.fixture
def attention() -> Picker:
    return attention_picker([PLAIN, EVIL], [attention_of(PLAIN), attention_of(EVIL)], layer=2, head=3)


@pytest.fixture
def trees() -> Picker:
    sentence = {
        "words": list(EVIL), "heads": [1, -1, 1, 1, 1], "relations": ["a", "root", "<b>", "c", "d"],
        "scored": [True] * 5, "edges": [[0, 1], [1, 2], [1, 3], [1, 4]],
    }  # fmt: skip
    view = {"checkpoint": "<i>bert</i>", "treebank": "toy", "layers": [0, 1], "best": 1,
            "recovered": [[[1, -1, 1, 2, 3]], [[1, -1, 1, 1, 1]]]}  # fmt: skip
    return tree_picker({"treebanks": {"toy": {"sentences": [sentence]}}, "views": [view]})


@pytest.mark.parametrize(
    ("sentences", "attention", "options", "message"),
    [
        ([], [], {}, "0 sentences"),
        ([PLAIN], [], {}, "1 sentences but attention of 0"),
        ([PLAIN], [attention_of(EVIL)], {}, r"shape \(2, 3, 5, 5\) for 4 words"),
        ([PLAIN, PLAIN], [attention_of(PLAIN), attention_of(PLAIN, heads=2)], {}, "as many layers and heads"),
        ([PLAIN], [-attention_of(PLAIN)], {}, "at least 0"),
        ([PLAIN], [2 * attention_of(PLAIN)], {}, "at most 1"),
        ([PLAIN], [attention_of(PLAIN)], {"head": 4}, "head 1-4 is not there"),
        ([PLAIN], [attention_of(PLAIN)], {"layers": [3]}, "names 1 layers; the attention has 2"),
    ],
)
def test_attention_that_does_not_fit_is_refused(
    sentences: list[Any], attention: list[Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        attention_picker(sentences, attention, **options)


def test_more_than_a_page_holds_is_refused_with_how_much_would_fit(
    monkeypatch: pytest.MonkeyPatch, trees: Picker
) -> None:
    monkeypatch.setattr(pickers, "MOST_WEIGHTS", 250)
    with pytest.raises(ValueError, match="3 sentences have 288 attention weights; expected at most 250: about 2 such"):
        attention_picker([PLAIN] * 3, [attention_of(PLAIN)] * 3)
    assert attention_picker([PLAIN] * 2, [attention_of(PLAIN)] * 2)
    monkeypatch.setattr(pickers, "MOST_HEADS_OF_WORDS", 9)
    view = {"recovered": [[[1, -1, 1, 2, 3]], [[1, -1, 1, 1, 1]]]}
    with pytest.raises(ValueError, match="10 recovered heads; expected at most 9"):
        tree_picker({"views": [view]})
    with pytest.raises(ValueError, match="no trees"):
        tree_picker({})


def test_words_are_data_and_nothing_is_fetched(attention: Picker, trees: Picker) -> None:
    for picker in (attention, trees):
        assert picker.page.count("<script") == 2
        assert "default-src 'none'" in picker.page
        assert not any(word in picker.page for word in EVIL[1:4] if word != "</script>")
        assert picker._repr_html_().count("<") == 2  # the frame alone: its page is an attribute


def test_a_picker_is_saved_whole(attention: Picker, tmp_path: Path) -> None:
    assert attention.save(tmp_path / "heads.html").read_text(encoding="utf-8") == attention.page
    assert [path.name for path in tmp_path.iterdir()] == ["heads.html"]


def choose(browser: Any, name: str, value: str) -> None:
    """Choose an option by its value, as a reader would."""
    from selenium.webdriver.support.ui import Select

    Select(browser.find_element("id", name)).select_by_value(value)


@pytest.mark.browser
def test_in_a_browser_head_layer_and_sentence_are_chosen(attention: Picker, browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(attention.save(tmp_path / "heads.html").as_uri())
    WebDriverWait(browser, 10).until(lambda _: browser.find_elements("css selector", "#attention svg"))
    assert browser.find_element("id", "status").text.startswith("Head 2-3:")

    def tips(kind: str) -> list[str]:
        found = browser.find_elements("css selector", f"#attention {kind} title")
        return [one.get_attribute("textContent") for one in found]

    def expected(words: tuple[str, ...], shift: int) -> set[str]:
        far = {f"{word} → {words[(place + shift) % len(words)]}: 0.90" for place, word in enumerate(words)}
        return far | {f"{word} → {word}: 0.10" for word in words}

    assert set(tips("line")) == {f"{word} → {word}: 1.00" for word in PLAIN}  # by four places: back to itself
    choose(browser, "head", "0")
    assert set(tips("line")) == expected(PLAIN, 2)
    choose(browser, "layer", "0")
    assert set(tips("line")) == expected(PLAIN, 1)
    choose(browser, "sentence", "1")
    assert set(tips("line")) == expected(EVIL, 1)
    shown = [one.text for one in browser.find_elements("css selector", "#attention text")]
    assert sorted(shown) == sorted(EVIL * 2)
    choose(browser, "view", "matrix")
    assert len(tips("rect")) == 25
    assert expected(EVIL, 1) <= set(tips("rect"))
    assert browser.title == "Attention"
    assert browser.get_log("browser") == []


@pytest.mark.browser
def test_in_a_browser_pickers_work_side_by_side_in_a_page(
    attention: Picker, trees: Picker, browser: Any, tmp_path: Path
) -> None:
    """As in a notebook exported to HTML: each in its frame, and no script of theirs reaches the page around."""
    from selenium.webdriver.support.ui import WebDriverWait

    page = f"<title>notebook</title>{attention._repr_html_()}{trees._repr_html_()}{attention._repr_html_()}"
    (tmp_path / "notebook.html").write_text(f'<meta charset="utf-8">{page}', encoding="utf-8")
    browser.get((tmp_path / "notebook.html").as_uri())
    for frame, selector in enumerate(("#attention svg", "#tree svg", "#attention svg")):
        browser.switch_to.frame(frame)
        WebDriverWait(browser, 10).until(lambda _, wanted=selector: browser.find_elements("css selector", wanted))
        if selector.startswith("#tree"):
            assert browser.find_element("id", "status").text == "Layer 1 of <i>bert</i>: 4 of 4 edges found"
            browser.find_element("css selector", "#bars button").click()
            assert browser.find_element("id", "status").text == "Layer 0 of <i>bert</i>: 2 of 4 edges found"
        browser.switch_to.default_content()
    assert browser.title == "notebook"
    assert browser.get_log("browser") == []


@pytest.mark.browser
def test_in_a_browser_trees_are_those_of_notebooks(browser: Any, tmp_path: Path) -> None:
    """Arcs, roots, labels and words of the same kinds in the same places, within the pixel that data are rounded to."""
    words = ["The", "keys", "are", "here", "now", "."]
    gold, recovered = [1, 3, 3, -1, 3, 3], [1, 2, -1, 2, 3, 2]
    relations = ["det", "nsubj", "cop", "root", "advmod", "punct"]
    scored = [word != "." for word in words]
    sentence = {"words": words, "heads": gold, "relations": relations, "scored": scored,
                "edges": [[head, word] for word, head in enumerate(gold) if head >= 0 and scored[word]]}  # fmt: skip
    view = {"checkpoint": "bert", "treebank": "toy", "layers": [0], "best": 0, "recovered": [[recovered]]}
    picker = tree_picker({"treebanks": {"toy": {"sentences": [sentence]}}, "views": [view]})
    (tmp_path / "trees.html").write_text(picker.page, encoding="utf-8")
    browser.get((tmp_path / "trees.html").as_uri())
    shown = browser.execute_script(
        "return [...document.querySelectorAll('#tree g')].map((one) => [one.getAttribute('class'),"
        "one.querySelector('path').getAttribute('d'), one.querySelector('title').textContent])"
    )
    drawing = comparison_svg(words, gold, recovered, relations=relations, scored=scored)
    expected = re.findall('<path class="([a-z ]+)" style="[^"]*" d="([^"]+)"', drawing)
    assert [kind for kind, _, _ in shown] == [kind for kind, _ in expected]
    for (_, line, _), (_, other) in zip(shown, expected, strict=True):
        foot, expected_foot = (re.findall(r"[\d.]+", path) for path in (line, other))
        assert float(foot[0]) == pytest.approx(float(expected_foot[0]), abs=0.6)
        assert float(foot[-1]) == pytest.approx(float(expected_foot[-1]), abs=0.6)
    texts = browser.execute_script("return [...document.querySelectorAll('#tree text')].map((one) => one.textContent)")
    legend = {text for text in re.findall(">([^<]+)</text>", drawing) if text[0].isdigit()}
    assert sorted(texts) == sorted(set(re.findall(">([^<]+)</text>", drawing)) - legend)
    assert "gold: keys → The (det): correct" in [hover for _, _, hover in shown]
    assert browser.get_log("browser") == []
