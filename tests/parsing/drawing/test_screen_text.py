"""The side from which words are read."""

import pytest

from treeprobe.parsing.drawing.screen_text import reading_direction


@pytest.mark.parametrize(
    ("words", "direction"),
    [
        (("The", "cat", "."), "left-to-right"),
        (("القط", "نائم", "."), "right-to-left"),
        (("הוא", "קנה", "iPhone"), "right-to-left"),
        (("1984", "."), "left-to-right"),
        (("猫", "が"), "left-to-right"),
    ],
)
def test_reading_direction(words: tuple[str, ...], direction: str) -> None:
    assert reading_direction(words) == direction
