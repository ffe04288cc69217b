"""The rows of a growing tree: what is set off, and that the figure has space for it."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from tests.parsing.trees.test_word_by_word import READ, WORDS
from tests.reporting.artists import arcs_of
from treeprobe.reporting import bare_figure, trees_word_by_word, word_by_word_size
from treeprobe.reporting.style.palette import CHANGES


def drawn(trees: tuple[list[int], ...]) -> tuple[list[str], list[str], list[str]]:
    """The kinds of arcs, by their colours, the bold words, and the notes."""
    figure, ax = bare_figure(word_by_word_size(WORDS, trees))
    assert trees_word_by_word(WORDS, trees, ax) is ax
    figure.canvas.draw()
    names = {to_hex(style.color): kind for kind, style in CHANGES.items()}
    kinds = [names[to_hex(arc.get_edgecolor())] for arc in arcs_of(ax)]
    bold = [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]
    notes = [text.get_text() for text in ax.texts if text.get_gid() != "word"]
    return kinds, bold, notes


def test_each_row_sets_off_what_its_word_changes() -> None:
    kinds, bold, notes = drawn(READ)
    assert bold == list(WORDS[1:])
    assert kinds.count("new") == 1 + 1 + 1 + 1 + 3 + 1
    assert kinds.count("dropped") == 2
    assert kinds.count("kept") == 0 + 1 + 2 + 3 + 2 + 5
    assert notes == ["2 dropped"]


def test_edges_among_earlier_words_that_come_late_are_revised() -> None:
    late = (*READ[:6], [1, 6, 1, 2, 5, 3, -1])  # past goes back to raced, barn to past
    kinds, _, notes = drawn(late)
    assert kinds.count("revised") == 1
    assert kinds.count("dropped") == 2 + 1
    assert notes == ["2 dropped", "1 dropped"]


def test_nothing_is_drawn_outside_the_figure() -> None:
    figure, ax = bare_figure(word_by_word_size(WORDS, READ))
    trees_word_by_word(WORDS, READ, ax)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts] + [arc.get_window_extent() for arc in arcs_of(ax)]
    assert min(box.y0 for box in boxes) >= 0
    assert max(box.y1 for box in boxes) <= figure.bbox.height
    assert max(box.x1 for box in boxes) <= figure.bbox.width + 1


def test_a_long_sentence_fits_the_page() -> None:
    words = [f"word{number}" for number in range(30)]
    chain = [[place - 1 for place in range(count)] for count in range(1, 31)]
    width, height = word_by_word_size(words, chain, max_width=7.2)
    assert width <= 7.2
    assert np.isfinite(height)


def test_trees_of_another_number_are_refused() -> None:
    _figure, ax = bare_figure((4, 4))
    with pytest.raises(ValueError, match="expected one for each prefix"):
        trees_word_by_word(WORDS, READ[:3], ax)
