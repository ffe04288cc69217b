"""Trees as SVG, TikZ, displaCy's JSON, networkx and plain text: what each must hold, hostile words included."""

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parsing.toys import random_heads, sentence, trees
from treeprobe.parsing import Comparison, Sentence
from treeprobe.parsing.drawing import comparison_svg, to_displacy, to_text, to_tikz, tree_svg
from treeprobe.parsing.drawing.svg import STYLES

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = ["<script>alert(1)</script>", "&amp;", '"', "]]>", "\\input{x}", "100%", "#_$^~{}"]
CHEF = sentence([1, 4, 1, 2, -1], relations=["det", "nsubj", "acl:relcl", "obl", "root"])


def drawn(svg: str) -> tuple[list[str], dict[str, list[ElementTree.Element]]]:
    """The texts of an image and its arcs by class."""
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "g", "path", "text", "title", "style"}
    arcs: dict[str, list[ElementTree.Element]] = {}
    for path in root.iter(f"{SVG}path"):
        if "class" in path.attrib:
            arcs.setdefault(path.attrib["class"], []).append(path)
    return [element.text or "" for element in root.iter(f"{SVG}text")], arcs


@given(trees())
def test_a_drawn_tree_has_its_words_labels_and_arcs(heads: list[int]) -> None:
    one = sentence(heads, relations=["root" if head < 0 else f"r{word}" for word, head in enumerate(heads)])
    texts, arcs = drawn(one._repr_svg_())
    labels = one.relations if len(heads) > 1 else ()  # a root alone says nothing
    assert sorted(texts) == sorted([*one.words, *labels])
    assert len(arcs.get("tree", [])) == len(heads) - 1
    assert len(arcs["root tree"]) == 1


@given(trees(2), st.integers(0, 10**6))
def test_a_comparison_tells_correct_missed_and_spurious_edges_apart(heads: list[int], seed: int) -> None:
    gold, recovered = sentence(heads), sentence(random_heads(len(heads), seed))
    expected, found = ({frozenset(edge) for edge in one.edges.tolist()} for one in (gold, recovered))
    texts, arcs = drawn(Comparison(gold, recovered)._repr_svg_())
    counts = {name: len(paths) for name, paths in arcs.items()}
    assert counts.get("correct", 0) == 2 * len(expected & found)
    assert counts.get("missed", 0) == len(expected - found)
    assert counts.get("spurious", 0) == len(found - expected)
    legend = [
        f"{len(edges)} {kind}"
        for kind, edges in (("correct", expected & found), ("missed", expected - found), ("spurious", found - expected))
        if edges
    ]
    assert {*legend, "gold", "recovered"} <= set(texts)
    same = gold.heads.index(-1) == recovered.heads.index(-1)
    assert counts["root correct"] == 2 if same else (counts["root missed"], counts["root spurious"]) == (1, 1)


def test_gold_arcs_lie_above_the_words_and_recovered_ones_below() -> None:
    svg = comparison_svg(["a", "b", "c"], [-1, 0, 1], [-1, 0, 0])
    root = ElementTree.fromstring(svg)
    line = next(float(text.attrib["y"]) for text in root.iter(f"{SVG}text") if text.text == "b")
    _, arcs = drawn(svg)
    heights = {
        name: [float(re.findall(r"L[\d.]+ ([\d.]+)$", p.attrib["d"])[-1]) for p in ps] for name, ps in arcs.items()
    }
    assert max(heights["missed"]) < line < min(heights["spurious"])
    assert min(heights["correct"]) < line < max(heights["correct"])


def test_kinds_of_edges_differ_in_colour_and_in_dashes() -> None:
    kinds = ("correct", "missed", "spurious")
    assert len({re.search(r"stroke:(#\w+)", STYLES[kind]).group(1) for kind in kinds}) == 3  # type: ignore[union-attr]
    dashes = [re.search(r"dasharray:([\d. ]+)", STYLES[kind]) for kind in kinds]
    assert len({found.group(1) if found else "solid" for found in dashes}) == 3


def test_words_that_are_not_scored_are_drawn_apart() -> None:
    svg = comparison_svg(["a", "b", "."], [-1, 0, 0], [-1, 0, 1], scored=[True, True, False])
    _, arcs = drawn(svg)
    assert {name: len(paths) for name, paths in arcs.items()} == {
        "correct": 2,
        "unscored": 2,
        "root correct": 2,
    }


def test_hostile_words_stay_words_everywhere() -> None:
    heads = list(range(-1, len(HOSTILE) - 1))
    texts, _ = drawn(tree_svg(HOSTILE, heads, HOSTILE))
    assert set(HOSTILE) <= set(texts)
    drawn(comparison_svg(HOSTILE, heads, heads, relations=HOSTILE))
    assert "<script" not in tree_svg(HOSTILE, heads, HOSTILE)
    tikz = to_tikz(HOSTILE, heads, HOSTILE)
    assert "\\input" not in tikz
    assert r"100\%" in tikz
    assert r"\#\_\$\textasciicircum{}\textasciitilde{}\{\}" in tikz


@given(st.text(min_size=1, max_size=20))
def test_any_text_at_all_can_be_drawn(word: str) -> None:
    drawn(tree_svg([word, word], [-1, 0], [word, word]))


def test_right_to_left_words_run_from_the_right() -> None:
    for words, leftward in (
        (["كتاب", "كبير", "."], True),
        (["big", "book", "."], False),
        (["我", "喜欢", "。"], False),
    ):
        root = ElementTree.fromstring(tree_svg(words, [-1, 0, 0]))
        places = [float(text.attrib["x"]) for text in root.iter(f"{SVG}text")]
        assert places == sorted(places, reverse=leftward)
        assert float(root.attrib["width"]) > max(places) > min(places) > 0


def test_an_arrow_from_above_marks_the_root_and_punctuation_is_grey() -> None:
    one = sentence([1, -1, 1], relations=["nsubj", "root", "punct"])
    root = ElementTree.fromstring(one._repr_svg_())
    places = {text.text: float(text.get("x", "nan")) for text in root.iter(f"{SVG}text")}
    _, arcs = drawn(one._repr_svg_())
    assert {name: len(paths) for name, paths in arcs.items()} == {"tree": 1, "root tree": 1, "unscored": 1}
    start, end = re.findall(r"[ML]([\d.]+) ([\d.]+)", arcs["root tree"][0].attrib["d"])
    assert start[0] == end[0]
    assert float(start[1]) < float(end[1])
    assert abs(float(end[0]) - places["word1"]) < 20
    assert all(float(start[1]) < float(text.get("y", "nan")) for text in root.iter(f"{SVG}text") if text.text != "root")


def test_no_word_one_word_and_long_sentences_can_be_drawn() -> None:
    assert not drawn(tree_svg([], []))[0]
    assert drawn(tree_svg(["one"], [-1]))[0] == ["one"]
    long = sentence(random_heads(40, 0))
    texts, arcs = drawn(long._repr_svg_())
    assert (len(texts), len(arcs["tree"])) == (40, 39)


def test_sentences_and_comparisons_show_themselves_in_a_notebook() -> None:
    for shown in (CHEF, Comparison(CHEF, CHEF)):
        assert shown._repr_svg_() in shown._repr_html_()
        drawn(shown._repr_svg_())


def test_a_mask_of_an_array_shows_itself_as_python_writes_it() -> None:
    masked = Comparison(sentence([-1, 0]), sentence([-1, 0]), scored=tuple(np.array([True, False])))
    assert masked.scored == (True, False)
    assert "scored=(True, False)" in repr(masked)


def test_sentences_of_other_words_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match=r"the gold sentence has 2 words .* the recovered one 3 .*same words"):
        Comparison(sentence([-1, 0]), sentence([-1, 0, 1]))
    with pytest.raises(ValueError, match="scored has 1 entries for 2 words; expected one a word"):
        Comparison(sentence([-1, 0]), sentence([-1, 0]), scored=(True,))


def test_tikz_names_every_word_and_edge() -> None:
    tikz = to_tikz(CHEF.words, CHEF.heads, CHEF.relations)
    assert r"word0 \& word1 \& word2 \& word3 \& word4 \\" in tikz
    assert re.findall(r"\\depedge\{(\d+)\}\{(\d+)\}\{([^}]*)\}", tikz) == [
        ("2", "1", "det"),
        ("5", "2", "nsubj"),
        ("2", "3", "acl:relcl"),
        ("3", "4", "obl"),
    ]
    assert r"\deproot{5}{root}" in tikz
    assert tikz.count(r"\begin") == tikz.count(r"\end") == 2


@given(trees())
def test_displacy_holds_the_tree_and_is_json(heads: list[int]) -> None:
    one = sentence(heads)
    parsed = json.loads(json.dumps(to_displacy(one.words, one.heads, one.relations, one.upos)))
    assert [word["text"] for word in parsed["words"]] == list(one.words)
    found = [-1] * len(heads)
    for arc in parsed["arcs"]:
        assert arc["start"] < arc["end"]
        head, dependent = (arc["end"], arc["start"]) if arc["dir"] == "left" else (arc["start"], arc["end"])
        found[dependent] = head
    assert found == heads


@given(trees())
def test_the_graph_is_the_tree(heads: list[int]) -> None:
    graph = sentence(heads).graph
    assert nx.is_arborescence(graph)
    assert set(graph.edges) == {(head, word) for word, head in enumerate(heads) if head >= 0}
    assert [graph.nodes[word]["word"] for word in range(len(heads))] == list(sentence(heads).words)


def test_text_for_terminals() -> None:
    assert to_text(CHEF.words, CHEF.heads, CHEF.relations).splitlines()[0].endswith("word4  (root)")
    assert len(CHEF.to_text().splitlines()) == 5
    wrong = replace(CHEF, heads=(1, 4, 4, 2, -1))
    lines = Comparison(CHEF, wrong).to_text().splitlines()
    assert lines == [
        "  word0  ← word1",
        "  word1  ← word4",
        "x word2  ← word1, recovered ← word4",
        "  word3  ← word2",
        "  word4  ← (root)",
    ]
    lines = Comparison(CHEF, wrong, scored=(True, True, False, True, True)).to_text().splitlines()
    assert [line[0] for line in lines] == [" ", " ", "·", "·", " "]


def test_every_sentence_shows_its_relations_unless_they_say_nothing() -> None:
    plain: Sentence = sentence([-1, 0])
    assert "dep" not in drawn(plain._repr_svg_())[0]
    assert "nsubj" in drawn(CHEF._repr_svg_())[0]
