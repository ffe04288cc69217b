"""Text on screens, in the reader's own fonts: its direction, its approximate width, and what XML allows."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

ReadingDirection = Literal["left-to-right", "right-to-left"]


def reading_direction(words: Sequence[str]) -> ReadingDirection:
    """The direction of most words, each by its first strong character (Unicode's bidirectional algorithm, P2)."""
    classes = [[unicodedata.bidirectional(character) for character in word] for word in words]
    strong = [next((kind for kind in word if kind in {"L", "R", "AL"}), "") for word in classes]
    leftward = sum(kind in {"R", "AL"} for kind in strong)
    return "right-to-left" if leftward > strong.count("L") else "left-to-right"


def screen_width(text: str, size: float) -> float:
    """Approximate width of a text in pixels: 1 em for wide East Asian characters, 0.58 em for others."""
    ems = [
        1.0 if unicodedata.east_asian_width(character) in "WF" else 0.0 if unicodedata.combining(character) else 0.58
        for character in text
    ]
    return max(size * 0.6, size * sum(ems))


def printable(text: str) -> str:
    """The text with U+FFFD for every character that XML forbids even when escaped."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
