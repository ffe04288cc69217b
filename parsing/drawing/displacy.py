"""A tree as the JSON that spaCy's displaCy draws (`displacy.render(parsed, style="dep", manual=True)`)."""

from collections.abc import Sequence
from typing import Any


def to_displacy(
    words: Sequence[str], heads: Sequence[int], relations: Sequence[str], tags: Sequence[str]
) -> dict[str, Any]:
    """Input of `displacy.render`: words with tags, and one arc for every word but the root.

    Args:
        words: The words.
        heads: The head of each word, words counted from 0; -1 for the root.
        relations: The relation of each word to its head.
        tags: The tag shown below each word.
    """
    return {
        "words": [{"text": word, "tag": tag} for word, tag in zip(words, tags, strict=True)],
        "arcs": [
            {
                "start": min(head, index),
                "end": max(head, index),
                "label": relations[index],
                "dir": "left" if index < head else "right",
            }
            for index, head in enumerate(heads)
            if head >= 0
        ],
    }
