"""Attention as SVG, in which no word can be markup."""

import re
from xml.etree import ElementTree

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from treeprobe.reporting import attention_svg

SVG = "{http://www.w3.org/2000/svg}"


# Surrogates cannot be written to any file as UTF-8; every other character may stand in a treebank.
hostile = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), min_size=1, max_size=5)


@given(hostile)
def test_svg_is_well_formed_and_shows_the_words_whatever_they_are(words: list[str]) -> None:
    count = len(words)
    with np.errstate(all="ignore"):
        drawing = attention_svg(words, np.full((count, count), 1 / count))
    root = ElementTree.fromstring(drawing)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "style", "g", "text", "line"}
    shown = [element.text for element in root.iter(f"{SVG}text")]
    # What XML forbids is shown as replaced; it reads every kind of line break as one.
    allowed = [re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", word) for word in words]
    expected = [word.replace("\r\n", "\n").replace("\r", "\n") for word in allowed]
    assert sorted(shown) == sorted(expected * 2)


def test_svg_fetches_nothing_and_runs_nothing() -> None:
    words = ("<script>alert(1)</script>", '" onload="x', "]]>", "&lt;")
    drawing = attention_svg(words, np.full((4, 4), 0.25), marked=[(0, 1)], title="</title><script>")
    assert "<script" not in drawing
    assert set(re.findall(r"https?://[^\"' )]+", drawing)) == {"http://www.w3.org/2000/svg"}
    root = ElementTree.fromstring(drawing)
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
    assert len(list(root.iter(f"{SVG}line"))) == 16
    assert len([line for line in root.iter(f"{SVG}line") if line.get("class") == "marked"]) == 1


def test_a_file_has_colours_for_dark_pages_and_a_drawing_within_a_page_takes_the_pages_own() -> None:
    drawing = attention_svg(["a", "b"], np.eye(2))
    dark = re.search(r"@media\(prefers-color-scheme:dark\)\{svg:root\{color:(#\w+);background:(#\w+)\}\}", drawing)
    assert dark is not None
    ink, page = (sum(bytes.fromhex(color[1:])) for color in dark.groups())
    assert ink - page > 500
    assert "fill: currentColor" in drawing
    # Rules for files alone: a drawing within a page is not its root.
    assert set(re.findall(r"([\w:.-]+)\s*\{\s*color", drawing)) == {"svg:root"}
